// SPDX-License-Identifier: MIT
package csdesign.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// An answer that waits (for a database, say) holds up its own client only, and those for
/// whom there is no room before it has left.
@EveryDesign
record WaitContract(Subject subject) {
    private static final int WAIT_MILLIS = 400;
    private static final int CLIENTS = 100;

    @Test
    void shouldLetAllAnswersWaitAtTheSameTime() throws IOException {
        int count = subject.atOnce(CLIENTS);
        assumeTrue(count > 1, "two clients are not served at once for certain");
        ServerProcess server = subject.server("--wait", "" + WAIT_MILLIS);
        List<Client> clients = new ArrayList<>();
        try {
            for (int i = 0; i < count; i++) {
                clients.add(Client.of(server).send("1\n"));
            }
            for (Client client : clients) {
                client.expectAnswer(1); // what serves it is there
            }
            long begin = System.nanoTime();
            for (Client client : clients) {
                client.send("3000\n");
            }
            for (Client client : clients) {
                client.expectAnswer(3000);
            }
            // One after the other would take count * WAIT_MILLIS.
            assertThat(millisSince(begin))
                    .isBetween((long) WAIT_MILLIS, 3L * count * WAIT_MILLIS / 4);
        } finally {
            for (Client client : clients) {
                client.close();
            }
        }
    }

    @Test
    void shouldLetThoseAboveItsCapacityWaitTheirTurn() throws IOException {
        int count = subject.crowdInTurn(CLIENTS);
        assumeTrue(count > subject.capacity(), "there is room for all of them");
        ServerProcess server = subject.server("--wait", "" + WAIT_MILLIS);
        List<Client> clients = new ArrayList<>();
        try {
            long begin = System.nanoTime();
            for (int i = 0; i < count; i++) {
                clients.add(Client.of(server).send("3000\n"));
            }
            for (Client client : clients) {
                client.expectAnswer(3000);
                client.close(); // makes room
            }
            assertThat(millisSince(begin))
                    .isGreaterThanOrEqualTo((long) count / subject.capacity() * WAIT_MILLIS);
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
            assertThat(millisSince(begin)).isGreaterThanOrEqualTo(2L * WAIT_MILLIS);
        }
    }

    private static long millisSince(long begin) {
        return (System.nanoTime() - begin) / 1_000_000;
    }
}
