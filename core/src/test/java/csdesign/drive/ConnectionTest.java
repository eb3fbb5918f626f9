// SPDX-License-Identifier: MIT
package csdesign.drive;

import static csdesign.drive.Interest.CLOSED;
import static csdesign.drive.Interest.HANG_UP;
import static csdesign.drive.Interest.READ;
import static csdesign.drive.Interest.WRITE;
import static csdesign.drive.Scenario.answer;
import static csdesign.kit.TestServers.descriptors;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;

import csdesign.kit.TestServers;
import csdesign.kit.Limits;
import csdesign.kit.Server;
import csdesign.listen.ListeningSocket;
import csdesign.service.Bytes.Options;
import csdesign.service.Bytes;
import csdesign.service.Echo;
import csdesign.service.Service;
import csdesign.service.Step;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The readiness driver, called as a loop would call it.
class ConnectionTest {
    private static final Service STRICT = new Bytes(new Options(1L << 30, 32, true, false, 0, 0));
    private static final Service ONCE = new Bytes(new Options(1L << 30, 32, false, true, 0, 0));
    private static final Service WAITING = new Bytes(
            new Options(1L << 30, 32, false, false, 20, 0));

    @TempDir
    Path folder;

    @Test
    void shouldAnswerAndReadOn() throws IOException {
        try (Rig rig = new Rig(TestServers.BYTES)) {
            assertThat(rig.watched).isEqualTo(READ);
            assertThat(rig.send("3000").readable()).isEqualTo(READ);
            assertThat(rig.arrived()).isEqualTo(answer(3000));
            assertThat(rig.send("10\n20\n").readable()).isEqualTo(READ);
            assertThat(rig.arrived()).hasSize(30);
            assertThat(rig.server.scoreboard().requests()).isEqualTo(3);
            assertThat(rig.server.scoreboard().bytes()).isEqualTo(3030);
            assertThat(rig.server.scoreboard().accepted()).isOne();
        }
    }

    @Test
    void shouldReadOnWhenThereWasNothingAfterAll() throws IOException {
        try (Rig rig = new Rig(TestServers.BYTES)) {
            assertThat(rig.readable()).isEqualTo(READ);
        }
    }

    @Test
    void shouldSendWhatDoesNotFitWhenThereIsRoom() throws IOException {
        try (Rig rig = new Rig(TestServers.BYTES)) {
            int count = 10 << 20;
            assertThat(rig.send(count + "\n").readable()).isEqualTo(WRITE);
            assertThat(rig.writable()).as("nobody read").isEqualTo(WRITE);
            assertThat(Arrays.equals(rig.readAll(), answer(count))).isTrue();
            assertThat(rig.watched).isEqualTo(READ);
            assertThat(rig.server.scoreboard().bytes()).isEqualTo(count);
            assertThat(rig.server.scoreboard().requests()).isOne();
        }
    }

    @Test
    void shouldEchoWhatDoesNotFitFromTheBufferItCameIn() throws IOException {
        try (Rig rig = new Rig(new Echo())) {
            String text = "0123456789abcdef".repeat(1024);
            StringBuilder all = new StringBuilder();
            int sent = 0;
            while (rig.watched == READ) { // nobody reads: in the end it does not fit
                rig.send(text).readable();
                sent++;
            }
            assertThat(rig.watched).isEqualTo(WRITE);
            all.append(new String(rig.readAll(), StandardCharsets.ISO_8859_1));
            assertThat(all.toString()).isEqualTo(text.repeat(sent));
            assertThat(rig.watched).isEqualTo(READ);
        }
    }

    /// Over TCP, with a reader that is as fast as it can be: a turn ends all the same.
    @Test
    void shouldLetTheOthersHaveTheirTurn() throws Exception {
        Server server = TestServers.server(TestServers.BYTES, TestServers.PATIENT);
        try (ListeningSocket listener = ListeningSocket.open(server);
                ReadinessDriver driver = new ReadinessDriver(server, server.scoreboard().row(0));
                Socket client = new Socket(InetAddress.ofLiteral("127.0.0.1"), listener.port())) {
            client.getOutputStream().write("1073741824\n".getBytes(StandardCharsets.US_ASCII));
            Thread reader = Thread.ofPlatform().daemon().start(() -> {
                byte[] away = new byte[1 << 20];
                try {
                    while (client.getInputStream().read(away) >= 0) {
                        // thrown away
                    }
                } catch (IOException closed) {
                    // the end of the test
                }
            });
            int fd = accept(listener);
            Interest watched = driver.open(fd);
            while (server.scoreboard().bytes() == 0) {
                watched = driver.onReadable(fd);
            }
            long before = 0;
            while (server.scoreboard().bytes() < 64 << 20) {
                assertThat(server.scoreboard().bytes() - before).isLessThanOrEqualTo(320 * 1024);
                assertThat(watched).isEqualTo(WRITE);
                before = server.scoreboard().bytes();
                watched = driver.onWritable(fd);
            }
            driver.close(Objects.requireNonNull(driver.at(fd)));
            reader.join(10_000);
        }
    }

