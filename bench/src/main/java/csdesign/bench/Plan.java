// SPDX-License-Identifier: MIT
package csdesign.bench;

import csdesign.kit.Server;
import csdesign.range.Range;
import java.util.List;

/// How much is measured, and how.
///
/// @param workloads each with servers of its own, one after the other
/// @param forks [#FORKS]: how often each server is started anew. A JIT decides differently in
///     each process, and no number of rounds in one process shows that
/// @param rounds [#ROUNDS]: how often each server is measured in each fork
/// @param warmupMillis [#WARMUP]: how long each server is under load before anything is measured,
///     in milliseconds; pools of processes [Target#warmups] times as long
/// @param rampMillis how long before each measurement the load runs uncounted: connections are
///     made, and caches hold this server again and not the last one
/// @param durationMillis [#DURATION]: how long each measurement takes, in milliseconds
/// @param workers [Server#WORKERS]: how many processes or threads a pool has, as in `csdesign serve`
/// @param quick whether this is `--quick`, whose figures include compilation by the JIT
public record Plan(
        List<Workload> workloads,
        int forks,
        int rounds,
        long warmupMillis,
        long rampMillis,
        long durationMillis,
        int workers,
        boolean quick) {
    private static final long MOST_MILLIS = 600_000;

    /// `--forks`.
    public static final Range FORKS = Range.of("--forks", 1, 100);

    /// `--rounds`.
    public static final Range ROUNDS = Range.of("--rounds", 1, 1_000);

    /// `--warmup`.
    public static final Range WARMUP = Range.seconds("--warmup", 0, MOST_MILLIS);

    /// `--duration`. In less time no figure is one.
    public static final Range DURATION = Range.seconds("--duration", 50, MOST_MILLIS);

    /// `--clients`.
    public static final Range CLIENTS = Range.of("--clients", 1, 10_000);

    private static final Range RAMP = Range.seconds("the ramp", 1, MOST_MILLIS);

    /// The default: three to four minutes for [Selection#byDefault]. The warm-up is as long as user
    /// CPU per request takes to settle on one core, compilers and server together.
    public static final Plan FULL = new Plan(
            Workload.ALL, 1, 5, 4_000, 150, 1_000, Server.DEFAULT_WORKERS, false);

    /// `--quick`: under 40 seconds for [Selection#byDefaultQuickly].
    public static final Plan QUICK = new Plan(
            Workload.ALL, 1, 3, 300, 100, 200, Server.DEFAULT_WORKERS, true);

    /// Rejects what cannot be done, with the value and the limit.
    public Plan {
        workloads = List.copyOf(workloads);
        FORKS.check(forks);
        ROUNDS.check(rounds);
        WARMUP.check(warmupMillis);
        RAMP.check(rampMillis);
        DURATION.check(durationMillis);
        Server.WORKERS.check(workers);
        for (Workload workload : workloads) {
            CLIENTS.check(workload.clients());
        }
    }
}
