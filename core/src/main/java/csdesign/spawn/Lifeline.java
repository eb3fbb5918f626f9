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

/// A pipe between a process and all that it has started, by which they hear of the stop
/// and of its end, however it ended, even by `kill -9`.
///
/// - Those that were forked only look at it: readable is the wish to stop, and a hang-up
///   the parent's end. One poll entry in the child, and no signal.
/// - Those that were spawned wait for its end in read(2), which is the wish to stop.
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

    /// Closes the other end here. For a child that was forked it is its first act: the
    /// hang-up comes only when no copy is open. For a parent that has spawned others it
    /// is the wish to stop.
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
