// SPDX-License-Identifier: MIT
package csdesign.cost;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;

import csdesign.cost.Console;
import csdesign.evidence.ResourceUsage;
import csdesign.kit.Limits;
import csdesign.kit.Log;
import csdesign.kit.Scoreboard;
import csdesign.kit.Server;
import csdesign.kit.TestServers;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What a server counts, says and is asked: scoreboard, costs, limits, log, control.
class ReportingTest {
    @Test
    void shouldLoseNoCountOfManyThreads() throws Exception {
        Scoreboard scoreboard = Scoreboard.create(2);
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            Scoreboard.Row row = scoreboard.row(i % 2); // two threads on each row
            threads.add(Thread.ofPlatform().start(() -> {
                for (int k = 0; k < 50_000; k++) {
                    row.accept();
                    row.answer(2);
                    row.write(3_000_000_000L);
                    row.wakeUp(k % 2 == 0);
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(scoreboard.accepted()).isEqualTo(200_000);
        assertThat(scoreboard.requests()).isEqualTo(400_000);
        assertThat(scoreboard.bytes()).isEqualTo(600_000_000_000_000L);
        for (int worker = 0; worker < scoreboard.workers(); worker++) {
            assertThat(scoreboard.row(worker).accepted()).isEqualTo(100_000);
            assertThat(scoreboard.row(worker).wakeUps()).isEqualTo(100_000);
            assertThat(scoreboard.row(worker).emptyWakeUps()).isEqualTo(50_000);
        }
    }

    @Test
    void shouldSayWhoOwnsARowAndHaveNoOther() throws IOException {
        Scoreboard scoreboard = Scoreboard.create(3);
        assertThat(scoreboard.workers()).isEqualTo(3);
        scoreboard.row(1).ownedBy(4_711);
        assertThat(scoreboard.row(0).pid()).isZero();
        assertThat(scoreboard.row(1).pid()).isEqualTo(4_711);
        assertThat(scoreboard.row(2).pid()).isZero();
        org.assertj.core.api.Assertions.assertThatThrownBy(() -> scoreboard.row(3))
                .isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void shouldLeaveNoFileBehind() throws IOException {
        List<String> before = boards();
        long descriptors = TestServers.descriptors();
        Scoreboard scoreboard = Scoreboard.create(4);
        scoreboard.row(0).accept();
        assertThat(boards()).isEqualTo(before);
        assertThat(TestServers.descriptors()).isEqualTo(descriptors);
        assertThat(scoreboard.accepted()).isOne();
    }

    private static List<String> boards() throws IOException {
        List<String> found = new ArrayList<>();
        for (String folder : List.of("/dev/shm", System.getProperty("java.io.tmpdir"))) {
            try (Stream<Path> files = Files.list(Path.of(folder))) {
                files.map(Path::toString).filter(name -> name.endsWith(".scoreboard"))
                        .forEach(found::add);
            }
        }
        return found.stream().sorted().toList();
    }

    private static boolean haveBeenChildren() {
        ResourceUsage children = LiveChildren.usage();
        return children.userMicros() + children.systemMicros() > 0;
    }

    /// Flat, names in quotes, numbers without: read with a pattern, since core has no JSON library.
    @Test
    void shouldGiveTheCostsAsJson() throws IOException {
        Scoreboard scoreboard = Scoreboard.create(1);
        scoreboard.row(0).accept();
        scoreboard.row(0).answer(7);
        scoreboard.row(0).write(1L << 40);
        String json = Costs.soFar(scoreboard).json();

        assertThat(json).matches("\\{(\"\\w+\":-?\\d+,)*\"\\w+\":-?\\d+}").doesNotContain("\n");
        List<String> names = new ArrayList<>();
        Matcher member = Pattern.compile("\"(\\w+)\":(-?\\d+)").matcher(json);
        while (member.find()) {
            names.add(member.group(1));
            // Another test of this JVM may have had children: then the heap is not all there is.
            boolean unknown = member.group(1).equals("allocatedBytes") && haveBeenChildren();
            assertThat(Long.parseLong(member.group(2))).as(member.group(1))
                    .isGreaterThanOrEqualTo(unknown ? -1 : 0);
        }
        assertThat(names).isEqualTo(Arrays.stream(Costs.class.getRecordComponents())
                .map(java.lang.reflect.RecordComponent::getName).toList());
        assertThat(json).contains("\"connections\":1,", "\"requests\":7,",
                "\"bytes\":1099511627776,");
    }

    @Test
    void shouldGiveTheCostsInTwoLinesForAPerson() throws IOException {
        Scoreboard scoreboard = Scoreboard.create(1);
        scoreboard.row(0).write(1_234_567);
        List<String> lines = Costs.soFar(scoreboard).text().lines().toList();
        assertThat(lines).hasSize(2);
        assertThat(lines.get(0)).isEqualTo("0 connections, 0 requests, 1,234,567 bytes");
        assertThat(lines.get(1)).startsWith("cost: ").contains(" s user, ").contains("peak RSS");
    }

    @ParameterizedTest
    @CsvSource({
            "0, 1, 1, 1, 0, '--backlog is 0: must be 1 to 1000000'",
            "1, 0, 1, 1, 0, '--max-connections is 0: must be 1 to 1000000'",
            "1, 1, 0, 1, 0, '--idle-timeout is 0: must be 0.001 to 86400 seconds'",
            "1, 1, 1, -7, 0, '--request-timeout is -0.007: must be 0.001 to 86400 seconds'",
            "1, 1, 1, 1, -1, '--grace is -0.001: must be 0 to 86400 seconds'"})
    void shouldRejectLimitsThatCanMeanNothing(
            int backlog, int connections, long idle, long request, long grace, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Limits(backlog, connections, idle, request, grace))
                .withMessage(message);
    }

    @Test
    void shouldAcceptTheLowestLimits() {
        assertThat(new Limits(1, 1, 1, 1, 0)).isNotEqualTo(Limits.DEFAULT);
    }

    @Test
    void shouldComplainAtMostOnceASecondAndCountTheRest() {
        PrintStream before = System.err;
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        System.setErr(new PrintStream(said, true, UTF_8));
        try {
            Log log = new Log("epoll");
            long begun = System.nanoTime();
            for (int i = 0; i < 10_000; i++) {
                log.warn("accept: EMFILE");
            }
            long seconds = (System.nanoTime() - begun) / 1_000_000_000;
            assertThat(said.toString(UTF_8).lines().count()).isBetween(1L, seconds + 1);
            assertThat(said.toString(UTF_8)).startsWith("csdesign epoll: accept: EMFILE\n");

            await().until(() -> {
                log.warn("later");
                return said.toString(UTF_8).contains("later");
            });
            assertThat(said.toString(UTF_8).lines().filter(line -> line.contains("later")))
                    .hasSize(1)
                    .allMatch(line -> line.matches(
                            "csdesign epoll: later \\(and \\d{4,} more like it\\)"));
        } finally {
            System.setErr(before);
        }
    }

    @Test
    void shouldAnswerCostOnItsInputAndStopAtItsEnd() throws IOException {
        Server server = TestServers.server(TestServers.BYTES, TestServers.PATIENT);
        ByteArrayOutputStream answers = new ByteArrayOutputStream();
        try (PipedOutputStream commands = new PipedOutputStream();
                PipedInputStream in = new PipedInputStream(commands)) {
            Control.start(in, new PrintStream(answers, true, UTF_8), server);
            commands.write("cost\nnonsense\n".getBytes(UTF_8));
            commands.flush();
            await().until(() -> answers.toString(UTF_8).lines().count() == 2);
            List<String> lines = answers.toString(UTF_8).lines().toList();
            assertThat(lines.get(0)).startsWith("{\"connections\":0,").endsWith("}");
            assertThat(lines.get(1)).isEqualTo("{\"error\":\"unknown command, expected: cost\"}");
            assertThat(server.stop().requested()).isFalse();
        }
        await().until(() -> server.stop().requested());
    }

    @Test
    void shouldStopWhereThereIsNoInputAtAll() throws IOException {
        Server server = TestServers.server(TestServers.BYTES, TestServers.PATIENT);
        Control.start(new ByteArrayInputStream(new byte[0]), server.out(), server);
        await().until(() -> server.stop().requested());
    }

    @Test
    void shouldSayWhereItListensAndWhoDidWhat() throws IOException {
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        PrintStream out = new PrintStream(said, true, UTF_8);
        List<Integer> ports = new ArrayList<>();
        Server four = Server.local("epoll", 0).withOut(out).withListener(ports::add);
        Server six = Server.local("poll", 0)
                .withAddress(new InetSocketAddress(InetAddress.ofLiteral("::1"), 0))
                .withScoreboard(Scoreboard.create(2))
                .withOut(out)
                .withListener(ports::add);
        long pid = ProcessHandle.current().pid();
        Console.announce(four, 2000);
        Console.announceOnly(six, 2001);
        assertThat(ports).as("who asked is told").containsExactly(2000, 2001);
        six.scoreboard().row(0).ownedBy(7);
        six.scoreboard().row(0).accept();
        Console.report(six);

        List<String> lines = said.toString(UTF_8).lines().toList();
        assertThat(lines.subList(0, 5)).containsExactly(
                "listening on 127.0.0.1:2000 (epoll, pid " + pid + ")",
                "listening on [0:0:0:0:0:0:0:1]:2001 (poll, pid 0)",
                "worker 0 (pid 7): 1 connections",
                "worker 1 (pid 0): 0 connections",
                "1 connections, 0 requests, 0 bytes");
        assertThat(lines).hasSize(6);
    }
}
