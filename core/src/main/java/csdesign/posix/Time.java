// SPDX-License-Identifier: MIT
package csdesign.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// `<time.h>`: clocks of the processor time that a thread or a process has used.
public final class Time {
    /// The clock that runs while the calling thread does, in user or kernel mode. It is
    /// exact where getrusage may only have counted ticks.
    public static final int CLOCK_THREAD_CPUTIME_ID = 3;

    /// Size of a `struct timespec` in bytes: seconds, then nanoseconds, each a `long`.
    public static final int TIMESPEC_BYTES = 16;

    private static final class ClockGetcpuclockid {
        static final MethodHandle CALL = Native.link("clock_getcpuclockid", JAVA_INT, JAVA_INT,
                ADDRESS);
    }

    private static final class ClockGettime {
        static final MethodHandle CALL = Native.link("clock_gettime", JAVA_INT, JAVA_INT, ADDRESS);
    }

    private Time() {}

    /// Finds the clock that runs while any thread of a process does.
    ///
    /// @param errno where the call leaves its errno
    /// @param pid a process
    /// @param clockid receives an `int`
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man3/clock_getcpuclockid.3.html">clock_getcpuclockid(3)</a>
    public static int clock_getcpuclockid(Errno errno, int pid, MemorySegment clockid) {
        try {
            return -((int) ClockGetcpuclockid.CALL.invokeExact(errno.captured, pid, clockid));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Reads a clock.
    ///
    /// @param errno where the call leaves its errno
    /// @param clockid the clock
    /// @param tp receives a `struct timespec`
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/clock_gettime.2.html">clock_gettime(2)</a>
    public static int clock_gettime(Errno errno, int clockid, MemorySegment tp) {
        try {
            return errno.join((int) ClockGettime.CALL.invokeExact(errno.captured, clockid, tp));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }
}
