// SPDX-License-Identifier: MIT
package csdesign.contract;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// An answer that waits (for a database, say) holds up its own client only.
@EveryDesign
record WaitContract(Subject subject) {
    private static final int WAIT_MILLIS = 200;
    private static final int CLIENTS = 100;

    @Test
    void shouldLetAllAnswersWaitAtTheSameTime() throws IOException {
        ServerProcess server = subject.server("--wait", "" + WAIT_MILLIS);
        boolean inTurn = Honest.servesOneAtATime(subject.entry());
        int count = inTurn ? 3 : CLIENTS;
        List<Client> clients = new ArrayList<>();
        try {
            for (int i = 0; i < count; i++) {
                clients.add(Client.of(server));
            }
            long begin = System.nanoTime();
            for (Client client : clients) {
                client.send("3000\n");
            }
            for (Client client : clients) {
                client.expectAnswer(3000);
                client.close(); // makes room where there is room for one only
            }
            long millis = (System.nanoTime() - begin) / 1_000_000;
            if (inTurn) {
                assertThat(millis).isGreaterThanOrEqualTo((long) count * WAIT_MILLIS);
            } else {
                assertThat(millis).isBetween(
                        (long) WAIT_MILLIS, (long) CLIENTS * WAIT_MILLIS / 2);
            }
        } finally {
            for (Client client : clients) {
                client.close();
            }
        }
    }

    @Test
    void shouldWaitBeforeEachAnswerOfAPipeline() throws IOException {
        try (Client client = Client.of(subject.server("--wait", "" + WAIT_MILLIS))) {
            long begin = System.nanoTime();
            client.send("1\n3000\n").expectAnswer(1).expectAnswer(3000);
            assertThat((System.nanoTime() - begin) / 1_000_000)
                    .isGreaterThanOrEqualTo(2L * WAIT_MILLIS);
        }
    }
}
