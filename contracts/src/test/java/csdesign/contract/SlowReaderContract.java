// SPDX-License-Identifier: MIT
package csdesign.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import csdesign.harness.Client;
import csdesign.harness.EveryDesign;
import csdesign.harness.ServerProcess;
import csdesign.harness.Subject;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// A client that asks for much and reads nothing costs the server one step of memory, and
/// the other clients nothing. Where it takes the last place, the next client is served
/// when it has left.
@EveryDesign
record SlowReaderContract(Subject subject) {
    private static final long SHORT_ANSWER = 1024 * 1024;
    private static final long LONG_ANSWER = 64L * 1024 * 1024;
    private static final int SLOW_READERS = 10;

    /// What stalled answers of 64 MiB may add: a server that buffers them needs 640 MiB for
    /// ten, 192 for the three that a pool has beside the last worker. What is seen is a few
    /// MiB, most of it code that the JVM compiles meanwhile.
    private static final long MOST_GROWTH_KIB = 48 * 1024;

    @Test
    void shouldServeOthersWhileSomeReadNothing() throws IOException {
        int count = subject.atOnce(SLOW_READERS + 1) - 1;
        assumeTrue(count > 0, "two clients are not served at once for certain");
        ServerProcess server = subject.server();
        List<Client> slow = new ArrayList<>();
        try {
            // Each is there and has been served, so that what is measured is the stall alone.
            for (int i = 0; i < count; i++) {
                slow.add(Client.withSmallWindow(server).send(SHORT_ANSWER + "\n")
                        .expectAnswer(SHORT_ANSWER));
            }
            long before = server.residentKib();
            for (Client client : slow) {
                client.send(LONG_ANSWER + "\n");
            }
            for (Client client : slow) {
                await("the answer to begin").atMost(ServerProcess.PATIENCE).until(client::hasBytes);
            }

            try (Client other = Client.of(server)) {
                for (int i = 0; i < 200; i++) {
                    other.send("3000\n").expectAnswer(3000);
                }
            }
            assertThat(server.residentKib() - before).isLessThan(MOST_GROWTH_KIB);
            // One that begins to read after all gets all of it.
            slow.getFirst().expectAnswer(LONG_ANSWER);
        } finally {
            for (Client client : slow) {
                client.reset();
            }
        }
    }

    @Test
    void shouldServeTheNextWhenASlowReaderHasLeft() throws IOException {
        int count = subject.capacity();
        assumeTrue(count <= SLOW_READERS, "there is room for all of them");
        ServerProcess server = subject.server();
        List<Client> slow = new ArrayList<>();
        try {
            for (int i = 0; i < subject.atOnce(count); i++) {
                slow.add(Client.withSmallWindow(server).send(LONG_ANSWER + "\n"));
                await("the answer to begin").atMost(ServerProcess.PATIENCE)
                        .until(slow.getLast()::hasBytes);
            }
            try (Client other = Client.of(server).send("3000\n")) {
                if (slow.size() == count) {
                    assertThat(other.hasBytes()).isFalse();
                }
                slow.getFirst().expectAnswer(LONG_ANSWER);
                if (slow.size() == count) {
                    assertThat(other.hasBytes()).isFalse(); // it is within its rights to stay
                }
                slow.getFirst().leave();
                other.expectAnswer(3000);
            }
        } finally {
            for (Client client : slow) {
                client.reset();
            }
        }
    }
}
