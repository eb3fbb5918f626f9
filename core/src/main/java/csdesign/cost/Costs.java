// SPDX-License-Identifier: MIT
package csdesign.cost;

import com.sun.management.ThreadMXBean;
import csdesign.evidence.ResourceUsage;
import csdesign.kit.Scoreboard;
import java.lang.management.ManagementFactory;
import java.util.Locale;

/// What a server has done and what that has cost, including its children: those that have
/// ended, and the workers that live.
///
/// Each figure only grows, with two exceptions, because the kernel does not tell all of a
/// process that lives. The split of its CPU time into user and system is known to some
/// milliseconds and may be corrected later by as much; the sum of both is exact. And the
/// context switches of its ended threads are added when the process ends.
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
/// @param peakRssKib the largest resident set, in KiB; -1 where not told. With children
///     it is the largest sum that was seen: of the peaks of all processes that lived
///     then. That is an upper bound, for a page that processes share counts for each of
///     them
/// @param allocatedBytes taken from the Java heap by all threads since the start, garbage
///     or not; -1 when there are children, whose heaps are not seen from here
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

    /// The largest sum that was seen.
    private static long mostRssKib;

    /// What asking has cost so far: proc(5) takes about 50 us for each thread of each
    /// worker, too much to be mistaken for the cost of serving.
    private static ResourceUsage asking = ResourceUsage.NONE;
    private static long allocatedByAsking;

    /// The costs so far, without those of asking for them.
    ///
    /// @param scoreboard what was done
    /// @return with costs as the system tells them, and -1 for them where it cannot be
    ///     asked
    public static synchronized Costs soFar(Scoreboard scoreboard) {
        long allocatedHere = allocatedHere();
        ResourceUsage self = ResourceUsage.self().minus(asking);
        if (self.equals(ResourceUsage.UNTOLD)) {
            return of(scoreboard, self, allocatedSoFar());
        }
        try {
            // After it: what is taken off next time must lie between this reading and that one,
            // or the sum could go back.
            ResourceUsage thread = thisThread();
            long allocated = allocatedSoFar() - allocatedByAsking;
            ResourceUsage children = LiveChildren.usage();
            ResourceUsage all = self.plus(children);
            mostRssKib = Math.max(mostRssKib, all.peakRssKib());
            boolean alone = children.userMicros() + children.systemMicros() == 0;
            asking = asking.plus(thisThread().minus(thread));
            return of(scoreboard, all.withPeak(mostRssKib), alone ? allocated : -1);
        } finally {
            allocatedByAsking += allocatedHere() - allocatedHere;
        }
    }

    /// The usage of this thread. Its CPU time is by its clock, which is exact.
    /// getrusage(2) is behind by up to a tick, and tells here only how it is divided.
    private static ResourceUsage thisThread() {
        ResourceUsage usage = ResourceUsage.thread();
        long micros = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() / 1_000;
        long told = usage.userMicros() + usage.systemMicros();
        long user = told == 0 ? micros : Math.round((double) micros * usage.userMicros() / told);
        return new ResourceUsage(user, micros - user, usage.voluntarySwitches(),
                usage.involuntarySwitches(), usage.peakRssKib());
    }

    /// The same by getrusage(2) alone: without the children that live, and without what
    /// was allocated. To ask for those takes the JVM more memory than a process has that
    /// must stay small.
    ///
    /// @param scoreboard what was done
    /// @return the costs of this process and of those that it has reaped
    public static Costs soFarBySmall(Scoreboard scoreboard) {
        return of(scoreboard, ResourceUsage.self().plus(ResourceUsage.reaped()), -1);
    }

    /// Takes note of the memory of all workers, while they live: the system tells that of
    /// the largest one alone when they have ended.
    public static synchronized void seeWorkers() {
        mostRssKib = Math.max(mostRssKib, LiveChildren.peakRssWithThisKib());
    }

    private static Costs of(Scoreboard scoreboard, ResourceUsage usage, long allocatedBytes) {
        return new Costs(
                scoreboard.accepted(),
                scoreboard.requests(),
                scoreboard.bytes(),
                usage.userMicros(),
                usage.systemMicros(),
                usage.voluntarySwitches(),
                usage.involuntarySwitches(),
                usage.peakRssKib(),
                allocatedBytes);
    }

    private static long allocatedSoFar() {
        return ManagementFactory.getThreadMXBean() instanceof ThreadMXBean threads
                ? threads.getTotalThreadAllocatedBytes()
                : -1;
    }

    private static long allocatedHere() {
        return ManagementFactory.getThreadMXBean() instanceof ThreadMXBean threads
                ? threads.getCurrentThreadAllocatedBytes()
                : 0;
    }

    /// What came to it in between.
    ///
    /// The kernel samples which part of the CPU time is user time, and may take some of
    /// it back: in a short time less than none would come to one of the two. Their sum is
    /// exact, and stays.
    ///
    /// @param before an earlier report of the same server
    /// @return the differences, and this one's peak; -1 for what one of the two does not
    ///     tell
    public Costs minus(Costs before) {
        boolean isTold = userMicros >= 0 && before.userMicros >= 0;
        long cpu = userMicros + systemMicros - before.userMicros - before.systemMicros;
        long user = isTold ? Math.clamp(userMicros - before.userMicros, 0L, Math.max(0, cpu)) : -1;
        return new Costs(
                since(connections, before.connections),
                since(requests, before.requests),
                since(bytes, before.bytes),
                user,
                isTold ? cpu - user : -1,
                since(voluntarySwitches, before.voluntarySwitches),
                since(involuntarySwitches, before.involuntarySwitches),
                peakRssKib,
                // What asking has allocated was taken off. Where little else was, less than
                // none would be left.
                allocatedBytes < 0 || before.allocatedBytes < 0
                        ? -1
                        : Math.max(0, allocatedBytes - before.allocatedBytes));
    }

    private static long since(long now, long before) {
        return now < 0 || before < 0 ? -1 : now - before;
    }

    /// The same with another peak: of a program that cannot tell its own.
    ///
    /// @param kib the peak, in KiB
    /// @return the changed costs
    public Costs withPeakRss(long kib) {
        return new Costs(connections, requests, bytes, userMicros, systemMicros,
                voluntarySwitches, involuntarySwitches, kib, allocatedBytes);
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
}
