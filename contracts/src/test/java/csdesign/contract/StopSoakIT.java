// SPDX-License-Identifier: MIT
package csdesign.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import csdesign.harness.EveryDesign;
import csdesign.harness.HonestDifferences;
import csdesign.harness.LoadUntilStop;
import csdesign.harness.ServerProcess;
import csdesign.harness.Subject;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Stops under load by SIGTERM to every process of the server, in an order of its own each time:
/// `mvn -Dquick verify -Psoak`. With `-Dcsdesign.stops=200` there are so many for each design, which
/// takes more than an hour.
@Tag("soak")
@EveryDesign
record StopSoakIT(Subject subject) {
    private static final int STOPS = Integer.getInteger("csdesign.stops", 20);

    /// Few: what is tried is the stop, and each answer costs spawn-per-client a JVM.
    private static final int CLIENTS = 4;
    private static final int FIRST_ANSWERS = 8;

    @Test
    void shouldLoseNobodyInAnyOfManyStops() throws Exception {
        Random random = new Random(subject.slug().hashCode());
        for (int i = 0; i < STOPS; i++) {
            try (ServerProcess server = subject.ownServer()) {
                LoadUntilStop load = new LoadUntilStop(
                        server, HonestDifferences.mayResetNewcomersAtStop(subject.entry()));
                load.start(CLIENTS, subject.atOnce(2) - 1);
                await("load").atMost(ServerProcess.PATIENCE)
                        .until(() -> load.answers() >= FIRST_ANSWERS);
                List<ProcessHandle> processes = new ArrayList<>(server.processes());
                Collections.shuffle(processes, random);
                load.beforeSignal();
                ServerProcess.signalThoseLeft("TERM", processes);
                assertThat(server.awaitExit(ServerProcess.PATIENCE)).as("stop %s", i).isZero();
                load.join();
                assertThat(load.errors()).as("stop %s", i).isEmpty();
                assertThat(server.err()).as("stop %s", i).isEmpty();
                assertThat(processes).as("stop %s", i).allMatch(ServerProcess::isGone);
            }
        }
    }
}
