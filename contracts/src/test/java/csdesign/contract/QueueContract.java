// SPDX-License-Identifier: MIT
package csdesign.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import csdesign.harness.Client;
import csdesign.harness.EveryQueue;
import csdesign.harness.HonestDifferences;
import csdesign.harness.ServerProcess;
import csdesign.harness.Subject;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// A design that accepts for others has a queue of bounded length. When it is full nobody is
/// refused: one more client is accepted and waits in the main thread's hand, all others wait
/// in the backlog, where they take no descriptor. All are served in their turn.
@EveryQueue
record QueueContract(Subject subject) {
    private static final int QUEUE = 2;
    private static final int BACKLOG = 10;

    @Test
    void shouldAcceptNoMoreThanItsQueueHoldsAndRefuseNobody() throws IOException {
        ServerProcess server = subject.server("--queue", "" + QUEUE);
        int before = server.descriptors();
        try (Client first = Client.of(server)) {
            first.send("64\n").expectAnswer(64);
        }
        await("what it takes to serve, and no more").atMost(ServerProcess.PATIENCE)
                .until(() -> server.descriptors() == before);
        int accepted = HonestDifferences.WORKERS + QUEUE + 1;
        List<Client> clients = new ArrayList<>();
        try {
            for (int i = 0; i < accepted; i++) {
                clients.add(Client.of(server));
            }
            await("a full queue").atMost(ServerProcess.PATIENCE)
                    .until(() -> server.descriptors() >= before + accepted);
            for (int i = 0; i < BACKLOG; i++) {
                clients.add(Client.of(server));
            }
            for (Client client : clients) {
                client.send("3000\n");
            }
            for (Client client : clients) {
                client.expectAnswer(3000); // those before it have left
                assertThat(server.descriptors()).isLessThanOrEqualTo(before + accepted);
                client.leave();
            }
        } finally {
            for (Client client : clients) {
                client.leave();
            }
        }
    }

    @Test
    void shouldEndWithTheGraceThoughItsQueueIsFull() throws Exception {
        ServerProcess server = subject.ownServer("--queue", "" + QUEUE, "--grace", "0.5");
        int before = server.descriptors();
        List<Client> clients = new ArrayList<>();
        try {
            for (int i = 0; i < HonestDifferences.WORKERS; i++) {
                clients.add(Client.withSmallWindow(server));
                clients.getLast().send("100000000\n").expectPart(0, 1_000); // and reads no more
            }
            for (int i = 0; i < QUEUE + 1 + BACKLOG; i++) {
                clients.add(Client.of(server).send("3000\n"));
            }
            await("a full queue").atMost(ServerProcess.PATIENCE).until(
                    () -> server.descriptors() >= before + HonestDifferences.WORKERS + QUEUE + 1);
            server.terminate();
            assertThat(server.awaitExit(Duration.ofSeconds(5))).as("clients were cut").isEqualTo(1);
            for (Client client : clients) {
                assertThat(client.drain()).isLessThan(100_000_000); // an end, in whichever way
            }
        } finally {
            for (Client client : clients) {
                client.leave();
            }
        }
        assertThat(server.err()).singleElement().asString()
                .contains("cut " + clients.size() + " connections", "--grace");
    }
}
