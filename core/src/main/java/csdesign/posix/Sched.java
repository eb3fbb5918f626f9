// SPDX-License-Identifier: MIT
package csdesign.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// `<sched.h>`: which processors a thread may run on, and which network it
/// sees.
public final class Sched {
    /// Size of a `cpu_set_t` in bytes: 1,024 processors.
    public static final int CPU_SET_BYTES = 128;

    /// A network of its own: interfaces, addresses, routes, ports and sysctls.
    public static final int CLONE_NEWNET = 0x4000_0000;

    private static final class Unshare {
        static final MethodHandle CALL = Native.link("unshare", JAVA_INT, JAVA_INT);
    }

    private static final class SchedSetaffinity {
        static final MethodHandle CALL = Native.link("sched_setaffinity", JAVA_INT, JAVA_INT,
                JAVA_LONG, ADDRESS);
    }

    private static final class SchedGetaffinity {
        static final MethodHandle CALL = Native.link("sched_getaffinity", JAVA_INT, JAVA_INT,
                JAVA_LONG, ADDRESS);
    }

    private Sched() {}

    /// Gives the calling thread something of its own that it shared. A thread that it
    /// makes afterwards gets the same; the other threads of the JVM keep what they had,
    /// and so do sockets that are open already. There is no way back: let a platform
    /// thread end with it. A new network has a loopback interface that is down, see
    /// [SysIoctl].
    ///
    /// @param errno where the call leaves its errno
    /// @param flags [#CLONE_NEWNET]
    /// @return 0, or a negative errno: EPERM without CAP_SYS_ADMIN, ENOSPC where there
    ///     are too many already
    /// @see <a href="https://man7.org/linux/man-pages/man2/unshare.2.html">unshare(2)</a>
    /// @see <a href="https://man7.org/linux/man-pages/man7/network_namespaces.7.html">network_namespaces(7)</a>
    public static int unshare(Errno errno, int flags) {
        try {
            return errno.join((int) Unshare.CALL.invokeExact(errno.captured, flags));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Pins a thread. A thread or process that it makes afterwards inherits the mask.
    ///
    /// @param errno where the call leaves its errno
    /// @param pid a thread id; 0 is the caller
    /// @param cpusetsize [#CPU_SET_BYTES]
    /// @param mask one bit per processor
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/sched_setaffinity.2.html">sched_setaffinity(2)</a>
    public static int sched_setaffinity(Errno errno, int pid, long cpusetsize, MemorySegment mask) {
        try {
            return errno.join(
                    (int) SchedSetaffinity.CALL.invokeExact(errno.captured, pid, cpusetsize, mask));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Reads the mask.
    ///
    /// @param errno where the call leaves its errno
    /// @param pid a thread id; 0 is the caller
    /// @param cpusetsize [#CPU_SET_BYTES]
    /// @param mask receives one bit per processor
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/sched_getaffinity.2.html">sched_getaffinity(2)</a>
    public static int sched_getaffinity(Errno errno, int pid, long cpusetsize, MemorySegment mask) {
        try {
            return errno.join(
                    (int) SchedGetaffinity.CALL.invokeExact(errno.captured, pid, cpusetsize, mask));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }
}
