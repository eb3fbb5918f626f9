// SPDX-License-Identifier: MIT
package csdesign.evidence;

import static csdesign.posix.SysResource.RUSAGE_BYTES;
import static csdesign.posix.SysResource.RUSAGE_CHILDREN;
import static csdesign.posix.SysResource.RUSAGE_SELF;
import static csdesign.posix.SysResource.RUSAGE_THREAD;
import static csdesign.posix.SysResource.RU_MAXRSS;
import static csdesign.posix.SysResource.RU_NIVCSW;
import static csdesign.posix.SysResource.RU_NVCSW;
import static csdesign.posix.SysResource.RU_STIME;
import static csdesign.posix.SysResource.RU_UTIME;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import csdesign.posix.Arch;
import csdesign.posix.Errno;
import csdesign.posix.SysResource;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/// What a process or a thread has cost the system so far, by getrusage(2).
///
/// @param userMicros CPU time in user mode, in microseconds
/// @param systemMicros CPU time in the kernel, in microseconds
/// @param voluntarySwitches context switches because a thread waited
/// @param involuntarySwitches context switches because its time was up
/// @param peakRssKib the largest resident set, in KiB
/// @see <a href="https://man7.org/linux/man-pages/man2/getrusage.2.html">getrusage(2)</a>
public record ResourceUsage(
        long userMicros,
        long systemMicros,
        long voluntarySwitches,
        long involuntarySwitches,
        long peakRssKib) {
    /// Of nothing that was done.
    public static final ResourceUsage NONE = new ResourceUsage(0, 0, 0, 0, 0);

    /// Where this system does not tell, or must not be asked: all figures are -1.
    public static final ResourceUsage UNTOLD = new ResourceUsage(-1, -1, -1, -1, -1);

    /// This process, with the threads that have ended.
    ///
    /// @return its usage; [#UNTOLD] where no system call can be made
    public static ResourceUsage self() {
        if (!Arch.isUsable()) { // a portable program must not make the JVM warn of a native call
            return UNTOLD;
        }
        ResourceUsage usage = rusage(RUSAGE_SELF);
        // ru_maxrss survives execve(2): a small server started by a large program would
        // report that program's peak. VmHWM is this program's own.
        long own = peakRssKib("self");
        return own == 0 ? usage : usage.withPeak(own);
    }

    /// The children that have ended and were waited for; the peak RSS is that of the
    /// largest.
    ///
    /// @return their usage
    public static ResourceUsage reaped() {
        return rusage(RUSAGE_CHILDREN);
    }

    /// The calling thread. Its CPU time is behind by up to a tick.
    ///
    /// @return its usage
    public static ResourceUsage thread() {
        return rusage(RUSAGE_THREAD);
    }

    /// How much memory a process has taken at most, since it began to run its program.
    ///
    /// @param pid the process
    /// @return in KiB; 0 when it has ended, or the system does not tell
    public static long peakRssKib(long pid) {
        return peakRssKib(Long.toString(pid));
    }

    private static long peakRssKib(String process) {
        try {
            return ProcFile.read(Path.of("/proc", process, "status")).number("VmHWM");
        } catch (IOException untold) {
            return 0;
        }
    }

    private static ResourceUsage rusage(int who) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment usage = arena.allocate(RUSAGE_BYTES, 8);
            SysResource.getrusage(Errno.allocate(arena), who, usage);
            return new ResourceUsage(
                    micros(usage, RU_UTIME),
                    micros(usage, RU_STIME),
                    usage.get(JAVA_LONG, RU_NVCSW),
                    usage.get(JAVA_LONG, RU_NIVCSW),
                    usage.get(JAVA_LONG, RU_MAXRSS));
        }
    }

    private static long micros(MemorySegment usage, int timeval) {
        return usage.get(JAVA_LONG, timeval) * 1_000_000
                + usage.get(JAVA_LONG, timeval + Long.BYTES);
    }

    /// Both.
    ///
    /// @param other to be added
    /// @return the sums, that of the peaks too
    public ResourceUsage plus(ResourceUsage other) {
        return new ResourceUsage(
                userMicros + other.userMicros,
                systemMicros + other.systemMicros,
                voluntarySwitches + other.voluntarySwitches,
                involuntarySwitches + other.involuntarySwitches,
                peakRssKib + other.peakRssKib);
    }

    /// What came to it since then.
    ///
    /// @param before an earlier one
    /// @return the differences, with this one's peak; [#UNTOLD] when this is
    public ResourceUsage minus(ResourceUsage before) {
        return equals(UNTOLD)
                ? UNTOLD
                : new ResourceUsage(
                        userMicros - before.userMicros,
                        systemMicros - before.systemMicros,
                        voluntarySwitches - before.voluntarySwitches,
                        involuntarySwitches - before.involuntarySwitches,
                        peakRssKib);
    }

    /// The same with another peak.
    ///
    /// @param kib the peak, in KiB
    /// @return the changed usage
    public ResourceUsage withPeak(long kib) {
        return new ResourceUsage(
                userMicros, systemMicros, voluntarySwitches, involuntarySwitches, kib);
    }
}
