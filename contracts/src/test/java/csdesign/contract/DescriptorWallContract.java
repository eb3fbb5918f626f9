// SPDX-License-Identifier: MIT
package csdesign.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import csdesign.harness.Client;
import csdesign.harness.Crowd;
import csdesign.harness.EveryDesign;
import csdesign.harness.HonestDifferences;
import csdesign.harness.ServerProcess;
import csdesign.harness.Subject;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/// select(2) has no bit for the descriptor 1,024. The design says so, closes the client that got
/// it, keeps the clients that it has, and serves newcomers again when there is room.
@EveryDesign
record DescriptorWallContract(Subject subject) {
    @Test
    void shouldRefuseWhoHasNoBitAndKeepTheOthers() throws Exception {
        assumeTrue(HonestDifferences.endsAtDescriptor1024(subject.entry()), "it has no such wall");
        ManyClientsContract.assumeDescriptors();
        ServerProcess server = subject.ownServer();
        try (Crowd crowd = new Crowd(server, ManyClientsContract.CLIENTS)) {
            List<Client> clients = crowd.clients();
            await("a word about it").atMost(ServerProcess.PATIENCE)
                    .until(() -> !server.err().isEmpty());
            assertThat(server.err().getFirst()).contains("1024", "select(2)", "poll");

            int served = 0;
            for (Client client : clients) {
                // In the order in which they came: first those that have a bit, then the refused.
                if (server.openDescriptors().contains(1_024)) {
                    throw new AssertionError("a client that cannot be served is kept");
                }
                if (served < ManyClientsContract.CLIENTS && isServed(client)) {
                    served++;
                } else {
                    break;
                }
            }
            assertThat(served).isBetween(900, 1_023);
            for (Client refused : clients.subList(served, ManyClientsContract.CLIENTS)) {
                refused.expectEnd();
            }
            for (Client client : clients.subList(0, served)) {
                client.send("64\n").expectAnswer(64);
            }
            // Room again: the next client has a bit.
            clients.getFirst().leave();
            await("a place for a new client").atMost(ServerProcess.PATIENCE).until(() -> {
                try (Client late = Client.of(server)) {
                    return isServed(late);
                }
            });
        }
        server.terminate();
        assertThat(server.awaitExit(ServerProcess.PATIENCE)).isZero();
        assertThat(server.err()).as("at most one line a second").hasSizeLessThan(20);
    }

    private static boolean isServed(Client client) throws IOException {
        try {
            client.send("64\n").expectAnswer(64);
            return true;
        } catch (AssertionError | IOException ended) {
            return false;
        }
    }
}
