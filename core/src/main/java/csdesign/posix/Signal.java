// SPDX-License-Identifier: MIT
package csdesign.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// `<signal.h>`: sending signals, and one handler that is safe in a JVM.
///
/// A Java method must not run as a signal handler wherever the signal happens to arrive.
/// [#interruptBy] installs a C function that does nothing.
public final class Signal {
    /// Ctrl-C.
    public static final int SIGINT = 2;

    /// Ends a process; cannot be handled.
    public static final int SIGKILL = 9;

    /// Asks a process to end.
    public static final int SIGTERM = 15;

    /// Size of a `struct sigaction` in bytes.
    public static final int SIGACTION_BYTES = 152;

    private static final MethodHandle KILL = Native.link("kill", JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle TGKILL = Native.link("tgkill", JAVA_INT, JAVA_INT, JAVA_INT,
            JAVA_INT);
    private static final MethodHandle SIGACTION = Native.link("sigaction", JAVA_INT, JAVA_INT,
            ADDRESS, ADDRESS);

    private Signal() {}

    /// Sends a signal to a process.
    ///
    /// @param errno where the call leaves its errno
    /// @param pid the process
    /// @param sig the signal; 0 only asks whether it could be sent
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/kill.2.html">kill(2)</a>
    public static int kill(Errno errno, int pid, int sig) {
        try {
            return errno.join((int) KILL.invokeExact(errno.captured, pid, sig));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Sends a signal to one thread.
    ///
    /// @param errno where the call leaves its errno
    /// @param tgid the process
    /// @param tid the thread, see [Unistd#gettid]
    /// @param sig the signal
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/tgkill.2.html">tgkill(2)</a>
    public static int tgkill(Errno errno, int tgid, int tid, int sig) {
        try {
            return errno.join((int) TGKILL.invokeExact(errno.captured, tgid, tid, sig));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Says what a signal does.
    ///
    /// @param errno where the call leaves its errno
    /// @param signum the signal
    /// @param act a `struct sigaction`, or NULL
    /// @param oldact receives the one before, or NULL
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/sigaction.2.html">sigaction(2)</a>
    public static int sigaction(Errno errno, int signum, MemorySegment act, MemorySegment oldact) {
        try {
            return errno.join((int) SIGACTION.invokeExact(errno.captured, signum, act, oldact));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Lets a signal do nothing but end the call that its thread is blocked in, with
    /// EINTR.
    ///
    /// The handler is the C library's `abs`: it takes one `int` as a handler must, and
    /// has no effect. Without SA_RESTART the call is not begun again.
    ///
    /// @param errno where the call leaves its errno
    /// @param signum a signal that nobody else uses
    /// @return 0, or a negative errno
    public static int interruptBy(Errno errno, int signum) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment action = arena.allocate(SIGACTION_BYTES, 8);
            action.set(ADDRESS, 0, Native.address("abs")); // sa_handler; mask and flags stay 0
            return sigaction(errno, signum, action, MemorySegment.NULL);
        }
    }
}