    /// Closes it with a RST instead of a FIN.
    private static void reset(Socket socket) throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    private static int accept(ListeningSocket listener) {
        int fd = ListeningSocket.NONE;
        while (fd == ListeningSocket.NONE) {
            fd = listener.accept();
        }
        return fd;
    }

    @Test
    void shouldCountManySmallAnswersAsALongTurnToo() throws IOException {
        try (Rig rig = new Rig(TestServers.BYTES)) {
            assertThat(rig.send("1\n".repeat(5_000)).readable()).isEqualTo(WRITE);
            assertThat(rig.arrived()).hasSizeBetween(1, 100);
            rig.readAll();
            assertThat(rig.server.scoreboard().bytes()).isEqualTo(5_000);
            assertThat(rig.server.scoreboard().requests()).isEqualTo(5_000);
            assertThat(rig.watched).isEqualTo(READ);
        }
    }

    @Test
    void shouldCountAnswersOfNothingAsALongTurnToo() throws IOException {
        try (Rig rig = new Rig(TestServers.BYTES)) {
            assertThat(rig.send("0\n".repeat(5_000)).readable()).isEqualTo(HANG_UP);
            while (rig.watched == HANG_UP) {
                rig.due();
            }
            assertThat(rig.server.scoreboard().requests()).isEqualTo(5_000);
        }
    }

    @Test
    void shouldStillAnswerAClientThatHasClosedItsHalf() throws IOException {
        try (Rig rig = new Rig(TestServers.BYTES)) {
            int count = 5_000_000;
            rig.send(count + "\n").clientEnds();
            assertThat(rig.readable()).isEqualTo(WRITE);
            assertThat(rig.readAll()).hasSize(count);
            assertThat(rig.readable()).isEqualTo(CLOSED);
        }
        try (Rig rig = new Rig(TestServers.BYTES)) {
            rig.send("1\n5").readable();
            rig.clientEnds();
            assertThat(rig.readable()).as("digits that the end completes").isEqualTo(CLOSED);
            assertThat(rig.arrivedText()).isEqualTo("AABCDE");
        }
    }

    @Test
    void shouldCloseWhereTheClientIsGone() throws IOException {
        try (Rig rig = new Rig(TestServers.BYTES)) {
            rig.send("10000000\n").readable();
            rig.clientCloses();
            assertThat(rig.writable()).isEqualTo(CLOSED);
        }
        try (Rig rig = new Rig(TestServers.BYTES)) {
            rig.clientCloses();
            assertThat(rig.readable()).isEqualTo(CLOSED);
        }
    }

    @Test
    void shouldSayThatAllWasSaidAndReadToTheClientsEnd() throws IOException {
        try (Rig rig = new Rig(ONCE)) {
            assertThat(rig.send("5").readable()).isEqualTo(READ);
            assertThat(rig.arrivedText()).isEqualTo("ABCDE");
            assertThat(rig.clientSeesTheEnd()).isTrue();
            assertThat(rig.send("too much").readable()).as("thrown away").isEqualTo(READ);
            rig.clientEnds();
            assertThat(rig.readable()).isEqualTo(CLOSED);
            assertThat(rig.server.scoreboard().requests()).isOne();
        }
    }

    @Test
    void shouldNotLingerForEver() throws IOException {
        try (Rig rig = new Rig(ONCE)) {
            rig.send("5").readable();
            long left = rig.connection.deadlineNanos() - System.nanoTime();
            assertThat(left).isBetween(1L, Limits.LINGER_MILLIS * 1_000_000);
        }
    }

