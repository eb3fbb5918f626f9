// SPDX-License-Identifier: MIT
package csdesign.client;

import static csdesign.client.TestServer.payload;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import csdesign.client.Load.Engine;
import csdesign.evidence.PrivateNetwork;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

@Timeout(60)
class ClientTest {
    static Stream<Arguments> enginesAndModes() {
        return Stream.of(Engine.values())
                .flatMap(
                        engine -> Stream.of(false, true)
                                .map(keepAlive -> Arguments.of(engine, keepAlive)));
    }

    @ParameterizedTest
    @MethodSource("enginesAndModes")
    void shouldCountEveryAnswerWhenTheServerIsRight(Engine engine, boolean keepAlive)
            throws IOException {
        try (TestServer server = new TestServer(TestServer::right)) {
            Result result = run(
                    Wish.to(server).engine(engine).keepAlive(keepAlive).clients(4).requests(25)
                            .bytes(3000).verify(true));
            assertThat(result.allRight()).as(result.text()).isTrue();
            assertThat(result.requests()).isEqualTo(100);
            assertThat(result.bytes()).isEqualTo(300_000);
            assertThat(result.connections()).isEqualTo(keepAlive ? 4 : 100);
            assertThat(result.connectionsServed()).isEqualTo(keepAlive ? 4 : 100);
            assertThat(server.connections).hasValue(keepAlive ? 4 : 100);
            assertThat(server.answers).hasValue(100);
            assertThat(server.requests).containsOnly("3000");
            assertThat(result.latencyMicros().max())
                    .isGreaterThanOrEqualTo(result.latencyMicros().p50());
            assertThat(result.latencyMicros().p50()).isGreaterThan(0);
        }
    }

    @ParameterizedTest
    @MethodSource("enginesAndModes")
    void shouldReportAShortAnswerWithItsBeginning(Engine engine, boolean keepAlive)
            throws IOException {
        TestServer.Script refusing = (server, client) -> {
            server.request(client);
            server.answer(client, "ERR no\n".getBytes(StandardCharsets.US_ASCII));
        };
        try (TestServer server = new TestServer(refusing)) {
            Result result = run(
                    Wish.to(server).engine(engine).keepAlive(keepAlive).clients(2).requests(5)
                            .bytes(3000));
            assertThat(result.errors()).isEqualTo(Map.of("short", 10L));
            assertThat(result.errorSamples())
                    .containsExactly("short answer: 7 of 3000 bytes, begins \"ERR no\\n\"");
            assertThat(result.requests()).isZero();
            assertThat(result.allRight()).isFalse();
        }
    }

