// SPDX-License-Identifier: MIT
package csdesign.contract;

import static org.assertj.core.api.Assertions.assertThat;

import csdesign.harness.Client;
import csdesign.harness.EveryDesign;
import csdesign.harness.Subject;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A client that says "I send no more" still reads: it gets every answer that it is owed,
/// then the end of the stream.
@EveryDesign
record HalfCloseContract(Subject subject) {
    @ParameterizedTest
    @CsvSource({"3000, ''", "3000, '\n'", "10485760, ''", "10485760, '\r\n'"})
    void shouldAnswerAfterTheClientHasEnded(int count, String lineEnd) throws IOException {
        try (Client client = Client.of(subject.server())) {
            client.send(count + lineEnd).halfClose().expectAnswer(count).expectEnd();
        }
    }

    @Test
    void shouldAnswerAllThatWasPipelinedBeforeTheEnd() throws IOException {
        try (Client client = Client.of(subject.server())) {
            client.send("100000\n2\n3000\n4").halfClose();
            client.expectAnswer(100_000).expectAnswer(2).expectAnswer(3000).expectAnswer(4);
            client.expectEnd();
        }
    }

    @Test
    void shouldAnswerLateToAClientThatHasEnded() throws IOException {
        try (Client client = Client.of(subject.server("--wait", "100"))) {
            client.send("3000\n5\n").halfClose().expectAnswer(3000).expectAnswer(5).expectEnd();
        }
    }

    @Test
    void shouldRefuseAnUnfinishedRequestWithStrict() throws IOException {
        try (Client client = Client.of(subject.server("--strict"))) {
            client.send("3000").halfClose();
            assertThat(client.readLine()).startsWith("ERR ");
            client.expectEnd();
        }
    }

    @Test
    void shouldCloseWhenTheClientEndsWithoutAWord() throws IOException {
        try (Client client = Client.of(subject.server())) {
            client.halfClose().expectEnd();
        }
    }
}