    @Test
    void shouldHoldARequestToAnAbsoluteDeadline() throws IOException {
        Limits limits = TestServers.PATIENT.withRequestMillis(30);
        try (Rig rig = new Rig(STRICT, limits)) {
            long idle = rig.connection.deadlineNanos();
            rig.send("1").readable();
            long deadline = rig.connection.deadlineNanos();
            assertThat(deadline).as("shorter than idle").isLessThan(idle);
            rig.driver.tick();
            rig.send("2").readable();
            assertThat(rig.connection.deadlineNanos()).as("later bytes do not move it")
                    .isEqualTo(deadline);
            assertThat(rig.due()).as("the client hears why").isEqualTo(READ);
            assertThat(rig.arrivedText()).isEqualTo(
                    "ERR the request was not complete in time: 2 digits and no line end\n");
            assertThat(rig.clientSeesTheEnd()).isTrue();
        }
    }

    @Test
    void shouldGiveEachRequestOfAPipelineADeadlineOfItsOwn() throws IOException {
        try (Rig rig = new Rig(STRICT)) {
            rig.send("1").readable();
            long first = rig.connection.deadlineNanos();
            rig.driver.tick();
            rig.send("\n2").readable();
            assertThat(rig.connection.deadlineNanos()).isGreaterThan(first);
        }
    }

    @Test
    void shouldKeepTheLargestDeadlines() throws IOException {
        long most = Options.WAIT.most();
        try (Rig rig = new Rig(
                new Bytes(new Options(1L << 30, 32, true, false, most, 0)), TestServers.LARGEST)) {
            long now = rig.driver.now();
            assertThat(rig.connection.deadlineNanos() - now).as("idle")
                    .isEqualTo(TestServers.DAY_NANOS);
            rig.send("1").readable();
            assertThat(rig.connection.deadlineNanos() - now).as("request")
                    .isEqualTo(TestServers.DAY_NANOS);
            rig.send("\n").readable();
            assertThat(rig.connection.deadlineNanos() - now).as("wait")
                    .isEqualTo(TestServers.DAY_NANOS);
            assertThat(rig.driver.nextDue()).isEqualTo(ReadinessDriver.NONE);
            assertThat(rig.driver.timeoutMillis()).isEqualTo(60_000);
            rig.server.stop().request();
            rig.driver.tick();
            assertThat(rig.server.stop().graceIsOver()).isFalse();
            assertThat(rig.driver.nextDue()).isEqualTo(ReadinessDriver.NONE);
            assertThat(rig.driver.timeoutMillis()).isEqualTo(60_000);
        }
    }

    @Test
    void shouldKeepTheLeastDeadlines() throws IOException {
        try (Rig rig = new Rig(TestServers.BYTES, TestServers.LEAST)) {
            assertThat(rig.due()).isEqualTo(CLOSED);
            rig.server.stop().request();
            assertThat(rig.server.stop().graceIsOver()).isTrue();
        }
    }

    @Test
    void shouldCloseAnIdleClient() throws IOException {
        try (Rig rig = new Rig(TestServers.BYTES,
                TestServers.PATIENT.withIdleMillis(10))) {
            rig.send("5").readable();
            assertThat(rig.due()).isEqualTo(CLOSED);
        }
    }

    @Test
    void shouldCloseAClientThatReadsNothingOfItsAnswer() throws IOException {
        try (Rig rig = new Rig(TestServers.BYTES,
                TestServers.PATIENT.withIdleMillis(10))) {
            rig.send("10000000").readable();
            assertThat(rig.due()).isEqualTo(CLOSED);
        }
    }

    @Test
    void shouldWaitWithoutSleepingAndAnswerThen() throws IOException {
        try (Rig rig = new Rig(WAITING)) {
            rig.driver.tick();
            long before = rig.driver.now();
            assertThat(rig.send("5").readable()).isEqualTo(HANG_UP);
            assertThat(rig.arrived()).isEmpty();
            assertThat(rig.due()).isEqualTo(READ);
            assertThat(rig.driver.now() - before).isGreaterThanOrEqualTo(20_000_000);
            assertThat(rig.arrivedText()).isEqualTo("ABCDE");
        }
    }

