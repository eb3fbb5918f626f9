// SPDX-License-Identifier: MIT
package csdesign.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// `<sys/resource.h>`: what a process has cost so far, and what it may use.
public final class SysResource {
    /// All threads of this process, the ended ones too.
    public static final int RUSAGE_SELF = 0;

    /// All children that have ended and were waited for.
    public static final int RUSAGE_CHILDREN = -1;

    /// The calling thread.
    public static final int RUSAGE_THREAD = 1;

    /// The limit on descriptors: the highest one, plus 1.
    public static final int RLIMIT_NOFILE = 7;

    /// Size of a `struct rusage` in bytes.
    public static final int RUSAGE_BYTES = 144;

    /// Size of a `struct rlimit` in bytes: two longs, soft and hard.
    public static final int RLIMIT_BYTES = 16;

    /// Offset of the user CPU time, a `struct timeval`.
    public static final int RU_UTIME = 0;

    /// Offset of the system CPU time, a `struct timeval`.
    public static final int RU_STIME = 16;

    /// Offset of the peak resident set in KiB, a `long`.
    public static final int RU_MAXRSS = 32;

    /// Offset of the count of voluntary context switches, a `long`.
    public static final int RU_NVCSW = 128;

    /// Offset of the count of involuntary context switches, a `long`.
    public static final int RU_NIVCSW = 136;

    private static final class Getrusage {
        static final MethodHandle CALL = Native.link("getrusage", JAVA_INT, JAVA_INT, ADDRESS);
    }

    private static final class Getrlimit {
        static final MethodHandle CALL = Native.link("getrlimit", JAVA_INT, JAVA_INT, ADDRESS);
    }

    private static final class Setrlimit {
        static final MethodHandle CALL = Native.link("setrlimit", JAVA_INT, JAVA_INT, ADDRESS);
    }

    private SysResource() {}

    /// Reads the costs.
    ///
    /// @param errno where the call leaves its errno
    /// @param who [#RUSAGE_SELF] and others
    /// @param usage receives a `struct rusage`
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/getrusage.2.html">getrusage(2)</a>
    public static int getrusage(Errno errno, int who, MemorySegment usage) {
        try {
            return errno.join((int) Getrusage.CALL.invokeExact(errno.captured, who, usage));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Reads a limit.
    ///
    /// @param errno where the call leaves its errno
    /// @param resource [#RLIMIT_NOFILE]
    /// @param rlim receives a `struct rlimit`
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/getrlimit.2.html">getrlimit(2)</a>
    public static int getrlimit(Errno errno, int resource, MemorySegment rlim) {
        try {
            return errno.join((int) Getrlimit.CALL.invokeExact(errno.captured, resource, rlim));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Changes a limit, of the whole process and of what it starts afterwards. The soft
    /// one goes up to the hard one; the hard one can only be lowered without privilege.
    ///
    /// @param errno where the call leaves its errno
    /// @param resource [#RLIMIT_NOFILE]
    /// @param rlim a `struct rlimit`
    /// @return 0, or a negative errno: EINVAL for a soft limit above the hard one, EPERM
    ///     for a hard limit above what it was
    /// @see <a href="https://man7.org/linux/man-pages/man2/setrlimit.2.html">setrlimit(2)</a>
    public static int setrlimit(Errno errno, int resource, MemorySegment rlim) {
        try {
            return errno.join((int) Setrlimit.CALL.invokeExact(errno.captured, resource, rlim));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }
}