    @ParameterizedTest
    @MethodSource("enginesAndModes")
    void shouldReportAConnectionThatIsClosedUnanswered(Engine engine, boolean keepAlive)
            throws IOException {
        try (TestServer server = new TestServer(TestServer::request)) {
            Result result = run(
                    Wish.to(server).engine(engine).keepAlive(keepAlive).clients(2).requests(5)
                            .bytes(3000));
            assertThat(result.errors()).isEqualTo(Map.of("short", 10L));
            assertThat(result.errorSamples()).containsExactly("short answer: 0 of 3000 bytes");
            assertThat(result.reconnects()).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource("enginesAndModes")
    void shouldReportExcessBytes(Engine engine, boolean keepAlive) throws IOException {
        TestServer.Script generous = (server, client) -> {
            for (int count = server.request(client); count >= 0; count = server.request(client)) {
                server.answer(client, payload(count + 1));
            }
        };
        try (TestServer server = new TestServer(generous)) {
            Result result = run(
                    Wish.to(server).engine(engine).keepAlive(keepAlive).clients(2).requests(5)
                            .bytes(64));
            assertThat(result.errors()).isEqualTo(Map.of("excess", 10L));
            assertThat(result.errorSamples())
                    .containsExactly("excess: 65 bytes or more came, 64 were asked for");
        }
    }

    @ParameterizedTest
    @MethodSource("enginesAndModes")
    void shouldReportAWrongByteOnlyWhenAskedToVerify(Engine engine, boolean keepAlive)
            throws IOException {
        TestServer.Script lying = (server, client) -> {
            for (int count = server.request(client); count >= 0; count = server.request(client)) {
                byte[] bytes = payload(count);
                bytes[150_000] = '!';
                server.answer(client, bytes);
            }
        };
        try (TestServer server = new TestServer(lying)) {
            Load wish = Wish.to(server).engine(engine).keepAlive(keepAlive).clients(2).requests(3)
                    .bytes(200_000);
            assertThat(run(wish).errors()).isEmpty();
            Result result = run(wish.verify(true));
            assertThat(result.errors()).isEqualTo(Map.of("wrong-byte", 6L));
            assertThat(result.errorSamples())
                    .containsExactly(
                            String.format(
                                    "wrong byte: 0x21 at 150000 of 200000, expected 0x%02x",
                                    payload(150_001)[150_000]));
        }
    }

    @ParameterizedTest
    @MethodSource("enginesAndModes")
    void shouldReadAnAnswerThatComesByteByByte(Engine engine, boolean keepAlive)
            throws IOException {
        TestServer.Script slow = (server, client) -> {
            for (int count = server.request(client); count >= 0; count = server.request(client)) {
                server.answers.incrementAndGet();
                for (byte b : payload(count)) {
                    client.getOutputStream().write(b);
                }
            }
        };
        try (TestServer server = new TestServer(slow)) {
            Result result = run(
                    Wish.to(server).engine(engine).keepAlive(keepAlive).clients(2).requests(3)
                            .bytes(300).verify(true));
            assertThat(result.allRight()).as(result.text()).isTrue();
            assertThat(result.bytes()).isEqualTo(1800);
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldAskAgainWhenTheServerClosesBetweenRequests(Engine engine) throws IOException {
        TestServer.Script twice = (server, client) -> {
            server.answer(client, payload(server.request(client)));
            server.answer(client, payload(server.request(client)));
        };
        try (TestServer server = new TestServer(twice)) {
            Result result = run(
                    Wish.to(server).engine(engine).keepAlive(true).clients(1).requests(7)
                            .bytes(64).verify(true));
            assertThat(result.allRight()).as(result.text()).isTrue();
            assertThat(result.requests()).isEqualTo(7);
            assertThat(result.reconnects()).isEqualTo(3);
            assertThat(result.connections()).isEqualTo(4);
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldAskAgainWhenTheServerResetsBetweenRequests(Engine engine) throws IOException {
        TestServer.Script once = (server, client) -> {
            server.answer(client, payload(server.request(client)));
            server.request(client);
            client.setSoLinger(true, 0); // as close does when a request is there unread
        };
        try (TestServer server = new TestServer(once)) {
            Result result = run(
                    Wish.to(server).engine(engine).keepAlive(true).clients(2).requests(5));
            assertThat(result.allRight()).as(result.text()).isTrue();
            assertThat(result.reconnects()).isEqualTo(8);
        }
    }

    @ParameterizedTest
    @MethodSource("enginesAndModes")
    void shouldReportThatNobodyListens(Engine engine, boolean keepAlive) throws IOException {
        int port;
        try (ServerSocket closed = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = closed.getLocalPort();
        }
        Result result = run(
                Wish.to(port).engine(engine).keepAlive(keepAlive).clients(2).requests(5));
        assertThat(result.errors()).isEqualTo(Map.of("refused", 10L));
        assertThat(result.connections()).isZero();
        assertThat(result.errorSamples()).singleElement().asString().contains("refused");
    }

    /// Every port that the kernel gives to a client here is the server's: each connection
    /// would be one to itself.
    @ParameterizedTest
    @MethodSource("enginesAndModes")
    void shouldReportThatNobodyListensWhereItWouldMeetItself(Engine engine, boolean keepAlive)
            throws Exception {
        PrivateNetwork.run(network -> {
            assumeTrue(network.isPrivate(), network.refusal());
            Files.writeString(Path.of("/proc/sys/net/ipv4/ip_local_port_range"), "40010 40010");
            Result result = run(
                    Wish.to(40_010).engine(engine).keepAlive(keepAlive).clients(1).requests(10)
                            .bytes(1).sourceAddresses(engine == Engine.EPOLL ? 1 : 0));
            assertThat(result.errors()).isEqualTo(Map.of("refused", 10L));
            assertThat(result.connections()).isZero();
            // Nothing keeps the port from the server that will listen there.
            try (ServerSocket server = new ServerSocket()) {
                server.setReuseAddress(false);
                server.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 40_010));
            }
        });
    }

    @ParameterizedTest
    @MethodSource("enginesAndModes")
    void shouldReportAReset(Engine engine, boolean keepAlive) throws IOException {
        TestServer.Script resetting = (server, client) -> {
            server.request(client);
            client.setSoLinger(true, 0);
        };
        try (TestServer server = new TestServer(resetting)) {
            Result result = run(
                    Wish.to(server).engine(engine).keepAlive(keepAlive).clients(2).requests(5));
            assertThat(result.errors()).isEqualTo(Map.of("reset", 10L));
            assertThat(result.errorSamples()).allSatisfy(
                    sample -> assertThat(sample).contains("reset").contains("0 of 3000 bytes"));
        }
    }

    @ParameterizedTest
    @MethodSource("enginesAndModes")
    void shouldReportAnAnswerThatIsLate(Engine engine, boolean keepAlive) throws IOException {
        TestServer.Script half = (server, client) -> {
            server.answer(client, payload(server.request(client) / 2));
            client.getInputStream().read();
        };
        try (TestServer server = new TestServer(half)) {
            Result result = run(
                    Wish.to(server).engine(engine).keepAlive(keepAlive).clients(3).requests(2)
                            .timeout(300));
            assertThat(result.errors()).isEqualTo(Map.of("timeout", 6L));
            assertThat(result.errorSamples())
                    .containsExactly("1500 of 3000 bytes after 0.3 s (--timeout)");
            assertThat(result.seconds()).isBetween(0.6, 5.0);
        }
    }

    @ParameterizedTest
    @MethodSource("enginesAndModes")
    void shouldGiveUpWhenNoRequestEverSucceeds(Engine engine, boolean keepAlive)
            throws IOException {
        int port;
        try (ServerSocket closed = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = closed.getLocalPort();
        }
        Load wish = Wish.to(port).engine(engine).keepAlive(keepAlive).clients(4);
        Result counted = run(wish.requests(1_000_000));
        assertThat(counted.errorCount()).isBetween(100L, 104L);
        assertThat(counted.unfinished()).isEqualTo(4_000_000 - counted.errorCount());
        assertThat(counted.gaveUp()).startsWith("gave up after 100 errors; --max-errors");
        assertThat(counted.advice()).contains("no connection was made");
        assertThat(counted.text()).contains("gave up after", "no connection was made");
        Result timed = run(wish.duration(86_400_000).warmup(80_000_000).maxErrors(7));
        assertThat(timed.errorCount()).isBetween(7L, 11L);
        assertThat(timed.gaveUp()).startsWith("gave up after 7 errors");
    }

    /// Where a bench has warmed it up, the bench must hear both: that it is warm, and the result.
    @ParameterizedTest
    @EnumSource
    void shouldPassTheGateAlsoWhenItGaveUpBefore(Engine engine) throws IOException {
        AtomicInteger passed = new AtomicInteger();
        try (TestServer server = new TestServer((_, _) -> {})) {
            Result result = Client.run(
                    Wish.to(server).engine(engine).clients(2).duration(86_400_000)
                            .warmup(80_000_000).maxErrors(3),
                    new Progress(passed::incrementAndGet));
            assertThat(passed).hasValue(1);
            assertThat(result.errorCount()).isBetween(3L, 5L);
        }
    }

    @ParameterizedTest
    @MethodSource("enginesAndModes")
    void shouldShowWhatAnotherServerSaysAndThenStalls(Engine engine, boolean keepAlive)
            throws IOException {
        TestServer.Script ssh = (server, client) -> {
            server.answer(client, "SSH-2.0-OpenSSH_9.2p1\r\n".getBytes(StandardCharsets.US_ASCII));
            while (server.request(client) >= 0) {
                // It waits for the line end.
            }
        };
        try (TestServer server = new TestServer(ssh)) {
            Result result = run(
                    Wish.to(server).engine(engine).keepAlive(keepAlive).clients(1).requests(1)
                            .timeout(200));
            assertThat(result.errorSamples()).containsExactly(
                    "23 of 3000 bytes after 0.2 s (--timeout),"
                            + " begins \"SSH-2.0-OpenSSH_9.2p1\\r\\n\"");
            assertThat(result.advice()).contains("SSH-2.0-OpenSSH_9.2p1\\r\\n", "server that is");
        }
    }

    /// Both engines at the same time: it takes three seconds until they speak.
    @Test
    void shouldSaySoonThatNothingIsAnswered() throws Exception {
        try (TestServer server = new TestServer(TestServer::silent)) {
            for (CompletableFuture<String> said : Stream.of(Engine.values())
                    .map(engine -> firstNews(server, engine))
                    .toList()) {
                assertThat(said.get(30, TimeUnit.SECONDS)).contains("--line-end");
            }
        }
    }

    private static CompletableFuture<String> firstNews(TestServer server, Engine engine) {
        CompletableFuture<String> said = new CompletableFuture<>();
        Progress progress = new Progress();
        progress.onNews(news -> {
            said.complete(news);
            progress.stop();
        });
        Load load = Wish.to(server).engine(engine).clients(15).requests(100);
        Thread.ofPlatform().daemon().start(() -> {
            try {
                Client.run(load, progress);
            } catch (IOException e) {
                said.completeExceptionally(e);
            }
        });
        return said;
    }

    @ParameterizedTest
    @EnumSource
    void shouldBeAnsweredAtOnceWhenItAsksForNothing(Engine engine) throws IOException {
        try (TestServer server = new TestServer(TestServer::right)) {
            Result result = run(
                    Wish.to(server).engine(engine).clients(3).requests(5).bytes(0));
            assertThat(result.allRight()).as(result.text()).isTrue();
            assertThat(result.connections()).isEqualTo(15);
            await().untilAsserted(() -> assertThat(server.answers).hasValue(15));
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldSendALineEndWhenAsked(Engine engine) throws IOException {
        try (TestServer server = new TestServer(TestServer::right)) {
            run(Wish.to(server).engine(engine).clients(1).requests(2).bytes(10).lineEnd(true));
            assertThat(server.requests).containsExactly("10\n", "10\n");
        }
    }

    @ParameterizedTest
    @MethodSource("enginesAndModes")
    void shouldStopAskingWhenTheTimeIsOver(Engine engine, boolean keepAlive) throws IOException {
        try (TestServer server = new TestServer(TestServer::right)) {
            Result result = run(
                    Wish.to(server).engine(engine).keepAlive(keepAlive).clients(3).bytes(64)
                            .duration(300));
            assertThat(result.allRight()).as(result.text()).isTrue();
            assertThat(result.seconds()).isEqualTo(0.3);
            // Those on their way at the end are answered, and not counted.
            assertThat(server.answers.get() - result.requests()).isBetween(0L, 3L);
        }
    }

    @ParameterizedTest
    @MethodSource("enginesAndModes")
    void shouldNotCountTheWarmUp(Engine engine, boolean keepAlive) throws IOException {
        try (TestServer server = new TestServer(TestServer::right)) {
            AtomicLong warm = new AtomicLong();
            AtomicLong counted = new AtomicLong(-1);
            AtomicLong openAtGate = new AtomicLong();
            CompletableFuture<Progress> self = new CompletableFuture<>();
            Progress progress = new Progress(() -> {
                warm.set(server.answers.get());
                counted.set(self.join().requests());
                openAtGate.set(server.open.size());
            });
            self.complete(progress);
            Result result = Client.run(
                    Wish.to(server).engine(engine).keepAlive(keepAlive).clients(3).bytes(64)
                            .duration(200).warmup(200),
                    progress);
            assertThat(result.allRight()).as(result.text()).isTrue();
            assertThat(warm.get()).isPositive();
            assertThat(counted).hasValue(0);
            assertThat(server.answers.get() - warm.get() - result.requests()).isBetween(0L, 3L);
            if (keepAlive) {
                assertThat(openAtGate).hasValue(3);
                assertThat(server.connections).hasValue(3);
                assertThat(result.connections()).isEqualTo(3);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldConnectAgainWhenTheServerClosedBetweenWarmUpAndMeasurement(Engine engine)
            throws IOException {
        try (TestServer server = new TestServer(TestServer::right)) {
            Progress progress = new Progress(() -> {
                for (Socket client : server.open) {
                    shutdownOutput(client);
                }
            });
            Result result = Client.run(
                    Wish.to(server).engine(engine).keepAlive(true).clients(3).bytes(64)
                            .duration(200).warmup(200),
                    progress);
            assertThat(result.allRight()).as(result.text()).isTrue();
            assertThat(result.reconnects()).isEqualTo(3);
            assertThat(server.connections).hasValue(6);
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldShowThatAServerLeavesOthersWaiting(Engine engine) throws IOException {
        try (TestServer server = new TestServer(TestServer::right, true)) {
            Result result = run(
                    Wish.to(server).engine(engine).keepAlive(true).clients(5).bytes(64)
                            .duration(300));
            assertThat(result.connectionsServed()).isEqualTo(1);
            assertThat(result.connections()).isEqualTo(5);
            // Each client leaves at the end as soon as it is answered, so the next one's turn comes.
            assertThat(result.unfinished()).isZero();
            assertThat(result.errors()).isEmpty();
        }
    }

    @ParameterizedTest
    @MethodSource("enginesAndModes")
    void shouldTellRequestsThatStayUnanswered(Engine engine, boolean keepAlive)
            throws IOException {
        try (TestServer server = new TestServer(TestServer::silent)) {
            Result result = run(
                    Wish.to(server).engine(engine).keepAlive(keepAlive).clients(3).duration(200));
            assertThat(result.unfinished()).isEqualTo(3);
            assertThat(result.errors()).isEmpty();
            assertThat(result.allRight()).isFalse();
        }
    }

    @ParameterizedTest
    @MethodSource("enginesAndModes")
    void shouldAskForTheLongestTimeUntilItIsStopped(Engine engine, boolean keepAlive)
            throws Exception {
        try (TestServer server = new TestServer(TestServer::right)) {
            Progress progress = new Progress();
            Load load = Wish.to(server).engine(engine).keepAlive(keepAlive).clients(2).bytes(9)
                    .timeout(Load.TIMEOUT.most()).duration(Load.DURATION.most());
            CompletableFuture<Result> running = run(load, progress);
            await().untilAsserted(() -> assertThat(server.answers.get()).isGreaterThan(50));
            progress.stop();
            Result result = running.get(5, TimeUnit.SECONDS);
            assertThat(result.errors()).isEmpty();
            assertThat(result.requests()).isPositive();
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldWarmUpForTheLongestTimeUntilItIsStopped(Engine engine) throws Exception {
        try (TestServer server = new TestServer(TestServer::right)) {
            Progress progress = new Progress();
            Load load = Wish.to(server).engine(engine).bytes(9).duration(1)
                    .warmup(Load.WARMUP.most());
            CompletableFuture<Result> running = run(load, progress);
            await().untilAsserted(() -> assertThat(server.answers.get()).isGreaterThan(50));
            assertThat(progress.phase()).isEqualTo(Progress.Phase.WARM_UP);
            assertThat(progress.secondsLeft()).isBetween(86_000.0, 86_400.0);
            progress.stop();
            assertThat(running.get(5, TimeUnit.SECONDS).errors()).isEmpty();
        }
    }

    private static CompletableFuture<Result> run(Load load, Progress progress) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return Client.run(load, progress);
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
    }

    @ParameterizedTest
    @MethodSource("enginesAndModes")
    void shouldEndSoonWhenStopped(Engine engine, boolean keepAlive) throws Exception {
        try (TestServer server = new TestServer(TestServer::silent)) {
            Progress progress = new Progress();
            Load load = Wish.to(server).engine(engine).keepAlive(keepAlive).clients(3).requests(4);
            CompletableFuture<Result> running = run(load, progress);
            await().untilAsserted(() -> assertThat(server.requests).hasSize(3));
            progress.stop();
            Result result = running.get(5, TimeUnit.SECONDS);
            assertThat(result.unfinished()).isEqualTo(12);
            assertThat(result.errors()).isEmpty();
        }
    }

    @ParameterizedTest
    @MethodSource("enginesAndModes")
    void shouldLeaveNoDescriptorAndNoThreadBehind(Engine engine, boolean keepAlive)
            throws IOException {
        try (TestServer server = new TestServer(TestServer::right)) {
            run(Wish.to(server).engine(engine).keepAlive(keepAlive).clients(5).requests(5));
        }
        // What the JDK and the tests before have open by now; it can only become less.
        long before = sockets();
        int port;
        try (TestServer server = new TestServer(TestServer::right)) {
            port = server.port();
            run(Wish.to(server).engine(engine).keepAlive(keepAlive).clients(5).requests(5));
        }
        run(Wish.to(port).engine(engine).keepAlive(keepAlive).clients(5).requests(2));
        try (TestServer server = new TestServer(TestServer::silent)) {
            run(Wish.to(server).engine(engine).keepAlive(keepAlive).clients(5).duration(100));
        }
        await().untilAsserted(() -> assertThat(sockets()).isLessThanOrEqualTo(before));
        assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .noneMatch(name -> name.startsWith("client-"));
    }

    @Test
    void shouldSpreadConnectionsOverSourceAddresses() throws IOException {
        try (TestServer server = new TestServer(TestServer::right)) {
            Result result = run(
                    Wish.to(server).engine(Engine.EPOLL).clients(2).requests(6)
                            .sourceAddresses(3));
            assertThat(result.allRight()).as(result.text()).isTrue();
            assertThat(server.peers).extracting(InetAddress::getHostAddress)
                    .containsOnly("127.1.0.1", "127.1.0.2", "127.1.0.3")
                    .hasSize(12);
        }
    }

    @Test
    void shouldRestAfterAnErrorWhenTimeIsTheBound() throws IOException {
        AtomicInteger asked = new AtomicInteger();
        TestServer.Script closing = (_, _) -> asked.incrementAndGet();
        for (Engine engine : Engine.values()) {
            try (TestServer server = new TestServer(closing)) {
                asked.set(0);
                run(Wish.to(server).engine(engine).clients(1).duration(200));
                assertThat(asked.get()).as(engine.toString()).isBetween(1, 20);
            }
        }
    }

    @Test
    void shouldRefuseMoreClientsThanDescriptors() throws IOException {
        Matcher limits = Pattern.compile("Max open files\\s+(\\d+)")
                .matcher(Files.readString(Path.of("/proc/self/limits")));
        assumeTrue(limits.find(), "there is no limit");
        long limit = Long.parseLong(limits.group(1));
        assumeTrue(limit < Engine.EPOLL.clients().most(), "the limit allows all clients");
        Load load = Wish.to(2000).engine(Engine.EPOLL).clients((int) limit);
        assertThatThrownBy(() -> Client.run(load, new Progress()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("--child-num is " + limit)
                .hasMessageContaining("ulimit -n");
    }

    private static long sockets() throws IOException {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            return open.filter(ClientTest::isSocketOrEpoll).count();
        }
    }

    private static boolean isSocketOrEpoll(Path link) {
        try {
            String target = Files.readSymbolicLink(link).toString();
            return target.startsWith("socket:") || target.contains("[eventpoll]");
        } catch (IOException closedMeanwhile) {
            return false;
        }
    }

    private static void shutdownOutput(Socket client) {
        try {
            client.shutdownOutput();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static Result run(Load wish) throws IOException {
        return Client.run(wish, new Progress());
    }
}
