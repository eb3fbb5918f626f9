// SPDX-License-Identifier: MIT
package csdesign.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// `<unistd.h>`: read, write, close, pipe.
public final class Unistd {
    private static final MethodHandle READ = Native.link("read", JAVA_LONG, JAVA_INT, ADDRESS,
            JAVA_LONG);
    private static final MethodHandle WRITE = Native.link("write", JAVA_LONG, JAVA_INT, ADDRESS,
            JAVA_LONG);
    private static final MethodHandle CLOSE = Native.link("close", JAVA_INT, JAVA_INT);
    private static final MethodHandle PIPE2 = Native.link("pipe2", JAVA_INT, ADDRESS, JAVA_INT);

    private Unistd() {}

    /// Reads what is there; 0 is the end of the stream.
    ///
    /// @param errno where the call leaves its errno
    /// @param fd the descriptor
    /// @param buf off-heap memory of at least `count` bytes
    /// @param count how many bytes at most
    /// @return the number of bytes, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/read.2.html">read(2)</a>
    public static long read(Errno errno, int fd, MemorySegment buf, long count) {
        try {
            return errno.join((long) READ.invokeExact(errno.captured, fd, buf, count));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Writes, perhaps less than asked. To a socket whose peer is gone it raises SIGPIPE,
    /// which HotSpot handles: a JVM sees EPIPE. Where that must not depend on the JVM,
    /// use [SysSocket#send].
    ///
    /// @param errno where the call leaves its errno
    /// @param fd the descriptor
    /// @param buf off-heap memory of at least `count` bytes
    /// @param count how many bytes at most
    /// @return the number of bytes, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/write.2.html">write(2)</a>
    public static long write(Errno errno, int fd, MemorySegment buf, long count) {
        try {
            return errno.join((long) WRITE.invokeExact(errno.captured, fd, buf, count));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Gives the descriptor back. Never repeat it after EINTR: on Linux the descriptor is
    /// gone by then, and may already be another's.
    ///
    /// @param errno where the call leaves its errno
    /// @param fd the descriptor
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/close.2.html">close(2)</a>
    public static int close(Errno errno, int fd) {
        try {
            return errno.join((int) CLOSE.invokeExact(errno.captured, fd));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Makes a pipe.
    ///
    /// @param errno where the call leaves its errno
    /// @param fds two ints: receives the read end, then the write end
    /// @param flags [Fcntl#O_NONBLOCK], [Fcntl#O_CLOEXEC]
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/pipe.2.html">pipe(2)</a>
    public static int pipe2(Errno errno, MemorySegment fds, int flags) {
        try {
            return errno.join((int) PIPE2.invokeExact(errno.captured, fds, flags));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }
}
