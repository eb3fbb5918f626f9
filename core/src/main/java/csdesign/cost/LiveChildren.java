// SPDX-License-Identifier: MIT
package csdesign.cost;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import csdesign.evidence.ProcFile;
import csdesign.evidence.ResourceUsage;
import csdesign.posix.Errno;
import csdesign.posix.Time;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/// What the children of this process cost, while they live too: getrusage(2) tells of a
/// child only when it has ended and was waited for.
final class LiveChildren {
    /// How often the live children are read again because one of them was reaped
    /// meanwhile.
    private static final int MOST_READS = 4;

    private LiveChildren() {}

    /// The children of this process, those that were reaped and those that live. Each is
    /// counted once. A child moves from one sum to the other when it is reaped, so those
    /// that live are read again when the other sum has changed meanwhile. Some can be
    /// missing only when children end faster than they are read.
    ///
    /// The peak RSS is the sum of the peaks of those that live, or that of the largest
    /// one that was reaped, where that is more.
    static ResourceUsage usage() {
        ResourceUsage reaped = ResourceUsage.reaped();
        ResourceUsage live = live();
        for (int reads = 1; reads < MOST_READS; reads++) {
            ResourceUsage before = reaped;
            reaped = ResourceUsage.reaped();
            if (reaped.equals(before)) {
                break;
            }
            live = live();
        }
        return reaped.plus(live).withPeak(Math.max(reaped.peakRssKib(), live.peakRssKib()));
    }

    /// How much memory this process and its live children have taken at most, in KiB,
    /// each at its own time. It is an upper bound: pages that they share count for each.
    static long peakRssWithThisKib() {
        return ResourceUsage.peakRssKib(ProcessHandle.current().pid())
                + ProcessHandle.current()
                        .children()
                        .mapToLong(child -> ResourceUsage.peakRssKib(child.pid()))
                        .sum();
    }

    private static ResourceUsage live() {
        return ProcessHandle.current()
                .children()
                .map(child -> of(child.pid()))
                .reduce(ResourceUsage.NONE, ResourceUsage::plus);
    }

    /// One that lives.
    ///
    /// The CPU time is exact, by the clock of the process, which counts the threads that
    /// have ended. Its parts are as the kernel's stat has them, by ticks of some
    /// milliseconds. Of context switches only those of the threads that live are told;
    /// those of the others come when the process is reaped.
    private static ResourceUsage of(long pid) {
        long micros = cpuMicros((int) pid);
        long peak = 0;
        long voluntary = 0;
        long involuntary = 0;
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(
                Path.of("/proc", Long.toString(pid), "task"))) {
            long user = Math.round(micros * userShare(ProcFile.of(pid, "stat")));
            for (Path task : tasks) {
                ProcFile status = ProcFile.read(task.resolve("status"));
                peak = Math.max(peak, status.number("VmHWM")); // all threads share it
                voluntary += status.number("voluntary_ctxt_switches");
                involuntary += status.number("nonvoluntary_ctxt_switches");
            }
            return new ResourceUsage(user, micros - user, voluntary, involuntary, peak);
        } catch (IOException | DirectoryIteratorException ended) {
            return ResourceUsage.NONE; // and was reaped: the other sum has it
        }
    }

    private static long cpuMicros(int pid) {
        try (Arena arena = Arena.ofConfined()) {
            Errno errno = Errno.allocate(arena);
            MemorySegment clock = arena.allocate(JAVA_INT);
            MemorySegment time = arena.allocate(Time.TIMESPEC_BYTES, 8);
            if (Time.clock_getcpuclockid(errno, pid, clock) < 0
                    || Time.clock_gettime(errno, clock.get(JAVA_INT, 0), time) < 0) {
                return 0;
            }
            return time.get(JAVA_LONG, 0) * 1_000_000 + time.get(JAVA_LONG, Long.BYTES) / 1_000;
        }
    }

    /// Half a tick is added to both, the middle of what was rounded down.
    private static double userShare(ProcFile stat) {
        double user = stat.field(ProcFile.UTIME) + 0.5;
        return user / (user + stat.field(ProcFile.STIME) + 0.5);
    }
}
