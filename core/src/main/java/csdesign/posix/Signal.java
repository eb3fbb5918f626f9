// SPDX-License-Identifier: MIT
package csdesign.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.function.IntConsumer;

/// `<signal.h>`: sending signals, and saying what they do.
///
/// A Java method is not safe as a signal handler, because a signal can arrive at any
/// instruction. [#interruptBy] installs a C function that does nothing and is safe
/// anywhere. [#handle] installs a Java method; it may be used only for a signal that is
/// blocked everywhere except in chosen calls.
public final class Signal {
    /// The terminal is gone.
    public static final int SIGHUP = 1;

    /// Ctrl-C.
    public static final int SIGINT = 2;

    /// Ctrl-\\. HotSpot prints its threads; its default action ends the process.
    public static final int SIGQUIT = 3;

    /// Ends a process; cannot be handled.
    public static final int SIGKILL = 9;

    /// The signal of a write that no process can read any more. Its default action ends
    /// the process. HotSpot handles it, so in a JVM the write fails with EPIPE instead.
    public static final int SIGPIPE = 13;

    /// Asks a process to end.
    public static final int SIGTERM = 15;

    /// Lets a stopped process go on.
    public static final int SIGCONT = 18;

    /// Stops a process; cannot be handled.
    public static final int SIGSTOP = 19;

    /// A descriptor with [Fcntl#O_ASYNC] has something to tell. Its default action ends
    /// the process.
    public static final int SIGIO = 29;

    /// The default action, in the place of a handler.
    public static final int SIG_DFL = 0;

    /// Nothing happens and no call is interrupted, in the place of a handler.
    public static final int SIG_IGN = 1;

    /// Begin a call again that the signal interrupted, where Linux can: read, accept,
    /// waitpid, but never ppoll or pselect.
    public static final int SA_RESTART = 0x1000_0000;

    /// Size of a `struct sigaction` in bytes.
    public static final int SIGACTION_BYTES = 152;

    private static final int SA_MASK = 8;
    private static final int SA_FLAGS = 136;

    private static final class Kill {
        static final MethodHandle CALL = Native.link("kill", JAVA_INT, JAVA_INT, JAVA_INT);
    }

    private static final class Tgkill {
        static final MethodHandle CALL = Native.link("tgkill", JAVA_INT, JAVA_INT, JAVA_INT,
                JAVA_INT);
    }

    private static final class Sigaction {
        static final MethodHandle CALL = Native.link("sigaction", JAVA_INT, JAVA_INT, ADDRESS,
                ADDRESS);
    }

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
            return errno.join((int) Kill.CALL.invokeExact(errno.captured, pid, sig));
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
            return errno.join((int) Tgkill.CALL.invokeExact(errno.captured, tgid, tid, sig));
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
            return errno
                    .join((int) Sigaction.CALL.invokeExact(errno.captured, signum, act, oldact));
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
    /// @param signum a signal that is used for nothing else
    /// @return 0, or a negative errno
    public static int interruptBy(Errno errno, int signum) {
        return install(errno, signum, Native.address("abs"), 0, MemorySegment.NULL);
    }

    /// Ignores a signal, and drops one that is pending. What this process execs or spawns
    /// ignores it too, which a handler would not do.
    ///
    /// @param errno where the call leaves its errno
    /// @param signum a signal that the JVM does not use
    /// @return 0, or a negative errno: EINVAL for [#SIGKILL] and [#SIGSTOP]
    public static int ignore(Errno errno, int signum) {
        return install(errno, signum, MemorySegment.ofAddress(SIG_IGN), 0, MemorySegment.NULL);
    }

    /// Gives a signal its default action again, which for most of them ends the process.
    ///
    /// @param errno where the call leaves its errno
    /// @param signum a signal that the JVM does not use
    /// @return 0, or a negative errno: EINVAL for [#SIGKILL] and [#SIGSTOP]
    public static int restoreDefault(Errno errno, int signum) {
        return install(errno, signum, MemorySegment.ofAddress(SIG_DFL), 0, MemorySegment.NULL);
    }

    /// Lets a Java method handle a signal. **Only for a signal that is blocked in every
    /// thread of the JVM.** The JVM must be started with the signal blocked ([Spawn] with
    /// a mask, or `env --block-signal`). One thread lets the signal in, inside a call
    /// that can do so: [SysPoll#ppoll] or [SysSelect#pselect] with a mask that does not
    /// contain it. Inside that call the thread is in native state and the handler is an
    /// upcall like any other; when it has returned, the call answers EINTR. If the signal
    /// arrives anywhere else, in compiled code or in the collector, the JVM can crash.
    ///
    /// The handler must not throw: an exception that leaves an upcall ends the JVM. A
    /// [SysSignalfd] has no handler, so of these rules only the first holds for it.
    ///
    /// @param errno where the call leaves its errno; not the one that the handler uses
    /// @param signum a signal that the JVM does not use
    /// @param handler receives the number of the signal, on the thread that let it in
    /// @param flags 0 or [#SA_RESTART]
    /// @param mask a `sigset_t` of what else is blocked while the handler runs, or NULL
    /// @param arena must stay open as long as the handler is installed: the function that
    ///     a closed one held is no longer there, and the signal would jump to it
    /// @return 0, or a negative errno: EINVAL for [#SIGKILL] and [#SIGSTOP]
    /// @see <a href="https://man7.org/linux/man-pages/man2/sigaction.2.html">sigaction(2)</a>
    public static int handle(Errno errno, int signum, IntConsumer handler, int flags,
            MemorySegment mask, Arena arena) {
        return install(errno, signum, Native.upcall(handler, arena), flags, mask);
    }

    /// Lets a C function handle a signal, on whichever thread it arrives. A call that it
    /// interrupts is begun again, where Linux can.
    ///
    /// @param errno where the call leaves its errno
    /// @param signum the signal
    /// @param handler a function that calls only what signal-safety(7) names
    /// @return 0, or a negative errno: EINVAL for [#SIGKILL] and [#SIGSTOP]
    static int handleBy(Errno errno, int signum, MemorySegment handler) {
        return install(errno, signum, handler, SA_RESTART, MemorySegment.NULL);
    }

    /// Whether a signal is ignored: by this process, or by the one that started it.
    ///
    /// @param errno where the call leaves its errno
    /// @param signum the signal
    /// @return whether its action is [#SIG_IGN]
    public static boolean isIgnored(Errno errno, int signum) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment action = arena.allocate(SIGACTION_BYTES, 8);
            return sigaction(errno, signum, MemorySegment.NULL, action) == 0
                    && action.get(ADDRESS, 0).address() == SIG_IGN;
        }
    }

    private static int install(Errno errno, int signum, MemorySegment handler, int flags,
            MemorySegment mask) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment action = arena.allocate(SIGACTION_BYTES, 8);
            action.set(ADDRESS, 0, handler); // sa_handler
            if (!mask.equals(MemorySegment.NULL)) {
                MemorySegment.copy(mask, 0, action, SA_MASK, SysSignalfd.SIGSET_BYTES);
            }
            action.set(JAVA_INT, SA_FLAGS, flags);
            return sigaction(errno, signum, action, MemorySegment.NULL);
        }
    }
}
