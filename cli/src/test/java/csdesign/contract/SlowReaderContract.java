// SPDX-License-Identifier: MIT
package csdesign.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// A client that asks for much and reads nothing costs the server one step of memory, and
/// the other clients nothing.
@EveryDesign
record SlowReaderContract(Subject subject) {
    private static final long LONG_ANSWER = 64L * 1024 * 1024;
    private static final int SLOW_READERS = 10;

    /// What ten stalled answers of 64 MiB may add: a server that buffers them needs 640
    /// MiB. What is seen is a few MiB, most of it code that the JVM compiles meanwhile.
    private static final long MOST_GROWTH_KIB = 48 * 1024;

    @Test
    void shouldServeOthersWhileSomeReadNothing() throws IOException {
        ServerProcess server = subject.server();
        List<Client> slow = new ArrayList<>();
        try {
            try (Client first = Client.of(server)) {
                first.send(LONG_ANSWER + "\n").expectAnswer(LONG_ANSWER); // warm
            }
            long before = server.residentKib();
            for (int i = 0; i < slowReaders(); i++) {
                slow.add(Client.withSmallWindow(server).send(LONG_ANSWER + "\n"));
            }
            for (Client client : slow) {
                await("the answer to begin").atMost(ServerProcess.PATIENCE).until(client::hasBytes);
            }

            if (Honest.servesOneAtATime(subject.entry())) {
                try (Client other = Client.of(server).send("3000\n")) {
                    assertThat(other.hasBytes()).isFalse(); // its turn comes when the first leaves
                    slow.getFirst().expectAnswer(LONG_ANSWER);
                    assertThat(other.hasBytes()).isFalse();
                    slow.getFirst().leave();
                    other.expectAnswer(3000);
                }
                return;
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

    private int slowReaders() {
        return Honest.servesOneAtATime(subject.entry()) ? 1 : SLOW_READERS;
    }
}
