// SPDX-License-Identifier: MIT
package csdesign.contract;

import csdesign.harness.Client;
import csdesign.harness.EveryDesign;
import csdesign.harness.ServerProcess;
import csdesign.harness.Subject;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// TCP is a stream of bytes: a request may arrive in any pieces. With `--strict` a
/// request ends at its line end, wherever the pieces end.
@EveryDesign
record SplitRequestContract(Subject subject) {
    @ParameterizedTest
    @ValueSource(strings = {"3000\n", "70\r\n"})
    void shouldAnswerARequestSplitAnywhere(String request) throws IOException {
        int count = Integer.parseInt(request.strip());
        ServerProcess server = subject.server("--strict");
        try (Client client = Client.of(server)) {
            for (int cut = 1; cut < request.length(); cut++) {
                client.send(request.substring(0, cut));
                server.awaitRead(client); // so it did arrive in two pieces
                client.send(request.substring(cut)).expectAnswer(count);
            }
            client.halfClose().expectEnd();
        }
    }

    @Test
    void shouldAnswerRequestsThatComeByteByByte() throws IOException {
        ServerProcess server = subject.server("--strict");
        String requests = "30\n0\r\n1\n";
        try (Client client = Client.of(server)) {
            for (int i = 0; i < requests.length(); i++) {
                client.send(requests.substring(i, i + 1));
                server.awaitRead(client);
            }
            client.expectAnswer(30).expectAnswer(0).expectAnswer(1).halfClose().expectEnd();
        }
    }

    @Test
    void shouldAnswerARequestThatComesWithPartOfTheNext() throws IOException {
        ServerProcess server = subject.server("--strict");
        try (Client client = Client.of(server)) {
            client.send("10\n2").expectAnswer(10);
            client.send("0\n30").expectAnswer(20);
            client.send("\r\n").expectAnswer(30).halfClose().expectEnd();
        }
    }
}
