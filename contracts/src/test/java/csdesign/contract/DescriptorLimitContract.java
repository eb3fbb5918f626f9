// SPDX-License-Identifier: MIT
package csdesign.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import csdesign.harness.AcceptPause;
import csdesign.harness.Client;
import csdesign.harness.Crowd;
import csdesign.harness.EveryDesign;
import csdesign.harness.ServerProcess;
import csdesign.harness.Subject;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Out of descriptors (EMFILE), accepting pauses and says so; it does not spin, although
/// the listening socket is readable all the while; and it goes on when there are
/// descriptors again. [LastDescriptorContract] has the designs that never hold so many.
@EveryDesign
record DescriptorLimitContract(Subject subject) {
    /// Enough for a JVM to start, few enough to use up.
    private static final int DESCRIPTORS = 80;

    private static final int CLIENTS = 100;

    @Test
    void shouldPauseAndRecoverWhenDescriptorsRunOut() throws Exception {
        assumeTrue(subject.capacity() >= CLIENTS, "it never has so many clients at once");
        ServerProcess server = subject.ownServer(
                subject.command().withDescriptors(DESCRIPTORS));
        try (Crowd crowd = new Crowd(server, 0)) {
            List<Client> clients = ask(server, crowd);
            AcceptPause.expect(server);
            // Each that leaves makes room for another: all who wait are served in their turn.
            for (int i = 0; i < CLIENTS; i++) {
                clients.get(i).expectAnswer(1000 + i);
                clients.get(i).leave();
            }
            expectServed(server);
        }
        server.terminate();
        assertThat(server.awaitExit(ServerProcess.PATIENCE)).isZero();
        assertThat(server.distributionSum()).isEqualTo(CLIENTS + 1L);
    }

    @Test
    void shouldStopInOrderWhileDescriptorsAreOut() throws Exception {
        assumeTrue(subject.capacity() >= CLIENTS, "it never has so many clients at once");
        ServerProcess server = subject.ownServer(
                subject.command().withDescriptors(DESCRIPTORS));
        try (Crowd crowd = new Crowd(server, 0)) {
            List<Client> clients = ask(server, crowd);
            AcceptPause.expect(server);
            server.terminate();
            for (int i = 0; i < CLIENTS; i++) {
                clients.get(i).expectAnswer(1000 + i).expectEnd();
                clients.get(i).leave();
            }
        }
        assertThat(server.awaitExit(Duration.ofSeconds(5))).isZero();
        assertThat(server.distributionSum()).isEqualTo(CLIENTS);
    }

    /// Each asks for another count, as soon as it is connected.
    private static List<Client> ask(ServerProcess server, Crowd crowd) throws IOException {
        for (int i = 0; i < CLIENTS; i++) {
            crowd.join(server, 1);
            crowd.clients().getLast().send((1000 + i) + "\n");
        }
        return crowd.clients();
    }

    private static void expectServed(ServerProcess server) throws IOException {
        try (Client client = Client.of(server)) {
            client.send("3000\n").expectAnswer(3000).halfClose().expectEnd();
        }
    }
}
