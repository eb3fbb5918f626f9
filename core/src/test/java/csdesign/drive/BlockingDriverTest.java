// SPDX-License-Identifier: MIT
package csdesign.drive;

import static csdesign.drive.Scenario.answer;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import csdesign.kit.Limits;
import csdesign.kit.Server;
import csdesign.kit.TestServers;
import csdesign.service.Bytes.Options;
import csdesign.service.Bytes;
import csdesign.service.Echo;
import csdesign.service.Service;
import csdesign.service.Step;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The blocking driver, with a thread that serves and a test that is the client, over TCP.
@Timeout(30)
class BlockingDriverTest {
    private static final Service STRICT = new Bytes(new Options(1L << 30, 32, true, false, 0, 0));
    private static final Service ONCE = new Bytes(new Options(1L << 30, 32, false, true, 0, 0));

    @TempDir
    Path folder;

    /// One client, served by a thread of its own until it is joined.
    private static final class Served implements AutoCloseable {
        final Server server;
        final SocketChannel client;
        private final BlockingDriver driver;
        private final Thread thread;

        Served(Service service, Limits limits) throws IOException {
            server = TestServers.server(service, limits);
            driver = new BlockingDriver(server);
            try (ServerSocketChannel listener = ServerSocketChannel.open()) {
                listener.bind(TestServers.loopback(0));
                client = SocketChannel.open((InetSocketAddress) listener.getLocalAddress());
                SocketChannel accepted = listener.accept();
                thread = Thread.ofPlatform().daemon()
                        .start(() -> driver.serve(accepted, server.scoreboard().row(0)));
            }
        }

        Served(Service service) throws IOException {
            this(service, TestServers.PATIENT);
        }

        Served send(String text) throws IOException {
            ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(ISO_8859_1));
            while (bytes.hasRemaining()) {
                client.write(bytes);
            }
            return this;
        }

        byte[] read(int count) throws IOException {
            ByteBuffer bytes = ByteBuffer.allocate(count);
            while (bytes.hasRemaining() && client.read(bytes) >= 0) {
                // more
            }
            return Arrays.copyOf(bytes.array(), bytes.position());
        }

        String text(int count) throws IOException {
            return new String(read(count), ISO_8859_1);
        }

        boolean seesTheEnd() throws IOException {
            return client.read(ByteBuffer.allocate(1)) < 0;
        }

        /// The server has let go of the client.
        void awaitEnd() throws InterruptedException {
            thread.join(10_000);
            assertThat(thread.isAlive()).as("still served").isFalse();
        }

        boolean isServed() {
            return thread.isAlive();
        }

