// SPDX-License-Identifier: MIT
package csdesign.contract;

import csdesign.harness.Client;
import csdesign.harness.Crowd;
import csdesign.harness.EveryDesign;
import csdesign.harness.ServerProcess;
import csdesign.harness.Subject;
import org.junit.jupiter.api.Test;

/// A server that has as many clients as it may serve at once hears a stop like any other, and
/// those who wait for a place are served before it ends.
@EveryDesign
record StopWhenFullContract(Subject subject) {
    @Test
    void shouldServeTheAcceptQueueThoughItIsFull() throws Exception {
        ServerProcess server = subject.ownServer("--max-connections", "1", "--wait", "100");
        try (Crowd crowd = new Crowd(server, 5)) {
            crowd.send("3000\n");
            server.awaitRead(crowd.first());
            server.terminate();
            crowd.expectAnswersAndEnds(3000);
        }
        server.expectQuietEnd(5);
    }

    @Test
    void shouldEndPromptlyThoughItIsFull() throws Exception {
        ServerProcess server = subject.ownServer("--max-connections", "1", "--wait", "300");
        try (Client client = Client.of(server)) {
            client.send("3000\n");
            server.awaitRead(client);
            server.terminate();
            client.expectAnswer(3000).expectEnd();
        }
        server.expectQuietEnd(1);
    }
}
