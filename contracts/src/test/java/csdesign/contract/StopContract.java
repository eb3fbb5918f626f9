// SPDX-License-Identifier: MIT
package csdesign.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import csdesign.harness.Client;
import csdesign.harness.EveryDesign;
import csdesign.harness.HonestDifferences;
import csdesign.harness.Largest;
import csdesign.harness.ServerProcess;
import csdesign.harness.ServerProcess.Command;
import csdesign.harness.SharedMemory;
import csdesign.harness.Subject;
import csdesign.kit.Limits;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A stop lets no new client in and drops none that is in: who has asked is answered, who
/// is only connected has a last call, then the server says who did what and ends with
/// exit code 0.
@EveryDesign
record StopContract(Subject subject) {
    /// Well within the default grace of 10 s: a server that sits its grace out is late.
    private static final Duration PROMPT = Duration.ofSeconds(5);

    /// A design that starts a JVM for each of those who wait needs more than the default grace on a
    /// busy machine.
    static final String[] QUEUE_OPTIONS = {"--grace", "60"};

    private static final long LONG_ANSWER = 32L * 1024 * 1024;

    @Test
    void shouldEndInOrderAndLeaveItsPortFreeAndNoFile(@TempDir Path temporary) throws Exception {
        Set<Path> before = SharedMemory.ourFiles();
        Command command = subject.command().withFlag("-Djava.io.tmpdir=" + temporary);
        ServerProcess first = subject.ownServer(command);
        try (Client client = Client.of(first)) {
            client.send("3000\n").expectAnswer(3000);
            first.terminate(); // it closes first: TIME_WAIT is then at its end of the connection
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
    void shouldEndInOrderOnAnInterrupt() throws Exception {
        assumeFalse(ServerProcess.ignoresInterrupt(),
                "SIGINT is ignored by whatever runs these tests, and so by what they start");
        ServerProcess server = subject.ownServer();
        try (Client client = Client.of(server)) {
            client.send("3000\n").expectAnswer(3000);
        }
        server.signal("INT");
        expectReport(server);
    }

    /// A service manager sends the signal to every process of a server, in no order, and a
    /// script may do so again: it is one stop.
    @Test
    void shouldAnswerThoseWhoseAnswerWaitsThoughEveryProcessIsTold() throws Exception {
        ServerProcess server = subject.ownServer("--wait", "400");
        int count = subject.crowdInTurn(20);
        try (Crowd crowd = new Crowd(server, count)) {
            for (Client client : crowd.clients) {
                client.send("3000\n");
            }
            for (Client client : crowd.clients.subList(0, subject.atOnce(count))) {
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
        expectQuietEnd(server, count);
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
        expectQuietEnd(server, count);
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
        expectQuietEnd(server, 1);
    }

    @Test
    void shouldServeTheAcceptQueue() throws Exception {
        ServerProcess server = subject.ownServer(QUEUE_OPTIONS);
        int count = stopOverAQueue(subject, server);
        expectQuietEnd(server, count);
    }

    /// Fills the queue, tells the server to stop, and expects an answer for each who waited.
    ///
    /// @return how many they were
    static int stopOverAQueue(Subject subject, ServerProcess server) throws Exception {
        int count = subject.crowd(50);
        server.freeze();
        try (Crowd crowd = new Crowd(server, count)) {
            for (Client client : crowd.clients) {
                client.send("3000\n");
            }
            server.terminate();
            server.thaw();
            crowd.expectAnswersAndEnds(3000);
        }
        return count;
    }

    @Test
    void shouldServeTheAcceptQueueThoughItIsFull() throws Exception {
        ServerProcess server = subject.ownServer("--max-connections", "1", "--wait", "100");
        try (Crowd crowd = new Crowd(server, 5)) {
            for (Client client : crowd.clients) {
                client.send("3000\n");
            }
            server.awaitRead(crowd.first());
            server.terminate();
            crowd.expectAnswersAndEnds(3000);
        }
        expectQuietEnd(server, 5);
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
        expectQuietEnd(server, 1);
    }

    @Test
    void shouldSendIdleClientsAway() throws Exception {
        ServerProcess server = subject.ownServer();
        int count = subject.crowdInTurn(20);
        try (Crowd crowd = new Crowd(server, count)) {
            // One has asked before, the others never.
            crowd.first().send("3000\n").expectAnswer(3000);
            server.terminate();
            for (Client client : crowd.clients) {
                client.expectEnd();
                client.leave();
            }
        }
        expectQuietEnd(server, count);
    }

    @Test
    void shouldCutTheEndlessWhenTheGraceIsOverAndCountThoseBehindIt() throws Exception {
        ServerProcess server = subject.ownServer("--grace", "0.5", "--max-connections", "1");
        try (Client client = Client.withSmallWindow(server);
                Crowd behind = new Crowd(server, 0)) {
            client.send(LONG_ANSWER + "\n").expectPart(0, 1_000_000); // and reads no more
            behind.join(server, 3);
            for (Client waiting : behind.clients) {
                waiting.send("3000\n");
            }
            long begin = System.nanoTime();
            server.terminate();
            assertThat(server.awaitExit(PROMPT)).as("a client was cut").isEqualTo(1);
            assertThat((System.nanoTime() - begin) / 1_000_000).isGreaterThanOrEqualTo(500);
            assertThat(client.drain()).isLessThan(LONG_ANSWER - 1_000_000);
        }
        assertThat(server.distributionSum()).isBetween(1L, 4L); // some accept ahead
        expectSaysThatWereCut(server, "4 connections");
    }

    @Test
    void shouldEndAtOnceOnASecondSignal() throws Exception {
        ServerProcess server = subject.ownServer(Largest.limits(subject.entry()));
        try (Client client = Client.withSmallWindow(server)) {
            client.send(2 * LONG_ANSWER + "\n").expectPart(0, 1_000_000);
            // The end of the terminal is a stop too.
            server.signal(ServerProcess.ignoresHangup() ? "TERM" : "HUP");
            server.awaitSignalDelivered();
            client.expectPart(1_000_000, LONG_ANSWER); // the grace lasts; and reads no more
            server.terminate();
            assertThat(server.awaitExit(PROMPT)).as("a client was cut").isEqualTo(1);
        }
        expectSaysThatWereCut(server, "1 connection ");
    }

    private static void expectSaysThatWereCut(ServerProcess server, String connections) {
        assertThat(server.err()).singleElement().asString()
                .contains("cut " + connections, "--grace");
    }

    @Test
    void shouldLoseNobodyUnderLoad() throws Exception {
        ServerProcess server = subject.ownServer();
        stopUnderLoad(subject, server, HonestDifferences.mayResetNewcomersAtStop(subject.entry()));
        assertThat(server.err()).isEmpty();
    }

    static void stopUnderLoad(Subject subject, ServerProcess server, boolean newcomersMayBeReset)
            throws Exception {
        Load load = new Load(server, newcomersMayBeReset);
        load.start(16, subject.atOnce(4) - 1);
        int many = subject.crowd(500);
        await("load").atMost(ServerProcess.PATIENCE).until(() -> load.answers.get() > many);
        load.terminateServer();
        assertThat(server.awaitExit(ServerProcess.PATIENCE)).isZero();
        load.join();
        assertThat(load.errors).isEmpty();
        assertThat(server.distributionSum())
                .isBetween(load.connections.get() - load.resets.get(), load.connections.get());
    }

    private static void expectReport(ServerProcess server) throws Exception {
        expectQuietEnd(server, 1);
        assertThat(server.out()).anySatisfy(
                line -> assertThat(line).startsWith("1 connections, 1 requests, 3,000 bytes"));
        assertThat(server.out()).anySatisfy(line -> assertThat(line).startsWith("cost: "));
    }

    private static void expectQuietEnd(ServerProcess server, int connections) throws Exception {
        assertThat(server.awaitExit(PROMPT)).isZero();
        assertThat(server.err()).isEmpty();
        assertThat(server.distributionSum()).isEqualTo(connections);
    }

    /// Clients that are connected in this order.
    private static final class Crowd implements AutoCloseable {
        final List<Client> clients = new ArrayList<>();

        Crowd(ServerProcess server, int count) throws IOException {
            join(server, count);
        }

        void join(ServerProcess server, int count) throws IOException {
            for (int i = 0; i < count; i++) {
                clients.add(Client.of(server));
            }
        }

        Client first() {
            return clients.getFirst();
        }

        void expectAnswersAndEnds(int count) throws IOException {
            for (Client client : clients) {
                client.expectAnswer(count).expectEnd();
                client.leave(); // makes room where there is room for one only
            }
        }

        @Override
        public void close() throws IOException {
            for (Client client : clients) {
                client.leave();
            }
        }
    }

    /// Clients that ask until nobody lets them in, and know what they may expect.
    static final class Load {
        private static final int COUNT = 3000;

        final AtomicLong answers = new AtomicLong();
        final AtomicLong connections = new AtomicLong();
        final AtomicLong resets = new AtomicLong();
        final ConcurrentLinkedQueue<String> errors = new ConcurrentLinkedQueue<>();
        private final List<Thread> threads = new ArrayList<>();
        private final ServerProcess server;
        private final boolean newcomersMayBeReset;
        private volatile boolean signalled;
        private volatile long signalNanos;

        Load(ServerProcess server, boolean newcomersMayBeReset) {
            this.server = server;
            this.newcomersMayBeReset = newcomersMayBeReset;
        }

        void start(int onePerRequest, int keepingAlive) {
            for (int i = 0; i < onePerRequest + keepingAlive; i++) {
                int requests = i < onePerRequest ? 1 : Integer.MAX_VALUE;
                threads.add(Thread.ofPlatform().start(() -> run(requests)));
            }
        }

        void terminateServer() {
            beforeSignal();
            server.terminate();
        }

        /// The server is told in a moment.
        void beforeSignal() {
            signalNanos = System.nanoTime();
            signalled = true;
        }

        void join() throws InterruptedException {
            for (Thread thread : threads) {
                thread.join();
            }
        }

        private void run(int requestsPerConnection) {
            while (errors.isEmpty()) {
                try (Client client = Client.of(server)) {
                    connections.incrementAndGet();
                    for (int i = 0; i < requestsPerConnection && ask(client); i++) {
                        answers.incrementAndGet();
                    }
                } catch (ConnectException | SocketTimeoutException refused) {
                    if (!signalled) {
                        errors.add("refused before the signal: " + refused);
                    }
                    return;
                } catch (SocketException reset) { // in connect already
                    if (!(signalled && newcomersMayBeReset)) {
                        errors.add(reset.toString());
                    }
                } catch (IOException e) {
                    errors.add(e.toString());
                }
            }
        }

        /// @return whether it was answered
        private boolean ask(Client client) throws IOException {
            long before = client.received();
            boolean first = before == 0;
            boolean sentInTime = true;
            try {
                client.send(COUNT + "\n");
                sentInTime = sentInTime(first);
                client.expectAnswer(COUNT);
                return true;
            } catch (AssertionError | SocketException e) {
                boolean nothingCame = client.received() == before;
                boolean reset = !(e instanceof AssertionError) || e.getCause() != null;
                if (reset && signalled && newcomersMayBeReset && first && nothingCame) {
                    resets.incrementAndGet();
                } else if (!nothingCame || sentInTime || (reset && first)) {
                    errors.add((first ? "first" : "later") + " request, sent "
                            + (System.nanoTime() - signalNanos) / 1_000 + " us after the signal, "
                            + (client.received() - before) + " bytes came: " + e);
                }
                return false;
            }
        }

        /// Whether a request that is on the wire now must be answered: a client's first
        /// one until the last call is over (half of it, for the clocks differ), later
        /// ones until the signal. Then the connection may end in order between two
        /// answers.
        private boolean sentInTime(boolean first) {
            long most = first ? TimeUnit.MILLISECONDS.toNanos(Limits.LAST_CALL_MILLIS / 2) : 0;
            return !signalled || System.nanoTime() - signalNanos < most;
        }
    }
}
