// SPDX-License-Identifier: MIT
package csdesign.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import csdesign.harness.Client;
import csdesign.harness.Crowd;
import csdesign.harness.EveryDesign;
import csdesign.harness.ServerProcess.Command;
import csdesign.harness.ServerProcess;
import csdesign.harness.SharedMemory;
import csdesign.harness.Subject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A stop lets no new client in and drops none that is in: who has asked is answered, who
/// is only connected has a last call, then the server says who did what and ends with
/// exit code 0.
@Order(2)
@EveryDesign
record StopContract(Subject subject) {
    /// A design that starts a JVM for each of those who wait needs more than the default grace on a
    /// busy machine.
    static final String[] QUEUE_OPTIONS = {"--grace", "60"};

    private static final long LONG_ANSWER = 32L * 1024 * 1024;

    @Test
    void shouldEndInOrderOnEitherSignalAndLeaveItsPortFreeAndNoFile(@TempDir Path temporary)
            throws Exception {
        Set<Path> before = SharedMemory.ourFiles();
        Command command = subject.command().withFlag("-Djava.io.tmpdir=" + temporary);
        ServerProcess first = subject.ownServer(command);
        try (Client client = Client.of(first)) {
            client.send("3000\n").expectAnswer(3000);
            // SIGINT, unless whatever runs these tests ignores it, and so what they start. The
            // server closes first: TIME_WAIT is then at its end of the connection.
            first.signal(ServerProcess.ignoresInterrupt() ? "TERM" : "INT");
            client.expectEnd();
        }
        expectReport(first);
        // What it was started to ignore and to block must not matter.
        ServerProcess second = subject.ownServer(
                command.onPort(first.port()).deafToSignals());
        try (Client client = Client.of(second)) {
            client.send("3000\n").expectAnswer(3000);
        }
        second.terminate();
        expectReport(second);
        // Another server that starts beside this test has its file for some milliseconds.
        await("no file of ours in shared memory").atMost(ServerProcess.PATIENCE)
                .untilAsserted(() -> assertThat(SharedMemory.ourFiles()).isSubsetOf(before));
        try (Stream<Path> left = Files.list(temporary)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void shouldFinishAnswersUnderWay() throws Exception {
        ServerProcess server = subject.ownServer();
        int count = subject.atOnce(5);
        List<Client> clients = new ArrayList<>();
        try {
            for (int i = 0; i < count; i++) {
                Client client = Client.withSmallWindow(server);
                clients.add(client);
                client.send(LONG_ANSWER + "\n").expectPart(0, 1_000_000);
            }
            server.terminate();
            for (Client client : clients) {
                client.expectPart(1_000_000, LONG_ANSWER).expectEnd();
                client.leave();
            }
        } finally {
            for (Client client : clients) {
                client.leave();
            }
        }
        server.expectQuietEnd(count);
    }

    @Test
    void shouldAnswerARequestThatWasSentBeforeTheStop() throws Exception {
        ServerProcess server = subject.ownServer();
        try (Client client = Client.withSmallWindow(server)) {
            client.send(LONG_ANSWER + "\n").expectPart(0, 1_000_000);
            // The server is within the answer and will not read this before it is done.
            client.send("3000\n");
            server.terminate();
            client.expectPart(1_000_000, LONG_ANSWER).expectAnswer(3000).expectEnd();
        }
        server.expectQuietEnd(1);
    }

    @Test
    void shouldServeTheAcceptQueue() throws Exception {
        ServerProcess server = subject.ownServer(QUEUE_OPTIONS);
        int count = stopOverAQueue(subject, server);
        server.expectQuietEnd(count);
    }

    /// Fills the queue, tells the server to stop, and expects an answer for each who waited.
    ///
    /// @return how many they were
    static int stopOverAQueue(Subject subject, ServerProcess server) throws Exception {
        int count = subject.crowd(50);
        server.freeze();
        try (Crowd crowd = new Crowd(server, count)) {
            crowd.send("3000\n");
            server.terminate();
            server.thaw();
            crowd.expectAnswersAndEnds(3000);
        }
        return count;
    }

    @Test
    void shouldSendIdleClientsAway() throws Exception {
        ServerProcess server = subject.ownServer();
        int count = subject.crowdInTurn(20);
        try (Crowd crowd = new Crowd(server, count)) {
            // One has asked before, the others never.
            crowd.first().send("3000\n").expectAnswer(3000);
            server.terminate();
            for (Client client : crowd.clients()) {
                client.expectEnd();
                client.leave();
            }
        }
        server.expectQuietEnd(count);
    }

    private static void expectReport(ServerProcess server) throws Exception {
        server.expectQuietEnd(1);
        assertThat(server.out()).anySatisfy(
                line -> assertThat(line).startsWith("1 connections, 1 requests, 3,000 bytes"));
        assertThat(server.out()).anySatisfy(line -> assertThat(line).startsWith("cost: "));
    }
}
