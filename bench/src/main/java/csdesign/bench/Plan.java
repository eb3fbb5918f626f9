// SPDX-License-Identifier: MIT
package csdesign.bench;

import csdesign.kit.Server;
import java.util.List;

/// How much is measured, and how.
///
/// @param workloads each with servers of its own, one after the other
/// @param forks `--forks`: how often each server is started anew, 1 to 100. A JIT decides
///     differently in each process, and no number of rounds in one process shows that
/// @param rounds `--rounds`: how often each server is measured in each fork, 1 to 1,000
/// @param warmupMillis `--warmup`: how long each server is under load before anything is measured,
///     0 to 600,000; pools of processes [Target#warmups] times as long
/// @param rampMillis how long before each measurement the load runs uncounted: connections are
///     made, and caches hold this server again and not the last one
/// @param durationMillis `--duration`: how long each measurement takes, 50 to 600,000
/// @param workers `-n`: how many processes or threads a pool has, as in `csdesign serve`
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
    /// The default: two to three minutes for the [Selection]. The warm-up is as long as user CPU
    /// per request takes to settle on one core, compilers and server together.
    public static final Plan FULL = new Plan(
            Workload.ALL, 1, 5, 4_000, 150, 1_000, Server.DEFAULT_WORKERS, false);

    /// `--quick`: under 40 s for the [Selection].
    public static final Plan QUICK = new Plan(
            Workload.ALL, 1, 3, 300, 100, 200, Server.DEFAULT_WORKERS, true);

    private static final int MOST_FORKS = 100;
    private static final int MOST_ROUNDS = 1_000;
    private static final long MOST_MILLIS = 600_000;
    private static final long LEAST_DURATION_MILLIS = 50;
    private static final int MOST_CLIENTS = 10_000;

    /// Rejects what cannot be done, with the value and the limit.
    public Plan {
        workloads = List.copyOf(workloads);
        between(1, forks, MOST_FORKS, "--forks");
        between(1, rounds, MOST_ROUNDS, "--rounds");
        between(0, warmupMillis, MOST_MILLIS, "--warmup in milliseconds");
        between(1, rampMillis, MOST_MILLIS, "the ramp in milliseconds");
        between(
                LEAST_DURATION_MILLIS, durationMillis, MOST_MILLIS, "--duration in milliseconds");
        between(1, workers, Server.MOST_WORKERS, "--workers");
        for (Workload workload : workloads) {
            between(1, workload.clients(), MOST_CLIENTS, "--clients");
        }
    }

    private static void between(long least, long value, long most, String what) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(
                    what + " is " + value + ": must be from " + least + " to " + most);
        }
    }
}
