// SPDX-License-Identifier: MIT
package csdesign.contract;

import csdesign.harness.Client;
import csdesign.harness.EveryDesign;
import csdesign.harness.Subject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The answer is as long as was asked, and every byte of it is right.
@EveryDesign
record ExactBytesContract(Subject subject) {
    private static final int MANY = 10 * 1024 * 1024;

    @ParameterizedTest
    @ValueSource(ints = {1, 3000, MANY})
    void shouldAnswerDigitsWithoutLineEnd(int count) throws IOException {
        try (Client client = Client.of(subject.server())) {
            client.send("" + count).expectAnswer(count);
            client.send("" + count).expectAnswer(count).halfClose().expectEnd();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3000, MANY})
    void shouldAnswerALine(int count) throws IOException {
        try (Client client = Client.of(subject.server())) {
            client.send(count + "\n").expectAnswer(count).halfClose().expectEnd();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3000, MANY})
    void shouldAnswerALineOfDos(int count) throws IOException {
        try (Client client = Client.of(subject.server())) {
            client.send(count + "\r\n").expectAnswer(count).halfClose().expectEnd();
        }
    }

    @Test
    void shouldAnswerNothingToZeroWithoutLineEnd() throws IOException {
        try (Client client = Client.of(subject.server())) {
            client.send("0").halfClose().expectEnd();
        }
    }

    @Test
    void shouldServeManyRequestsOnOneConnection() throws IOException {
        try (Client client = Client.of(subject.server())) {
            for (int count : new int[] {1, 3000, 0, 64, 65_536, 1, MANY, 65_537, 7}) {
                client.send(count + "\n").expectAnswer(count);
            }
            client.halfClose().expectEnd();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3000, MANY})
    void shouldCloseAfterTheFirstAnswerWithOnce(int count) throws IOException {
        try (Client client = Client.of(subject.server("--once"))) {
            // The second request is there already: it must not be answered, nor turn the end
            // into a RST.
            client.send(count + "\n1\n").expectAnswer(count).expectEnd();
        }
    }

    @Test
    void shouldEchoWhatItGets() throws IOException {
        byte[] sent = new byte[100_000]; // less than what the kernel's buffers hold between us
        new Random(1).nextBytes(sent);
        try (Client client = Client.of(subject.server("--service", "echo"))) {
            client.send(sent).expectBytes(sent);
            client.send("again")
                    .expectBytes("again".getBytes(StandardCharsets.US_ASCII));
            client.send(sent).halfClose().expectBytes(sent).expectEnd();
        }
    }
}
