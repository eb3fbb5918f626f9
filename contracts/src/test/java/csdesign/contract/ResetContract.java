// SPDX-License-Identifier: MIT
package csdesign.contract;

import static org.awaitility.Awaitility.await;

import csdesign.harness.Client;
import csdesign.harness.EveryDesign;
import csdesign.harness.ServerProcess;
import csdesign.harness.Subject;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;

/// Clients that vanish by a RST, at whichever moment, harm no other client: the server keeps
/// serving, keeps no descriptor, and says nothing (the [Subject] looks at stderr).
@Order(5)
@EveryDesign
record ResetContract(Subject subject) {
    private static final int CLIENTS = 50;
    private static final long LONG_ANSWER = 64L * 1024 * 1024;

    @Test
    void shouldKeepServingWhenClientsResetBeforeAccept() throws Exception {
        ServerProcess server = subject.server();
        try (Bystander bystander = new Bystander(server)) {
            server.freeze(); // so that none is accepted before they are gone
            try {
                for (int i = 0; i < subject.crowd(CLIENTS); i++) {
                    try (Client client = Client.of(server)) {
                        if (i % 2 == 0) {
                            client.send("3000\n");
                        }
                        client.reset();
                    }
                }
            } finally {
                server.thaw();
            }
            bystander.expectServed();
        }
    }

    @Test
    void shouldKeepServingWhenClientsResetWithinARequest() throws Exception {
        ServerProcess server = subject.server("--strict");
        try (Bystander bystander = new Bystander(server)) {
            for (int i = 0; i < subject.crowd(CLIENTS); i++) {
                try (Client client = Client.of(server)) {
                    client.send("30");
                    if (i % 10 == 0) {
                        server.awaitRead(client);
                    }
                    client.reset();
                }
            }
            bystander.expectServed();
        }
    }

    @Test
    void shouldKeepServingWhenClientsResetWithinAnAnswer() throws Exception {
        ServerProcess server = subject.server();
        try (Bystander bystander = new Bystander(server)) {
            for (int i = 0; i < subject.crowd(CLIENTS); i++) {
                try (Client client = Client.of(server)) {
                    client.send(LONG_ANSWER + "\n");
                    client.expectPart(0, i * 1_000L);
                    client.reset();
                }
            }
            bystander.expectServed();
        }
    }

    @Test
    void shouldKeepServingWhenClientsResetWhileTheirAnswerWaits() throws Exception {
        ServerProcess server = subject.server("--wait", "100");
        try (Bystander bystander = new Bystander(server)) {
            List<Client> clients = new ArrayList<>();
            // In turn, each would wait its 100 ms.
            int count = Math.min(CLIENTS, 5 * subject.atOnce(CLIENTS));
            for (int i = 0; i < count; i++) {
                clients.add(Client.of(server).send("3000\n"));
            }
            if (subject.atOnce(count + 1) > count) {
                server.awaitRead(clients.getLast());
            }
            for (Client client : clients) {
                client.reset();
            }
            bystander.expectServed();
        }
    }

    private boolean canBeBesideOthers() {
        return subject.atOnce(2) == 2;
    }

    /// A client that was connected before the trouble and must be served after it, by a
    /// server that holds as many descriptors as before. Where only one client can be
    /// served at a time it makes room for the trouble, and another one comes after it.
    private final class Bystander implements AutoCloseable {
        private final ServerProcess server;
        private final Client client;
        private final int descriptorsWithOneClient;

        Bystander(ServerProcess server) throws IOException {
            this.server = server;
            client = Client.of(server);
            client.send("64\n").expectAnswer(64); // what it takes to serve is loaded now
            descriptorsWithOneClient = server.descriptors();
            if (!canBeBesideOthers()) {
                client.close();
            }
        }

        void expectServed() throws IOException {
            if (canBeBesideOthers()) {
                client.send("3000\n").expectAnswer(3000);
            }
            try (Client late = Client.of(server)) {
                late.send("3000\n").expectAnswer(3000);
                if (canBeBesideOthers()) {
                    late.leave(); // one client is connected again, as when they were counted
                }
                await("descriptors as before").atMost(ServerProcess.PATIENCE)
                        .until(() -> server.descriptors() <= descriptorsWithOneClient);
            }
        }

        @Override
        public void close() throws IOException {
            client.close();
        }
    }
}
