// SPDX-License-Identifier: MIT
package csdesign.posix;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.invoke.MethodHandle;

/// `<sys/pidfd.h>`: a process as a descriptor.
///
/// The header and its wrapper came with glibc 2.36; the system call is older (Linux 5.3),
/// so it is made by its number, which is the same on every architecture.
public final class SysPidfd {
    private static final int SYS_PIDFD_OPEN = 434;
    private static final int SYS_PIDFD_GETFD = 438;

    private static final class Syscall {
        static final MethodHandle CALL = Native.linkVariadic("syscall", 1, JAVA_LONG, JAVA_LONG,
                JAVA_INT, JAVA_INT);
    }

    private static final class SyscallOfThree {
        static final MethodHandle CALL = Native.linkVariadic("syscall", 1, JAVA_LONG, JAVA_LONG,
                JAVA_INT, JAVA_INT, JAVA_INT);
    }

    private SysPidfd() {}

    /// Makes a descriptor, close-on-exec, that is readable once a process has ended.
    ///
    /// @param errno where the call leaves its errno
    /// @param pid a child that was not waited for: else the number may be another's
    /// @param flags 0
    /// @return its descriptor, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/pidfd_open.2.html">pidfd_open(2)</a>
    public static int pidfd_open(Errno errno, int pid, int flags) {
        try {
            return (int) errno.join((long) Syscall.CALL.invokeExact(
                    errno.captured, (long) SYS_PIDFD_OPEN, pid, flags));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Makes a copy, close-on-exec, of a descriptor of another process: what either does
    /// to the socket or file behind it, both see. Linux 5.6.
    ///
    /// @param errno where the call leaves its errno
    /// @param pidfd of the other process
    /// @param targetFd its descriptor
    /// @param flags 0
    /// @return the copy, or a negative errno: EPERM where ptrace(2) would not be allowed
    ///     either
    /// @see <a href="https://man7.org/linux/man-pages/man2/pidfd_getfd.2.html">pidfd_getfd(2)</a>
    public static int pidfd_getfd(Errno errno, int pidfd, int targetFd, int flags) {
        try {
            return (int) errno.join((long) SyscallOfThree.CALL.invokeExact(
                    errno.captured, (long) SYS_PIDFD_GETFD, pidfd, targetFd, flags));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }
}