    /// A report may be older than the wait: the request that began it was read at the stop.
    @Test
    void shouldKeepWaitingWhenAReportIsOlderThanTheWait() throws IOException {
        try (Rig rig = new Rig(WAITING)) {
            rig.send("3").readable();
            rig.due();
            assertThat(rig.send("5").stop()).isEqualTo(READ);
            assertThat(rig.due()).isEqualTo(HANG_UP);
            assertThat(rig.readable()).isEqualTo(HANG_UP);
            assertThat(rig.due()).isEqualTo(READ);
            assertThat(rig.arrivedText()).isEqualTo("ABCABCDE");
        }
    }

    @Test
    void shouldCloseWhenTheClientIsResetDuringTheWait() throws Exception {
        Server server = TestServers.server(WAITING, TestServers.PATIENT);
        try (ListeningSocket listener = ListeningSocket.open(server);
                ReadinessDriver driver = new ReadinessDriver(server, server.scoreboard().row(0));
                Socket client = new Socket(InetAddress.ofLiteral("127.0.0.1"), listener.port())) {
            int fd = accept(listener);
            client.getOutputStream().write('5');
            Interest watched = driver.open(fd);
            while (watched == READ) {
                watched = driver.onReadable(fd);
            }
            assertThat(watched).isEqualTo(HANG_UP);
            reset(client);
            while (watched == HANG_UP) { // until the RST is here
                watched = driver.onReadable(fd);
            }
            assertThat(watched).isEqualTo(CLOSED);
        }
    }

    @Test
    void shouldSendAPartOfAFile() throws IOException {
        byte[] content = answer(3 << 20);
        Path file = Files.write(folder.resolve("file"), content);
        long before = descriptors();
        try (Rig rig = new Rig(Scenario.saying(
                new Step.SendFile(file, 100, 2 << 20),
                new Step.SendFile(file, 0, 0),
                new Step.SendFile(file, content.length - 7, 7)))) {
            assertThat(rig.send("x").readable()).isEqualTo(WRITE);
            byte[] arrived = rig.readAll();
            assertThat(arrived).hasSize((2 << 20) + 7);
            assertThat(Arrays.equals(Arrays.copyOf(arrived, 2 << 20),
                    Arrays.copyOfRange(content, 100, 100 + (2 << 20)))).isTrue();
            assertThat(rig.watched).isEqualTo(READ);
            assertThat(descriptors()).as("the pair alone is open").isEqualTo(before + 2);
        }
        assertThat(descriptors()).isEqualTo(before);
    }

    @Test
    void shouldEndTheConnectionWhereTheFileIsMissingOrTooShort() throws IOException {
        Path file = Files.write(folder.resolve("short"), answer(100));
        long before = descriptors();
        for (Step step : new Step[] {
                new Step.SendFile(folder.resolve("absent"), 0, 1),
                new Step.SendFile(file, 50, 51)}) {
            try (Rig rig = new Rig(Scenario.saying(step))) {
                rig.send("x").readable();
                rig.readAll();
                assertThat(rig.watched).isEqualTo(CLOSED);
            }
            assertThat(descriptors()).isEqualTo(before);
        }
    }

    @Test
    void shouldCloseTheFileOfAnAnswerThatIsCutShort() throws IOException {
        Path file = Files.write(folder.resolve("file"), answer(5 << 20));
        long before = descriptors();
        try (Rig rig = new Rig(Scenario.saying(new Step.SendFile(file, 0, 5 << 20)))) {
            assertThat(rig.send("x").readable()).isEqualTo(WRITE);
            assertThat(descriptors()).as("the pair and the file").isEqualTo(before + 3);
            rig.driver.close(rig.connection);
            assertThat(descriptors()).isEqualTo(before + 1);
        }
    }

    /// A buffer that was used holds what was read; one that was never lent holds zeros.
    @Test
    void shouldGiveEveryBufferBack() throws IOException {
        try (Rig rig = new Rig(new Echo())) {
            Buffers.Buffer only = rig.driver.buffers.take();
            rig.driver.buffers.give(only);
            for (int i = 0; i < 1_000; i++) {
                rig.send("echo").readable();
                rig.readable();
                assertThat(rig.arrivedText()).isEqualTo("echo");
            }
            rig.clientEnds();
            assertThat(rig.readable()).isEqualTo(CLOSED);
            assertThatOneBufferIsEnough(rig, only);
        }
        try (Rig rig = new Rig(new Echo())) {
            Buffers.Buffer only = rig.driver.buffers.take();
            rig.driver.buffers.give(only);
            while (rig.watched == READ) {
                rig.send("x".repeat(10_000)).readable();
            }
            rig.driver.close(rig.connection);
            assertThatOneBufferIsEnough(rig, only);
        }
        try (Rig rig = new Rig(ONCE)) {
            Buffers.Buffer only = rig.driver.buffers.take();
            rig.driver.buffers.give(only);
            rig.send("5\n6\n7\n").readable();
            rig.send("thrown away").readable();
            assertThatOneBufferIsEnough(rig, only);
        }
    }

