// SPDX-License-Identifier: MIT
package csdesign.listen;

import static csdesign.posix.SysEventfd.EFD_CLOEXEC;
import static csdesign.posix.SysEventfd.EFD_NONBLOCK;

import csdesign.kit.Stop;
import csdesign.posix.Errno;
import csdesign.posix.Fcntl;
import csdesign.posix.SysEventfd;
import csdesign.posix.Unistd;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// A descriptor that becomes readable when the server is told to stop, so that a loop
/// that waits for descriptors notices the stop in the same call. It is an eventfd, or a
/// pipe where the kernel refuses an eventfd.
public final class StopDescriptor implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final Errno errno = Errno.allocate(arena);
    private final MemorySegment eight = arena.allocate(ValueLayout.JAVA_LONG);
    private final int fd;

    /// Where it is written to: the eventfd itself, or the other end of the pipe.
    private final int tellFd;

    private final Stop.Watching watching;
    private boolean closed;

    private StopDescriptor(Stop stop) throws IOException {
        int event = SysEventfd.eventfd(errno, 0, EFD_NONBLOCK | EFD_CLOEXEC);
        if (event >= 0) {
            fd = event;
            tellFd = event;
        } else {
            MemorySegment ends = arena.allocate(ValueLayout.JAVA_INT, 2);
            int made = Unistd.pipe2(errno, ends, Fcntl.O_NONBLOCK | Fcntl.O_CLOEXEC);
            if (made < 0) {
                arena.close();
                Errno.check(event, "eventfd");
            }
            fd = ends.getAtIndex(ValueLayout.JAVA_INT, 0);
            tellFd = ends.getAtIndex(ValueLayout.JAVA_INT, 1);
        }
        watching = stop.watch(this::tell);
    }

    /// A new descriptor for a stop.
    ///
    /// @param stop the stop
    /// @return readable from the stop on, until [#clear]
    /// @throws IOException when the process has no descriptor left
    public static StopDescriptor of(Stop stop) throws IOException {
        return new StopDescriptor(stop);
    }

    /// The descriptor to watch for reading.
    ///
    /// @return the descriptor
    public int fd() {
        return fd;
    }

    /// Takes the news, so that the descriptor is not readable until there is more.
    public void clear() {
        Unistd.read(errno, fd, eight, Long.BYTES);
    }

    /// On the thread of the signal, with an errno of its own.
    private synchronized void tell() {
        if (closed) {
            return; // the number may be another descriptor's by now
        }
        try (Arena own = Arena.ofConfined()) {
            MemorySegment one = own.allocateFrom(ValueLayout.JAVA_LONG, 1);
            Unistd.write(Errno.allocate(own), tellFd, one, Long.BYTES);
        }
    }

    @Override
    public synchronized void close() {
        watching.close();
        closed = true;
        Unistd.close(errno, fd);
        if (tellFd != fd) {
            Unistd.close(errno, tellFd);
        }
        arena.close();
    }
}
