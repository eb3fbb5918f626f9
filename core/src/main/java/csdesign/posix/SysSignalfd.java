// SPDX-License-Identifier: MIT
package csdesign.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// `<sys/signalfd.h>`: signals read from a descriptor.
///
/// The signals must be blocked in every thread of the process. Otherwise the kernel
/// delivers them to a thread that does not block them. So a JVM that reads signals here
/// must be started with them blocked.
public final class SysSignalfd {
    /// Answer EAGAIN where the call would block.
    public static final int SFD_NONBLOCK = 0x800;

    /// Close on execve.
    public static final int SFD_CLOEXEC = 0x80000;

    /// Size of a `struct signalfd_siginfo` in bytes.
    public static final int SIGINFO_BYTES = 128;

    /// Size of a `sigset_t` in bytes.
    public static final int SIGSET_BYTES = 128;

    /// Add to the mask.
    public static final int SIG_BLOCK = 0;

    /// Take from the mask.
    public static final int SIG_UNBLOCK = 1;

    /// This is the mask.
    public static final int SIG_SETMASK = 2;

    /// For the user.
    public static final int SIGUSR1 = 10;

    /// For the user, but HotSpot may take it.
    public static final int SIGUSR2 = 12;

    /// A child ended.
    public static final int SIGCHLD = 17;

    private static final class Signalfd {
        static final MethodHandle CALL = Native.link("signalfd", JAVA_INT, JAVA_INT, ADDRESS,
                JAVA_INT);
    }

    private static final class Sigemptyset {
        static final MethodHandle CALL = Native.link("sigemptyset", JAVA_INT, ADDRESS);
    }

    private static final class Sigaddset {
        static final MethodHandle CALL = Native.link("sigaddset", JAVA_INT, ADDRESS, JAVA_INT);
    }

    private static final class Sigfillset {
        static final MethodHandle CALL = Native.link("sigfillset", JAVA_INT, ADDRESS);
    }

    private static final class Sigdelset {
        static final MethodHandle CALL = Native.link("sigdelset", JAVA_INT, ADDRESS, JAVA_INT);
    }

    private static final class Sigpending {
        static final MethodHandle CALL = Native.link("sigpending", JAVA_INT, ADDRESS);
    }

    private static final class PthreadSigmask {
        static final MethodHandle CALL = Native.link("pthread_sigmask", JAVA_INT, JAVA_INT, ADDRESS,
                ADDRESS);
    }

    private SysSignalfd() {}

    /// Makes a descriptor from which the signals in `mask` are read, or changes its mask.
    ///
    /// @param errno where the call leaves its errno
    /// @param fd -1 for a new one
    /// @param mask a `sigset_t`
    /// @param flags [#SFD_NONBLOCK], [#SFD_CLOEXEC]
    /// @return its descriptor, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/signalfd.2.html">signalfd(2)</a>
    public static int signalfd(Errno errno, int fd, MemorySegment mask, int flags) {
        try {
            return errno.join((int) Signalfd.CALL.invokeExact(errno.captured, fd, mask, flags));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Empties a set of signals.
    ///
    /// @param errno where the call leaves its errno
    /// @param set a `sigset_t`
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man3/sigemptyset.3.html">sigemptyset(3)</a>
    public static int sigemptyset(Errno errno, MemorySegment set) {
        try {
            return errno.join((int) Sigemptyset.CALL.invokeExact(errno.captured, set));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Puts a signal into a set.
    ///
    /// @param errno where the call leaves its errno
    /// @param set a `sigset_t`
    /// @param signum its number
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man3/sigaddset.3.html">sigaddset(3)</a>
    public static int sigaddset(Errno errno, MemorySegment set, int signum) {
        try {
            return errno.join((int) Sigaddset.CALL.invokeExact(errno.captured, set, signum));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Fills a set with all signals but the two that the C library keeps to itself.
    ///
    /// @param errno where the call leaves its errno
    /// @param set a `sigset_t`
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man3/sigfillset.3.html">sigfillset(3)</a>
    public static int sigfillset(Errno errno, MemorySegment set) {
        try {
            return errno.join((int) Sigfillset.CALL.invokeExact(errno.captured, set));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Takes a signal out of a set.
    ///
    /// @param errno where the call leaves its errno
    /// @param set a `sigset_t`
    /// @param signum its number
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man3/sigdelset.3.html">sigdelset(3)</a>
    public static int sigdelset(Errno errno, MemorySegment set, int signum) {
        try {
            return errno.join((int) Sigdelset.CALL.invokeExact(errno.captured, set, signum));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Reads which signals wait for this thread or this process, since they are blocked.
    ///
    /// @param errno where the call leaves its errno
    /// @param set receives a `sigset_t`
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/sigpending.2.html">sigpending(2)</a>
    public static int sigpending(Errno errno, MemorySegment set) {
        try {
            return errno.join((int) Sigpending.CALL.invokeExact(errno.captured, set));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Changes which signals this thread blocks. Answers the error number itself, not
    /// through errno.
    ///
    /// @param errno where the call leaves its errno
    /// @param how [#SIG_BLOCK], [#SIG_UNBLOCK] or [#SIG_SETMASK]
    /// @param set a `sigset_t`
    /// @param oldset receives the mask before, or NULL
    /// @return 0, or a positive error number
    /// @see <a href="https://man7.org/linux/man-pages/man3/pthread_sigmask.3.html">pthread_sigmask(3)</a>
    public static int pthread_sigmask(Errno errno, int how, MemorySegment set,
            MemorySegment oldset) {
        try {
            return errno
                    .join((int) PthreadSigmask.CALL.invokeExact(errno.captured, how, set, oldset));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }
}
