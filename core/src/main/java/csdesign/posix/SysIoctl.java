// SPDX-License-Identifier: MIT
package csdesign.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// `<sys/ioctl.h>`, with the requests of `<linux/sockios.h>` and the struct of
/// `<net/if.h>`: what a socket holds, and how a network interface is set up.
public final class SysIoctl {
    /// How many bytes can be read now, an `int`.
    public static final int FIONREAD = 0x541b;

    /// How many bytes of a TCP socket were sent or wait to be, and are not acknowledged,
    /// an `int`. The same number as TIOCOUTQ.
    public static final int SIOCOUTQ = 0x5411;

    /// Read the flags of an interface into a `struct ifreq` with its name.
    public static final int SIOCGIFFLAGS = 0x8913;

    /// Set the flags of an interface; needs CAP_NET_ADMIN.
    public static final int SIOCSIFFLAGS = 0x8914;

    /// Read the MTU of an interface in bytes.
    public static final int SIOCGIFMTU = 0x8921;

    /// Set the MTU of an interface in bytes; needs CAP_NET_ADMIN.
    public static final int SIOCSIFMTU = 0x8922;

    /// The interface is up.
    public static final int IFF_UP = 1;

    /// Size of a `struct ifreq` in bytes: the name with its closing NUL, then what is
    /// asked for.
    public static final int IFREQ_BYTES = 40;

    /// Offset of the flags, a `short`.
    public static final int IFR_FLAGS = 16;

    /// Offset of the MTU, an `int`.
    public static final int IFR_MTU = 16;

    private static final class Ioctl {
        static final MethodHandle CALL = Native.linkVariadic("ioctl", 2, JAVA_INT, JAVA_INT,
                JAVA_LONG, ADDRESS);
    }

    private SysIoctl() {}

    /// Asks a descriptor for what no other call does.
    ///
    /// @param errno where the call leaves its errno
    /// @param fd the descriptor; for an interface, any socket of its network namespace
    /// @param request [#FIONREAD] and others
    /// @param arg what the request reads or writes
    /// @return 0, or a negative errno: ENODEV where no interface has the name, EPERM,
    ///     ENOTTY (25) where the descriptor does not know the request
    /// @see <a href="https://man7.org/linux/man-pages/man2/ioctl.2.html">ioctl(2)</a>
    /// @see <a href="https://man7.org/linux/man-pages/man7/netdevice.7.html">netdevice(7)</a>
    public static int ioctl(Errno errno, int fd, long request, MemorySegment arg) {
        try {
            return errno.join((int) Ioctl.CALL.invokeExact(errno.captured, fd, request, arg));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }
}