    private static void assertThatOneBufferIsEnough(Rig rig, Buffers.Buffer only) {
        assertThat(rig.driver.buffers.take()).isSameAs(only);
        Buffers.Buffer second = rig.driver.buffers.take();
        assertThat(second).isNotSameAs(only);
        assertThat(second.segment().toArray(JAVA_BYTE)).containsOnly(0);
    }

    @Test
    void shouldTellAnIdleClientOfTheStop() throws IOException {
        try (Rig rig = new Rig(TestServers.BYTES)) {
            rig.send("5").readable();
            rig.arrived();
            assertThat(rig.stop()).isEqualTo(READ);
            assertThat(rig.due()).isEqualTo(READ);
            assertThat(rig.clientSeesTheEnd()).isTrue();
            assertThat(rig.due()).as("it does not linger longer than the last call")
                    .isEqualTo(CLOSED);
        }
    }

    @Test
    void shouldAnswerAtTheStopWhatWasAskedBefore() throws IOException {
        try (Rig rig = new Rig(TestServers.BYTES)) { // its first request
            rig.send("5");
            assertThat(rig.stop()).isEqualTo(READ);
            assertThat(rig.readable()).isEqualTo(READ);
            assertThat(rig.arrivedText()).isEqualTo("ABCDE");
            assertThat(rig.due()).isEqualTo(READ);
            assertThat(rig.clientSeesTheEnd()).isTrue();
        }
        try (Rig rig = new Rig(TestServers.BYTES)) { // one more, which no event has reported
            rig.send("3").readable();
            rig.send("5");
            assertThat(rig.stop()).isEqualTo(READ);
            assertThat(rig.due()).isEqualTo(READ);
            assertThat(rig.arrivedText()).isEqualTo("ABCABCDE");
            assertThat(rig.due()).isEqualTo(READ);
            assertThat(rig.clientSeesTheEnd()).isTrue();
        }
    }

    @Test
    void shouldGiveTheLastCallToAClientThatHasNotAskedYet() throws IOException {
        try (Rig rig = new Rig(TestServers.BYTES)) {
            assertThat(rig.stop()).isEqualTo(READ);
            assertThat(rig.clientSeesTheEnd()).isFalse();
            assertThat(rig.send("5").readable()).isEqualTo(READ);
            assertThat(rig.arrivedText()).isEqualTo("ABCDE");
            assertThat(rig.due()).isEqualTo(READ);
            assertThat(rig.clientSeesTheEnd()).isTrue();
        }
        try (Rig rig = new Rig(TestServers.BYTES)) {
            rig.stop();
            assertThat(rig.due()).as("the last call is over").isEqualTo(READ);
            assertThat(rig.clientSeesTheEnd()).isTrue();
            assertThat(rig.due()).isEqualTo(CLOSED);
        }
    }

    @Test
    void shouldFinishAtTheStopWhatIsInFlight() throws IOException {
        try (Rig rig = new Rig(TestServers.BYTES)) {
            rig.send("3000000").readable();
            assertThat(rig.stop()).isEqualTo(WRITE);
            assertThat(rig.readAll()).hasSize(3_000_000);
            assertThat(rig.watched).isEqualTo(READ);
            assertThat(rig.due()).isEqualTo(READ);
            assertThat(rig.clientSeesTheEnd()).isTrue();
        }
    }

    @Test
    void shouldLeaveNoDescriptorBehind() throws IOException {
        try (ServerSocket warm = new ServerSocket(0)) { // what the JDK opens once
            assertThat(warm.isBound()).isTrue();
        }
        long before = descriptors();
        for (int i = 0; i < 20; i++) {
            try (Rig rig = new Rig(TestServers.BYTES)) {
                rig.send("5").readable();
                rig.driver.close(rig.connection);
                assertThat(rig.driver.at(rig.fd)).isNull();
            }
        }
        assertThat(descriptors()).isEqualTo(before);
    }
}
