// SPDX-License-Identifier: MIT
package csdesign.contract;

import static org.assertj.core.api.Assertions.assertThat;

import csdesign.harness.Client;
import csdesign.harness.EveryDesign;
import csdesign.harness.HonestDifferences;
import csdesign.harness.ServerProcess;
import csdesign.harness.Subject;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// `--max-connections` is a limit on who is served at once, not on who comes: the others
/// wait in the backlog and are served when there is room.
@EveryDesign
record MaxConnectionsContract(Subject subject) {
    private static final int WAITING = 10;

    @Test
    void shouldServeThoseWhoWaitWhenThereIsRoom() throws IOException {
        int room = subject.atOnce(3);
        ServerProcess server = subject.server("--max-connections", "" + room);
        List<Client> inside = new ArrayList<>();
        List<Client> waiting = new ArrayList<>();
        try {
            for (int i = 0; i < room; i++) {
                inside.add(Client.of(server).send("64\n").expectAnswer(64));
            }
            int descriptors = server.descriptors();
            for (int i = 0; i < WAITING; i++) {
                waiting.add(Client.of(server).send((1000 + i) + "\n"));
            }
            for (int i = 0; i < 20; i++) {
                for (Client client : inside) {
                    client.send("64\n").expectAnswer(64); // as if nobody waited
                }
            }
            for (Client client : waiting) {
                assertThat(client.hasBytes()).isFalse();
            }
            int ahead = Math.min(WAITING, HonestDifferences.acceptedAhead(subject.entry()));
            assertThat(server.descriptors()).isLessThanOrEqualTo(descriptors + ahead);

            for (Client client : inside) {
                client.leave();
            }
            for (int i = 0; i < WAITING; i++) {
                waiting.get(i).expectAnswer(1000 + i);
                waiting.get(i).leave();
            }
        } finally {
            for (Client client : inside) {
                client.leave();
            }
            for (Client client : waiting) {
                client.leave();
            }
        }
    }
}
