// SPDX-License-Identifier: MIT
package csdesign.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// `<sys/wait.h>`: how a child ended.
public final class SysWait {
    /// Do not wait.
    public static final int WNOHANG = 1;

    private static final class Waitpid {
        static final MethodHandle CALL = Native.link("waitpid", JAVA_INT, JAVA_INT, ADDRESS,
                JAVA_INT);
    }

    private SysWait() {}

    /// Waits for the end of a child and takes it out of the table of processes: until
    /// then it is a zombie.
    ///
    /// @param errno where the call leaves its errno
    /// @param pid a child, or -1 for any
    /// @param wstatus receives an `int` for [#describe], or NULL
    /// @param options 0 or [#WNOHANG]
    /// @return its process id; 0 when WNOHANG and none has ended; or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/waitpid.2.html">waitpid(2)</a>
    public static int waitpid(Errno errno, int pid, MemorySegment wstatus, int options) {
        try {
            return errno
                    .join((int) Waitpid.CALL.invokeExact(errno.captured, pid, wstatus, options));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// How a process ended, in words.
    ///
    /// @param wstatus from [#waitpid]
    /// @return `exit code 1` or `signal 9`
    public static String describe(int wstatus) {
        int signal = termSignal(wstatus);
        return signal == 0 ? "exit code " + exitStatus(wstatus) : "signal " + signal;
    }

    /// What a process gave to _exit: WEXITSTATUS. It means something only where
    /// [#termSignal] is 0.
    ///
    /// @param wstatus from [#waitpid]
    /// @return 0 to 255
    public static int exitStatus(int wstatus) {
        return wstatus >> 8 & 0xff;
    }

    /// The signal that ended a process: WTERMSIG.
    ///
    /// @param wstatus from [#waitpid]
    /// @return its number; 0 when the process ended by itself
    public static int termSignal(int wstatus) {
        return wstatus & 0x7f;
    }
}
