// SPDX-License-Identifier: MIT
package csdesign.harness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.concurrent.TimeUnit;

/// What a server does when it has no descriptor left for the next client: it prints that once a
/// second, and neither spins nor wakes up more often than its pauses need.
public final class AcceptPause {
    /// A loop that spins takes all the CPU time it gets: 100 ticks in a second, 33 beside
    /// two busy processes. One that pauses 100 ms takes 1 or 2.
    private static final long MOST_TICKS_A_SECOND = 15;

    /// For each process: ten pauses a second for each of its acceptors, the JVM's own clocks
    /// (about 50) and the deadlines' (20).
    private static final long MOST_SWITCHES_A_SECOND = 500;

    private AcceptPause() {}

    /// Waits for its word and for a second in which it is quiet.
    public static void expect(ServerProcess server) throws InterruptedException {
        await("a word about it").atMost(ServerProcess.PATIENCE)
                .until(() -> !server.err().isEmpty());
        assertThat(server.err().getFirst())
                .containsIgnoringCase("too many open files")
                .contains("ulimit -n");
        int processes = server.processes().size();
        long begun = System.nanoTime();
        // A process that spins goes on spinning: one second without that is enough.
        await("a quiet second").atMost(ServerProcess.PATIENCE).untilAsserted(() -> {
            long ticks = server.cpuTicks();
            long switches = server.contextSwitches();
            TimeUnit.SECONDS.sleep(1); // what is measured: a second of it
            assertThat(server.cpuTicks() - ticks).as("CPU ticks")
                    .isLessThan(MOST_TICKS_A_SECOND);
            assertThat(server.contextSwitches() - switches).as("context switches")
                    .isLessThan(processes * MOST_SWITCHES_A_SECOND);
        });
        long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begun);
        assertThat(server.err()).as("one line a second")
                .hasSizeLessThan(processes * (5 + (int) seconds));
    }
}
