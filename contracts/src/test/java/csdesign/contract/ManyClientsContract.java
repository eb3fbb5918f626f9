// SPDX-License-Identifier: MIT
package csdesign.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import csdesign.harness.Client;
import csdesign.harness.EveryDesign;
import csdesign.harness.HonestDifferences;
import csdesign.harness.ServerProcess;
import csdesign.harness.Subject;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// More than 1,024 clients at once: select(2) has no bit for the descriptor 1,024, says
/// so, and keeps the clients that it has. Nothing else ends there.
@EveryDesign
record ManyClientsContract(Subject subject) {
    private static final int CLIENTS = 1_100;

    /// Both ends' descriptors and what a JVM needs besides.
    private static final int DESCRIPTORS = CLIENTS + 200;

    @Test
    void shouldServeMoreThan1024ClientsAtOnce() throws Exception {
        assumeTrue(ServerProcess.hardDescriptorLimit() >= DESCRIPTORS,
                "needs " + DESCRIPTORS + " descriptors: the hard limit (ulimit -Hn) is lower");
        if (HonestDifferences.endsAtDescriptor1024(subject.entry())) {
            expectTheWall();
        } else if (subject.atOnce(CLIENTS) == CLIENTS) {
            expectAllAtOnce();
        } else {
            expectOneAfterTheOther();
        }
    }

    private void expectAllAtOnce() throws IOException {
        ServerProcess server = subject.server();
        List<Client> clients = connect(server, CLIENTS);
        try {
            for (Client client : clients) {
                client.send("64\n");
            }
            for (Client client : clients) {
                client.expectAnswer(64);
            }
        } finally {
            close(clients);
        }
    }

    private void expectOneAfterTheOther() throws IOException {
        List<Client> clients = connect(subject.server(), subject.crowd(CLIENTS));
        try {
            for (Client client : clients) {
                client.send("64\n").expectAnswer(64);
                client.leave();
            }
        } finally {
            close(clients);
        }
    }

    private void expectTheWall() throws Exception {
        ServerProcess server = subject.ownServer();
        List<Client> clients = connect(server, CLIENTS);
        try {
            await("a word about it").atMost(ServerProcess.PATIENCE)
                    .until(() -> !server.err().isEmpty());
            assertThat(server.err().getFirst()).contains("1024", "select(2)", "poll");

            int served = 0;
            for (Client client : clients) {
                // In the order in which they came: first those that have a bit, then the refused.
                if (server.openDescriptors().contains(1_024)) {
                    throw new AssertionError("a client that cannot be served is kept");
                }
                if (served < CLIENTS && isServed(client)) {
                    served++;
                } else {
                    break;
                }
            }
            assertThat(served).isBetween(900, 1_023);
            for (Client refused : clients.subList(served, CLIENTS)) {
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
        } finally {
            close(clients);
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

    private static List<Client> connect(ServerProcess server, int count) throws IOException {
        List<Client> clients = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            clients.add(Client.of(server));
        }
        return clients;
    }

    private static void close(List<Client> clients) throws IOException {
        for (Client client : clients) {
            client.leave();
        }
    }
}
