// SPDX-License-Identifier: MIT
package csdesign.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// `<sys/sendfile.h>`: from the page cache to a socket, with no copy through user space.
public final class SysSendfile {
    private static final class Sendfile {
        static final MethodHandle CALL = Native.link("sendfile", JAVA_LONG, JAVA_INT, JAVA_INT,
                ADDRESS, JAVA_LONG);
    }

    private SysSendfile() {}

    /// Sends a part of a file, perhaps less than asked.
    ///
    /// @param errno where the call leaves its errno
    /// @param outFd the socket
    /// @param inFd the file
    /// @param offset a `long`: where to begin; receives where it ended
    /// @param count how many bytes at most
    /// @return the number of bytes sent, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/sendfile.2.html">sendfile(2)</a>
    public static long sendfile(Errno errno, int outFd, int inFd, MemorySegment offset,
            long count) {
        try {
            return errno
                    .join((long) Sendfile.CALL.invokeExact(errno.captured, outFd, inFd, offset,
                            count));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }
}
