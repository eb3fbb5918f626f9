// SPDX-License-Identifier: MIT
package csdesign.cost;

import static csdesign.posix.SysResource.RUSAGE_BYTES;
import static csdesign.posix.SysResource.RUSAGE_CHILDREN;
import static csdesign.posix.SysResource.RUSAGE_SELF;
import static csdesign.posix.SysResource.RUSAGE_THREAD;
import static csdesign.posix.SysResource.RU_MAXRSS;
import static csdesign.posix.SysResource.RU_NIVCSW;
import static csdesign.posix.SysResource.RU_NVCSW;
import static csdesign.posix.SysResource.RU_STIME;
import static csdesign.posix.SysResource.RU_UTIME;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import csdesign.posix.Errno;
import csdesign.posix.SysResource;
import csdesign.posix.Time;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/// What processes have cost the system so far.
///
/// @param userMicros CPU time in user mode, in microseconds
/// @param systemMicros CPU time in the kernel, in microseconds
/// @param voluntarySwitches context switches because a thread waited
/// @param involuntarySwitches context switches because its time was up
/// @param peakRssKib the largest resident set, in KiB
record Usage(
        long userMicros,
        long systemMicros,
        long voluntarySwitches,
        long involuntarySwitches,
        long peakRssKib) {
    static final Usage NONE = new Usage(0, 0, 0, 0, 0);

    /// How often the live children are read again because one of them was reaped
    /// meanwhile.
    private static final int MOST_READS = 4;

    /// Where the user time stands in `/proc/PID/stat`, counted from the state, which is
    /// the first after the name; the system time is the next one.
    private static final int UTIME = 11;

    /// This process, the threads that have ended included.
    static Usage self(Arena arena) {
        Usage usage = rusage(arena, RUSAGE_SELF);
        // ru_maxrss survives execve(2): a small server started by a large program would
        // report that program's peak. VmHWM is this program's own.
        long own = peakRssKib("self");
        return own == 0 ? usage : usage.withPeak(own);
    }

    /// The children that have ended and were waited for; the peak RSS is that of the
    /// largest.
    static Usage reaped(Arena arena) {
        return rusage(arena, RUSAGE_CHILDREN);
    }

    /// The calling thread. Its CPU time is by its clock: getrusage(2) is behind by up to
    /// a tick.
    static Usage thread(Arena arena) {
        Usage usage = rusage(arena, RUSAGE_THREAD);
        long micros = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() / 1_000;
        long told = usage.userMicros + usage.systemMicros;
        long user = told == 0 ? micros : Math.round((double) micros * usage.userMicros / told);
        return new Usage(
                user,
                micros - user,
                usage.voluntarySwitches,
                usage.involuntarySwitches,
                usage.peakRssKib);
    }

    /// The children of this process, those that were reaped and those that live. Each is
    /// counted once. A child moves from one sum to the other when it is reaped, so those
    /// that live are read again when the other sum has changed meanwhile. Some can be
    /// missing only when children end faster than they are read.
    ///
    /// The peak RSS is the sum of the peaks of those that live, or that of the largest
    /// one that was reaped, where that is more.
    static Usage children(Arena arena) {
        Usage reaped = reaped(arena);
        Usage live = live(arena);
        for (int reads = 1; reads < MOST_READS; reads++) {
            Usage before = reaped;
            reaped = reaped(arena);
            if (reaped.equals(before)) {
                break;
            }
            live = live(arena);
        }
        return reaped.plus(live).withPeak(Math.max(reaped.peakRssKib, live.peakRssKib));
    }

    /// How much memory this process and its live children have taken at most, in KiB,
    /// each at its own time: an upper bound, for pages that they share count for each.
    static long peakRssOfAllKib() {
        return peakRssKib("self")
                + ProcessHandle.current()
                        .children()
                        .mapToLong(child -> peakRssKib(Long.toString(child.pid())))
                        .sum();
    }

    private static long peakRssKib(String process) {
        return member(status(Path.of("/proc", process, "status")), "VmHWM:");
    }

    private static Usage live(Arena arena) {
        return ProcessHandle.current()
                .children()
                .map(child -> of(arena, child.pid()))
                .reduce(NONE, Usage::plus);
    }

    /// A child. getrusage(2) tells of it only when it has ended.
    ///
    /// The CPU time is exact, by the clock of the process, which counts the threads that
    /// have ended. Its parts are as the kernel's stat has them, by ticks of some
    /// milliseconds. Of context switches only those of the threads that live are told;
    /// those of the others come when the process is reaped.
    private static Usage of(Arena arena, long pid) {
        Path process = Path.of("/proc", Long.toString(pid));
        long micros = cpuMicros(arena, (int) pid);
        double userShare = userShare(status(process.resolve("stat")));
        long user = Math.round(micros * userShare);
        long peak = 0;
        long voluntary = 0;
        long involuntary = 0;
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(process.resolve("task"))) {
            for (Path task : tasks) {
                String status = status(task.resolve("status"));
                peak = Math.max(peak, member(status, "VmHWM:")); // all threads share it
                voluntary += member(status, "\nvoluntary_ctxt_switches:");
                involuntary += member(status, "\nnonvoluntary_ctxt_switches:");
            }
        } catch (IOException | DirectoryIteratorException ended) {
            return NONE; // and was reaped: the other sum has it
        }
        return new Usage(user, micros - user, voluntary, involuntary, peak);
    }

    private static long cpuMicros(Arena arena, int pid) {
        Errno errno = Errno.allocate(arena);
        MemorySegment clock = arena.allocate(JAVA_INT);
        MemorySegment time = arena.allocate(Time.TIMESPEC_BYTES, 8);
        if (Time.clock_getcpuclockid(errno, pid, clock) < 0
                || Time.clock_gettime(errno, clock.get(JAVA_INT, 0), time) < 0) {
            return 0;
        }
        return time.get(JAVA_LONG, 0) * 1_000_000 + time.get(JAVA_LONG, Long.BYTES) / 1_000;
    }

    /// Half a tick is added to both, the middle of what was rounded down.
    private static double userShare(String stat) {
        String[] words = stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ", -1);
        if (words.length < UTIME + 2) {
            return 0; // it has ended
        }
        double user = Long.parseLong(words[UTIME]) + 0.5;
        return user / (user + Long.parseLong(words[UTIME + 1]) + 0.5);
    }

    /// A file of proc(5); empty when the process has ended.
    private static String status(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException ended) {
            return "";
        }
    }

    /// The number after a name; 0 when it is not there.
    private static long member(String status, String name) {
        int at = status.indexOf(name);
        if (at < 0) {
            return 0;
        }
        int from = at + name.length();
        int end = status.indexOf('\n', from);
        return Long.parseLong(status.substring(from, end).replace("kB", "").strip());
    }

    private static Usage rusage(Arena arena, int who) {
        MemorySegment usage = arena.allocate(RUSAGE_BYTES, 8);
        SysResource.getrusage(Errno.allocate(arena), who, usage);
        return new Usage(
                micros(usage, RU_UTIME),
                micros(usage, RU_STIME),
                usage.get(JAVA_LONG, RU_NVCSW),
                usage.get(JAVA_LONG, RU_NIVCSW),
                usage.get(JAVA_LONG, RU_MAXRSS));
    }

    private static long micros(MemorySegment usage, int timeval) {
        return usage.get(JAVA_LONG, timeval) * 1_000_000
                + usage.get(JAVA_LONG, timeval + Long.BYTES);
    }

    /// Both.
    Usage plus(Usage other) {
        return new Usage(
                userMicros + other.userMicros,
                systemMicros + other.systemMicros,
                voluntarySwitches + other.voluntarySwitches,
                involuntarySwitches + other.involuntarySwitches,
                peakRssKib + other.peakRssKib);
    }

    /// What came to it since then; the peak is this one's.
    Usage minus(Usage before) {
        return new Usage(
                userMicros - before.userMicros,
                systemMicros - before.systemMicros,
                voluntarySwitches - before.voluntarySwitches,
                involuntarySwitches - before.involuntarySwitches,
                peakRssKib);
    }

    /// The same with another peak.
    Usage withPeak(long kib) {
        return new Usage(
                userMicros, systemMicros, voluntarySwitches, involuntarySwitches, kib);
    }
}
