// SPDX-License-Identifier: MIT
package csdesign.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import csdesign.harness.Client;
import csdesign.harness.EveryDesign;
import csdesign.harness.Largest;
import csdesign.harness.ServerProcess;
import csdesign.harness.Subject;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;

/// An answer that waits (for a database, say) holds up its own client only, and those for
/// whom there is no room before it has left. So it is with every limit at its largest: no
/// sum of times overflows, and none cuts a client off.
@Order(4)
@EveryDesign
record WaitContract(Subject subject) {
    private static final int WAIT_MILLIS = 400;
    private static final int CLIENTS = 100;

    private String[] waiting() {
        return Largest.limits(subject.entry(), "--wait", "" + WAIT_MILLIS);
    }

    @Test
    void shouldLetAllAnswersWaitAtTheSameTime() throws IOException {
        int count = subject.atOnce(CLIENTS);
        assumeTrue(count > 1, "two clients are not served at once for certain");
        ServerProcess server = subject.server(waiting());
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
        ServerProcess server = subject.server(waiting());
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
        try (Client client = Client.of(subject.server(waiting()))) {
            long begin = System.nanoTime();
            client.send("1\n3000\n").expectAnswer(1).expectAnswer(3000);
            assertThat(millisSince(begin)).isGreaterThanOrEqualTo(2L * WAIT_MILLIS);
        }
    }

    @Test
    void shouldWaitForTheRestOfARequest() throws Exception {
        ServerProcess server = subject.server(waiting());
        try (Client client = Client.of(server)) {
            client.send("5\n30").expectAnswer(5);
            server.awaitRead(client);
            TimeUnit.MILLISECONDS.sleep(100); // a deadline that is over already shows by now
            client.send("00\n").expectAnswer(3000);
        }
    }

    private static long millisSince(long begin) {
        return (System.nanoTime() - begin) / 1_000_000;
    }
}
