// SPDX-License-Identifier: MIT
package csdesign.posix;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.invoke.MethodHandle;

/// `<sys/eventfd.h>`: a counter with a descriptor, the cheapest way to wake a loop that
/// waits.
public final class SysEventfd {
    /// Answer EAGAIN where the call would block.
    public static final int EFD_NONBLOCK = 0x800;

    /// Close on execve.
    public static final int EFD_CLOEXEC = 0x80000;

    private static final class Eventfd {
        static final MethodHandle CALL = Native.link("eventfd", JAVA_INT, JAVA_INT, JAVA_INT);
    }

    private SysEventfd() {}

    /// Makes a counter. Writing eight bytes adds to it; reading eight takes all of it.
    ///
    /// @param errno where the call leaves its errno
    /// @param initval its first value
    /// @param flags [#EFD_NONBLOCK], [#EFD_CLOEXEC]
    /// @return its descriptor, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/eventfd.2.html">eventfd(2)</a>
    public static int eventfd(Errno errno, int initval, int flags) {
        try {
            return errno.join((int) Eventfd.CALL.invokeExact(errno.captured, initval, flags));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }
}