        @Override
        public void close() throws IOException {
            client.close();
            driver.close();
        }
    }

    @Test
    void shouldAnswerRequestAfterRequest() throws Exception {
        try (Served served = new Served(TestServers.BYTES)) {
            assertThat(served.send("3000").read(3000)).isEqualTo(answer(3000));
            assertThat(served.send("3\n0\n5\n").text(8)).isEqualTo("ABCABCDE");
            int count = 10 << 20;
            assertThat(Arrays.equals(served.send(count + "\n").read(count), answer(count)))
                    .isTrue();
            served.client.shutdownOutput();
            assertThat(served.seesTheEnd()).isTrue();
            served.awaitEnd();
            assertThat(served.server.scoreboard().requests()).isEqualTo(5);
            assertThat(served.server.scoreboard().bytes()).isEqualTo(3008 + count);
            assertThat(served.server.scoreboard().accepted()).isOne();
        }
    }

    @Test
    void shouldEcho() throws Exception {
        try (Served served = new Served(new Echo())) {
            String text = "0123456789".repeat(10_000);
            Thread writer = Thread.ofPlatform().start(() -> {
                try {
                    served.send(text);
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            assertThat(served.text(text.length())).isEqualTo(text);
            writer.join();
        }
    }

    @Test
    void shouldLendABufferOnlyWhileMoreThanASipIsThere() throws Exception {
        try (Served served = new Served(new Echo())) {
            assertThat(served.send("a sip").text(5)).isEqualTo("a sip");
            assertThat(served.driver.buffers.made()).as("lent to an idle client").isZero();
            String text = "0123456789".repeat(200);
            for (int i = 0; i < 3; i++) {
                assertThat(served.send(text).text(2_000)).isEqualTo(text);
            }
            assertThat(served.driver.buffers.made()).as("given back each time").isOne();
        }
    }

    @Test
    void shouldStillAnswerAClientThatHasClosedItsHalf() throws Exception {
        try (Served served = new Served(TestServers.BYTES)) {
            served.send("1000000\n5");
            served.client.shutdownOutput();
            assertThat(served.read(2_000_000)).hasSize(1_000_005);
            served.awaitEnd();
        }
    }

    @Test
    void shouldCloseAfterOneAnswerWithoutAReset() throws Exception {
        try (Served served = new Served(ONCE)) {
            served.send("5");
            assertThat(served.text(5)).isEqualTo("ABCDE");
            assertThat(served.seesTheEnd()).isTrue();
            assertThat(served.isServed()).as("it lingers").isTrue();
            served.send("too much");
            served.client.close();
            served.awaitEnd();
        }
    }

    @Test
    void shouldTellTheLateClientWhy() throws Exception {
        try (Served served = new Served(STRICT,
                TestServers.PATIENT.withRequestMillis(100))) {
            served.send("12");
            assertThat(served.text(1_000)).isEqualTo(
                    "ERR the request was not complete in time: 2 digits and no line end\n");
            served.awaitEnd();
        }
    }

    @Test
    void shouldCloseAnIdleClient() throws Exception {
        try (Served served = new Served(TestServers.BYTES,
                TestServers.PATIENT.withIdleMillis(100))) {
            assertThat(served.send("5").text(5)).isEqualTo("ABCDE");
            assertThat(served.seesTheEnd()).isTrue();
            served.awaitEnd();
        }
    }

    @Test
    void shouldCloseAClientThatReadsNothingOfItsAnswer() throws Exception {
        try (Served served = new Served(TestServers.BYTES,
                TestServers.PATIENT.withIdleMillis(100))) {
            served.send("100000000");
            served.awaitEnd();
            assertThat(served.server.scoreboard().bytes()).isLessThan(100_000_000);
        }
    }

    @Test
    void shouldWaitBeforeItAnswers() throws Exception {
        Service waiting = new Bytes(new Options(1L << 30, 32, false, false, 50, 0));
        try (Served served = new Served(waiting)) {
            long before = System.nanoTime();
            assertThat(served.send("5").text(5)).isEqualTo("ABCDE");
            assertThat(System.nanoTime() - before).isGreaterThanOrEqualTo(50_000_000);
        }
    }

    @Test
    void shouldSendFilesAndEndWhereTheyAreMissingOrTooShort() throws Exception {
        byte[] content = answer(3 << 20);
        Path file = Files.write(folder.resolve("file"), content);
        try (Served served = new Served(Scenario.saying(
                new Step.SendFile(file, 5, content.length - 5), new Step.SendFile(file, 0, 0)))) {
            byte[] expected = Arrays.copyOfRange(content, 5, content.length);
            assertThat(Arrays.equals(served.send("x").read(expected.length), expected)).isTrue();
            served.client.shutdownOutput();
            assertThat(served.seesTheEnd()).isTrue();
            served.awaitEnd();
        }
        long before = TestServers.descriptors();
        for (Step step : new Step[] {
                new Step.SendFile(folder.resolve("absent"), 0, 1),
                new Step.SendFile(file, content.length, 1)}) {
            try (Served served = new Served(Scenario.saying(step))) {
                served.send("x");
                served.awaitEnd();
            }
        }
        await().untilAsserted(() -> assertThat(TestServers.descriptors()).isEqualTo(before));
    }

    @Test
    void shouldEndIdleClientsAtTheLastCall() throws Exception {
        try (Served served = new Served(TestServers.BYTES)) {
            assertThat(served.send("5").text(5)).isEqualTo("ABCDE");
            served.server.stop().request();
            assertThat(served.seesTheEnd()).isTrue();
            served.client.close();
            served.awaitEnd();
        }
    }

    @Test
    void shouldKeepTheLargestDeadlines() throws Exception {
        try (Served served = new Served(STRICT, TestServers.LARGEST)) {
            served.send("5\n30");
            assertThat(served.text(5)).isEqualTo("ABCDE");
            // Whatever is over already shows within two ticks.
            Thread.sleep(2 * BlockingDriver.TICK_MILLIS);
            assertThat(served.send("00\n").read(3000)).isEqualTo(answer(3000));
            Thread.sleep(2 * BlockingDriver.TICK_MILLIS);
            assertThat(served.send("5\n").text(5)).isEqualTo("ABCDE");
        }
        Service waiting = new Bytes(
                new Options(1L << 30, 32, false, false, Options.WAIT.most(), 0));
        try (Served served = new Served(waiting, TestServers.LARGEST)) {
            served.send("5");
            await().until(() -> served.thread.getState() == Thread.State.TIMED_WAITING);
            served.server.stop().signal();
            Thread.sleep(2 * BlockingDriver.TICK_MILLIS);
            assertThat(served.isServed()).as("the grace lasts a day too").isTrue();
            served.server.stop().signal();
            served.awaitEnd();
        }
    }

    @Test
    void shouldKeepTheLeastDeadlines() throws Exception {
        try (Served served = new Served(TestServers.BYTES, TestServers.LEAST)) {
            assertThat(served.seesTheEnd()).isTrue();
            served.awaitEnd();
        }
    }

    @Test
    void shouldFinishAfterTheStopWhatIsInFlight() throws Exception {
        Service waiting = new Bytes(new Options(1L << 30, 32, false, false, 400, 0));
        try (Served served = new Served(waiting)) {
            served.send("3000000");
            await().until(() -> served.thread.getState() == Thread.State.TIMED_WAITING);
            served.server.stop().request();
            assertThat(served.read(3_000_000)).as("the wait is longer than the last call")
                    .hasSize(3_000_000);
        }
    }

    @Test
    void shouldEndEverybodyWhenTheGraceIsOver() throws Exception {
        Service waiting = new Bytes(new Options(1L << 30, 32, false, false, 3_600_000, 0));
        try (Served sleeper = new Served(waiting,
                TestServers.PATIENT.withMaxConnections(1).withGraceMillis(100));
                Served writer = new Served(TestServers.BYTES,
                        TestServers.PATIENT.withMaxConnections(1).withGraceMillis(100))) {
            sleeper.send("5");
            writer.send("1000000000");
            sleeper.server.stop().request();
            writer.server.stop().request();
            sleeper.awaitEnd();
            writer.awaitEnd();
        }
    }

    @Test
    void shouldLiveOnWhenTheClientIsReset() throws Exception {
        try (Served served = new Served(TestServers.BYTES)) {
            served.send("1000000000");
            served.client.setOption(java.net.StandardSocketOptions.SO_LINGER, 0);
            served.client.close();
            served.awaitEnd();
        }
    }
}
