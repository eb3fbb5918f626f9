// SPDX-License-Identifier: MIT
package csdesign.contract;

import static org.assertj.core.api.Assertions.assertThat;

import csdesign.harness.Client;
import csdesign.harness.EveryDesign;
import csdesign.harness.ServerProcess;
import csdesign.harness.Subject;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What is no request is answered with one line that says what was expected, and an
/// orderly close. A RST instead would destroy that line on its way.
@EveryDesign
record RefusalContract(Subject subject) {
    @ParameterizedTest
    @ValueSource(strings = {
            "hello\n",
            "-1\n",
            "+1\n",
            "\n",
            "\r\n",
            "3 000\n",
            " 1\n",
            "12a\n",
            "1.5\n",
            "0x10\n",
            "1\r1\n",
            "\0",
            "\u00ff\u00fe",
            "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "1073741825\n", // one above the limit of 1 GiB
            "9223372036854775808\n", // no long
            "99999999999999999999999999999999\n",
            "000000000000000000000000000000001\n", // more digits than are read
    })
    void shouldRefuseWhatIsNoCount(String request) throws IOException {
        try (Client client = Client.of(subject.server())) {
            client.send(request);
            expectRefusal(client);
        }
        try (Client client = Client.of(subject.server())) {
            client.send("3000\n").expectAnswer(3000);
        }
    }

    @Test
    void shouldAnswerWhatCameBefore() throws IOException {
        try (Client client = Client.of(subject.server())) {
            client.send("3000\n1\nhello\n5\n").expectAnswer(3000).expectAnswer(1);
            expectRefusal(client);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"x", "1"})
    void shouldRefuseInOrderWhenMuchMoreWasSent(String what) throws IOException {
        try (Client client = Client.of(subject.server("--strict"))) {
            client.send(what.repeat(1024 * 1024)); // all of it, before a byte is read
            expectRefusal(client);
        }
    }

    @Test
    void shouldKeepToItsOwnLimits() throws IOException {
        ServerProcess server = subject.server("--max-answer-bytes", "1000", "--max-request-bytes",
                "5");
        try (Client client = Client.of(server)) {
            client.send("1000\n").expectAnswer(1000).send("00999\n").expectAnswer(999);
            client.send("1001\n");
            assertThat(client.readLine()).startsWith("ERR ").contains("1000");
            client.expectEnd();
        }
        try (Client client = Client.of(server)) {
            client.send("000999\n");
            assertThat(client.readLine()).startsWith("ERR ").contains("5");
            client.expectEnd();
        }
    }

    private static void expectRefusal(Client client) throws IOException {
        assertThat(client.readLine()).startsWith("ERR ").hasSizeBetween(10, 200);
        client.expectEnd();
    }
}
