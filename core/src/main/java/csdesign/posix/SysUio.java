// SPDX-License-Identifier: MIT
package csdesign.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// `<sys/uio.h>`: one write of several buffers.
public final class SysUio {
    private static final class Writev {
        static final MethodHandle CALL = Native.link("writev", JAVA_LONG, JAVA_INT, ADDRESS,
                JAVA_INT);
    }

    private SysUio() {}

    /// Writes the buffers one after the other, perhaps less than all: then the caller
    /// finds the buffer to go on in. To a socket whose peer is gone it raises SIGPIPE as
    /// [Unistd#write] does.
    ///
    /// @param errno where the call leaves its errno
    /// @param fd the descriptor
    /// @param iov an array of `struct iovec`, [SysSocket#IOVEC_BYTES] each: address, then
    ///     length
    /// @param iovcnt how many, at most 1,024
    /// @return the number of bytes, or a negative errno: EINVAL for too many
    /// @see <a href="https://man7.org/linux/man-pages/man2/writev.2.html">writev(2)</a>
    public static long writev(Errno errno, int fd, MemorySegment iov, int iovcnt) {
        try {
            return errno.join((long) Writev.CALL.invokeExact(errno.captured, fd, iov, iovcnt));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }
}
