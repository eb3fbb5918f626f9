// SPDX-License-Identifier: MIT
package csdesign.spawn;

import static csdesign.posix.Errno.check;

import csdesign.posix.Errno;
import csdesign.posix.Fcntl;
import csdesign.posix.Unistd;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// A pipe between a process and its children, by which the children notice the stop, and
/// the end of their parent, even by `kill -9`.
///
/// - A child that was forked watches the pipe: when it is readable the child must stop,
///   and a hang-up means that the parent has ended. This takes one poll entry and no
///   signal.
/// - A child that was spawned waits in read(2) for the end of the pipe, which means stop.
public final class Lifeline implements AutoCloseable {
    private final Arena arena = Arena.ofConfined();
    private final Errno errno = Errno.allocate(arena);
    private final MemorySegment word = arena.allocate(1);
    private final int reading;
    private int writing;

    /// A new one, held by the parent.
    ///
    /// @throws IOException when the process has no descriptor left
    public Lifeline() throws IOException {
        MemorySegment ends = arena.allocate(ValueLayout.JAVA_INT, 2);
        check(Unistd.pipe2(errno, ends, Fcntl.O_CLOEXEC | Fcntl.O_NONBLOCK), "pipe2");
        reading = ends.getAtIndex(ValueLayout.JAVA_INT, 0);
        writing = ends.getAtIndex(ValueLayout.JAVA_INT, 1);
    }

    /// The descriptor that a child watches.
    ///
    /// @return the reading end
    public int fd() {
        return reading;
    }

    /// Closes the other end in this process. A child that was forked does so first,
    /// because the hang-up comes only when no copy is open. When a parent does so, it
    /// tells the children that it has spawned to stop.
    public void letGo() {
        if (writing >= 0) {
            Unistd.close(errno, writing);
            writing = -1;
        }
    }

    /// Tells all that were forked, and those that will be, to stop.
    public void tell() {
        Unistd.write(errno, writing, word, 1);
    }

    @Override
    public void close() {
        Unistd.close(errno, reading);
        letGo();
        arena.close();
    }
}
