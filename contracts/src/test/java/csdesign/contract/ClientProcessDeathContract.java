// SPDX-License-Identifier: MIT
package csdesign.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import csdesign.harness.Client;
import csdesign.harness.EveryProcessForEachClient;
import csdesign.harness.ServerProcess;
import csdesign.harness.Subject;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Where each client has a process of its own, the death of that process costs its client and no
/// other: the server says how it ended, and serves the next one. It never starts a second process
/// for the same client.
@EveryProcessForEachClient
record ClientProcessDeathContract(Subject subject) {
    @Test
    void shouldSayHowItEndedAndGoOn() throws Exception {
        ServerProcess server = subject.ownServer("--wait", "60000");
        List<ProcessHandle> dead;
        try (Client client = Client.of(server)) {
            client.send("3000\n");
            server.awaitRead(client);
            dead = server.workers();
            assertThat(dead).as("one process for one client").hasSize(1);
            ServerProcess.signal("KILL", dead);
            assertThat(client.drain()).isZero();
        }
        await("a word about it").atMost(ServerProcess.PATIENCE)
                .until(() -> !server.err().isEmpty());
        assertThat(server.err()).singleElement().asString()
                .contains("child " + dead.getFirst().pid(), "signal 9", "its client is lost");
        assertThat(server.workers()).isEmpty();
        try (Client next = Client.of(server)) {
            next.send("3000\n");
            server.awaitRead(next);
            assertThat(server.workers()).hasSize(1).doesNotContainAnyElementsOf(dead);
            server.terminate(); // its answer waits for longer than the grace
            server.awaitSignalDelivered();
            server.terminate();
            assertThat(server.awaitExit(ServerProcess.PATIENCE)).as("a client was cut")
                    .isEqualTo(1);
        }
        assertThat(server.distributionSum()).isEqualTo(2);
    }
}
