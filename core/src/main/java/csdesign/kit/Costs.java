// SPDX-License-Identifier: MIT
package csdesign.kit;

import static csdesign.posix.SysResource.RUSAGE_BYTES;
import static csdesign.posix.SysResource.RUSAGE_CHILDREN;
import static csdesign.posix.SysResource.RUSAGE_SELF;
import static csdesign.posix.SysResource.RU_MAXRSS;
import static csdesign.posix.SysResource.RU_NIVCSW;
import static csdesign.posix.SysResource.RU_NVCSW;
import static csdesign.posix.SysResource.RU_STIME;
import static csdesign.posix.SysResource.RU_UTIME;

import com.sun.management.ThreadMXBean;
import csdesign.posix.Arch;
import csdesign.posix.Errno;
import csdesign.posix.SysResource;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.stream.Stream;

/// What a server has done and what that has cost, its children included.
///
/// @param connections accepted
/// @param requests answered
/// @param bytes of answers written to sockets
/// @param userMicros CPU time in user mode, in microseconds; -1 where the system does not
///     tell
/// @param systemMicros CPU time in the kernel, in microseconds; -1 where the system does
///     not tell
/// @param voluntarySwitches context switches because a thread waited; -1 where not told
/// @param involuntarySwitches context switches because its time was up; -1 where not told
/// @param peakRssKib the largest resident set of one process, in KiB; -1 where not told
/// @param allocatedBytes taken from the Java heap by all threads since the start, garbage
///     or not; -1 where not told
public record Costs(
        long connections,
        long requests,
        long bytes,
        long userMicros,
        long systemMicros,
        long voluntarySwitches,
        long involuntarySwitches,
        long peakRssKib,
        long allocatedBytes) {

    /// The costs so far.
    ///
    /// @param scoreboard what was done
    /// @return with costs by getrusage(2) where it can be called, and -1 for them
    ///     elsewhere
    public static Costs soFar(Scoreboard scoreboard) {
        return soFar(scoreboard, allocatedSoFar());
    }

    /// The same without what was allocated: to ask for that takes the JVM more memory
    /// than
    /// a process has that must stay small.
    static Costs soFarBySmall(Scoreboard scoreboard) {
        return soFar(scoreboard, -1);
    }

    private static Costs soFar(Scoreboard scoreboard, long allocatedBytes) {
        // A portable design run without the flag must not make the JVM warn of a native call.
        boolean told = Arch.isSupported() && Costs.class.getModule().isNativeAccessEnabled();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment self = arena.allocate(RUSAGE_BYTES, 8);
            MemorySegment children = arena.allocate(RUSAGE_BYTES, 8);
            if (told) {
                Errno errno = Errno.allocate(arena);
                SysResource.getrusage(errno, RUSAGE_SELF, self);
                SysResource.getrusage(errno, RUSAGE_CHILDREN, children);
            }
            return new Costs(
                    scoreboard.accepted(),
                    scoreboard.requests(),
                    scoreboard.bytes(),
                    told ? micros(self, RU_UTIME) + micros(children, RU_UTIME) : -1,
                    told ? micros(self, RU_STIME) + micros(children, RU_STIME) : -1,
                    told ? value(self, RU_NVCSW) + value(children, RU_NVCSW) : -1,
                    told ? value(self, RU_NIVCSW) + value(children, RU_NIVCSW) : -1,
                    told ? Math.max(peakRss(self), value(children, RU_MAXRSS)) : -1,
                    allocatedBytes);
        }
    }

    /// ru_maxrss survives execve(2): a small server started by a large program would
    /// report that program's peak. VmHWM is this program's own.
    private static long peakRss(MemorySegment usage) {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
            return lines.filter(line -> line.startsWith("VmHWM:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                    .findFirst()
                    .orElseGet(() -> value(usage, RU_MAXRSS));
        } catch (IOException noProc) {
            return value(usage, RU_MAXRSS);
        }
    }

    private static long allocatedSoFar() {
        return ManagementFactory.getThreadMXBean() instanceof ThreadMXBean threads
                ? threads.getTotalThreadAllocatedBytes()
                : -1;
    }

    /// One line for a program.
    ///
    /// @return a JSON object whose members are those of this record
    public String json() {
        return String.format(
                Locale.ROOT,
                "{\"connections\":%d,\"requests\":%d,\"bytes\":%d,\"userMicros\":%d,"
                        + "\"systemMicros\":%d,\"voluntarySwitches\":%d,"
                        + "\"involuntarySwitches\":%d,\"peakRssKib\":%d,\"allocatedBytes\":%d}",
                connections,
                requests,
                bytes,
                userMicros,
                systemMicros,
                voluntarySwitches,
                involuntarySwitches,
                peakRssKib,
                allocatedBytes);
    }

    /// Two lines for a person.
    ///
    /// @return without a line end after the last
    public String text() {
        String done = String.format(
                Locale.ROOT,
                "%,d connections, %,d requests, %,d bytes%n",
                connections,
                requests,
                bytes);
        if (userMicros < 0) {
            return done
                    + "cost: not told here (needs Linux and --enable-native-access=ALL-UNNAMED)";
        }
        return done
                + String.format(
                        Locale.ROOT,
                        "cost: %.3f s user, %.3f s system; %,d voluntary and %,d involuntary"
                                + " context switches; peak RSS %.1f MiB",
                        userMicros / 1e6,
                        systemMicros / 1e6,
                        voluntarySwitches,
                        involuntarySwitches,
                        peakRssKib / 1024.0);
    }

    private static long micros(MemorySegment usage, int timeval) {
        return value(usage, timeval) * 1_000_000 + value(usage, timeval + Long.BYTES);
    }

    private static long value(MemorySegment usage, int offset) {
        return usage.get(ValueLayout.JAVA_LONG, offset);
    }
}
