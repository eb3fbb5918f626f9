// SPDX-License-Identifier: MIT
package csdesign.kit;

import static csdesign.posix.Errno.check;

import csdesign.posix.Errno;
import csdesign.posix.Fcntl;
import csdesign.posix.Unistd;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// A pipe between a process and all that it forks, which nobody ever reads: readable is
/// the wish to stop, and a hang-up is the parent's end, however it ended, even by
/// `kill -9`. One poll entry in the child, and no signal.
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

    /// A child's first act: the hang-up comes only when no copy of the other end is open.
    public void letGo() {
        Unistd.close(errno, writing);
        writing = -1;
    }

    /// Tells all children, those not yet forked too, that they shall stop.
    public void tell() {
        Unistd.write(errno, writing, word, 1);
    }

    @Override
    public void close() {
        Unistd.close(errno, reading);
        if (writing >= 0) {
            Unistd.close(errno, writing);
        }
        arena.close();
    }
}
