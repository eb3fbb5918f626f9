// SPDX-License-Identifier: MIT
package csdesign.contract;

import csdesign.harness.Client;
import csdesign.harness.EveryDesign;
import csdesign.harness.Subject;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A client that sends line ends need not wait for an answer before it asks again:
/// answers come in the order of the requests, wherever TCP cuts them.
@EveryDesign
record PipelineContract(Subject subject) {
    private static final int REQUESTS = 5_000;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void shouldAnswerInOrderWhereverThePipelineIsCut(long seed) throws Exception {
        Random random = new Random(seed);
        // Lengths that differ: an answer out of order shifts the pattern of all that follow.
        int[] counts = random.ints(REQUESTS, 0, 300).toArray();
        counts[REQUESTS / 2] = 200_000;
        StringBuilder text = new StringBuilder();
        for (int count : counts) {
            text.append(count).append(random.nextBoolean() ? "\n" : "\r\n");
        }
        byte[] requests = text.toString().getBytes(StandardCharsets.US_ASCII);

        try (Client client = Client.of(subject.server())) {
            FutureTask<Void> sender = new FutureTask<>(() -> {
                // The first request is whole: its line end tells what client this is.
                int from = 0;
                for (int to = 6; from < requests.length; to = from + 1 + random.nextInt(2_000)) {
                    to = Math.min(to, requests.length);
                    client.send(Arrays.copyOfRange(requests, from, to));
                    from = to;
                }
                client.halfClose();
                return null;
            });
            Thread.ofVirtual().start(sender);
            for (int count : counts) {
                client.expectAnswer(count);
            }
            client.expectEnd();
            sender.get();
        }
    }
}
