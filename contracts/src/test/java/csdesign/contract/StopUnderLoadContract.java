// SPDX-License-Identifier: MIT
package csdesign.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import csdesign.harness.Client;
import csdesign.harness.Crowd;
import csdesign.harness.EveryDesign;
import csdesign.harness.HonestDifferences;
import csdesign.harness.LoadUntilStop;
import csdesign.harness.ServerProcess;
import csdesign.harness.Subject;
import java.util.List;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;

/// A stop under load loses no client: none of those that come in the moment of the signal, and none
/// whose answer waits while every process of the server is told, in no order and more than once.
@Order(6)
@EveryDesign
record StopUnderLoadContract(Subject subject) {
    @Test
    void shouldLoseNobodyUnderLoad() throws Exception {
        ServerProcess server = subject.ownServer();
        stopUnderLoad(subject, server, HonestDifferences.mayResetNewcomersAtStop(subject.entry()));
        assertThat(server.err()).isEmpty();
    }

    static void stopUnderLoad(Subject subject, ServerProcess server, boolean newcomersMayBeReset)
            throws Exception {
        LoadUntilStop load = new LoadUntilStop(server, newcomersMayBeReset);
        load.start(16, subject.atOnce(4) - 1);
        int many = subject.crowd(500);
        await("load").atMost(ServerProcess.PATIENCE).until(() -> load.answers() > many);
        load.terminateServer();
        assertThat(server.awaitExit(ServerProcess.PATIENCE)).isZero();
        load.join();
        assertThat(load.errors()).isEmpty();
        assertThat(server.distributionSum())
                .isBetween(load.connections() - load.resets(), load.connections());
    }

    /// A service manager sends the signal to every process of a server, in no order, and a
    /// script may do so again: it is one stop.
    @Test
    void shouldAnswerThoseWhoseAnswerWaitsThoughEveryProcessIsTold() throws Exception {
        ServerProcess server = subject.ownServer("--wait", "400");
        int count = subject.crowdInTurn(20);
        try (Crowd crowd = new Crowd(server, count)) {
            crowd.send("3000\n");
            for (Client client : crowd.clients().subList(0, subject.atOnce(count))) {
                server.awaitRead(client);
            }
            List<ProcessHandle> workers = server.workers();
            for (String signal : List.of("TERM", "INT", "HUP", "TERM")) {
                ServerProcess.signalThoseLeft(signal, workers);
            }
            server.signalAll("TERM");
            ServerProcess.signalThoseLeft("TERM", workers);
            crowd.expectAnswersAndEnds(3000);
        }
        server.expectQuietEnd(count);
    }
}
