// SPDX-License-Identifier: MIT
package csdesign.contract;

import static org.assertj.core.api.Assertions.assertThat;

import csdesign.harness.Client;
import csdesign.harness.EveryDesign;
import csdesign.harness.ServerProcess;
import csdesign.harness.Subject;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/// A client that reads as fast as the server can write does not keep the server to
/// itself.
@EveryDesign
record FastReaderContract(Subject subject) {
    /// Some seconds of copying: a small client that had to wait for it would come after
    /// it.
    private static final long BULK = 8L << 30;

    private static final int SMALL_REQUESTS = 50;

    @Test
    void shouldServeASmallClientBesideAFastBulkReader() throws Exception {
        ServerProcess server = subject.server("--max-answer-bytes", "" + BULK);
        try (Client bulk = Client.of(server);
                Client small = Client.of(server)) {
            bulk.send(BULK + "\n").expectPart(0, 1_000_000);
            AtomicBoolean bulkIsDone = new AtomicBoolean();
            Thread reader = Thread.ofPlatform().start(() -> {
                try {
                    bulk.expectPart(1_000_000, BULK);
                    bulkIsDone.set(true);
                } catch (AssertionError | IOException cut) {
                    // we cut it ourselves when we have seen enough
                }
            });

            if (subject.atOnce(2) < 2) {
                small.send("3000\n");
                if (subject.capacity() < 2) {
                    assertThat(small.hasBytes()).isFalse();
                }
                bulk.reset();
                small.expectAnswer(3000);
            } else {
                for (int i = 0; i < SMALL_REQUESTS; i++) {
                    small.send("3000\n").expectAnswer(3000);
                }
                assertThat(bulkIsDone).as("the bulk answer came first").isFalse();
                bulk.reset();
            }
            reader.join();
        }
    }
}
