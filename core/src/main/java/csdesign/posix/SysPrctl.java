// SPDX-License-Identifier: MIT
package csdesign.posix;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.invoke.MethodHandle;

/// `<sys/prctl.h>`: what a process or thread asks of the kernel for itself.
public final class SysPrctl {
    /// Send me this signal when the thread that started me ends.
    public static final int PR_SET_PDEATHSIG = 1;

    /// Name this thread, in 15 bytes.
    public static final int PR_SET_NAME = 15;

    /// Read this thread's name into 16 bytes.
    public static final int PR_GET_NAME = 16;

    /// Give this thread a filter of system calls, for itself and all that it starts.
    public static final int PR_SET_SECCOMP = 22;

    /// Gain no privilege by execve any more: without a privilege, a condition of
    /// [#PR_SET_SECCOMP].
    public static final int PR_SET_NO_NEW_PRIVS = 38;

    private static final class Prctl {
        static final MethodHandle CALL = Native.linkVariadic("prctl", 1, JAVA_INT, JAVA_INT,
                JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    }

    private SysPrctl() {}

    /// Does one of many small things.
    ///
    /// @param errno where the call leaves its errno
    /// @param op [#PR_SET_NAME] and others
    /// @param arg2 as `op` asks; an address where it asks for a pointer
    /// @param arg3 as `op` asks
    /// @param arg4 as `op` asks
    /// @param arg5 as `op` asks
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/prctl.2.html">prctl(2)</a>
    public static int prctl(Errno errno, int op, long arg2, long arg3, long arg4, long arg5) {
        try {
            return errno
                    .join((int) Prctl.CALL.invokeExact(errno.captured, op, arg2, arg3, arg4, arg5));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }
}
