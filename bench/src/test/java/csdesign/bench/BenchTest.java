// SPDX-License-Identifier: MIT
package csdesign.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import csdesign.bench.Bench.Outcome;
import csdesign.bench.FakeServer.Way;
import csdesign.bench.Results.Row;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// With servers and clients in processes of their own, as in earnest.
@Timeout(120)
class BenchTest {
    private static final Workload CONNECT = new Workload("connect", 3_000, false, 2);
    private static final Workload KEEP_ALIVE = new Workload("keep-alive", 64, true, 2);
    private static final Pinning ANYWHERE = new Pinning(Cpus.NONE, Cpus.NONE, "not pinned");

    private final StringWriter said = new StringWriter();

    /// The processes of the servers that were started.
    private final List<BenchProcess> started = new CopyOnWriteArrayList<>();

    @Test
    void shouldMeasureEachServerInEachRoundAndEndAll() throws Exception {
        List<Row> rows = run(plan(CONNECT, KEEP_ALIVE), Way.AGENT, Way.RIGHT);
        assertThat(rows).hasSize(2);
        for (Row row : rows) {
            assertThat(row.failure()).isNull();
            assertThat(row.windows()).extracting(Window::round).containsExactly(1, 2);
            assertThat(figure(row, "requestsPerSecond").least()).isPositive();
            // The server claims 10 and 20 us for each request that it counts.
            assertThat(figure(row, "userMicrosPerRequest").median()).isEqualTo(10);
            assertThat(figure(row, "systemMicrosPerRequest").median()).isEqualTo(20);
            assertThat(figure(row, "cpuMicrosPerRequest").median()).isEqualTo(30);
            assertThat(figure(row, "startupMillis").least()).isPositive();
            // One process is measured in both rounds.
            assertThat(figure(row, "startupMillis").most())
                    .isEqualTo(figure(row, "startupMillis").least());
            // It does not tell what it allocates.
            assertThat(row.figures()).doesNotContainKey("allocatedBytesPerRequest");
        }
        assertThat(started).hasSize(2).noneMatch(BenchProcess::isAlive);
        assertThat(said.toString()).contains("keep-alive: round 2 of 2; 0 s left");
    }

    @Test
    void shouldMeasureInReverseOrderInEverySecondRound() throws Exception {
        List<Target> targets = Stream.of("a", "b")
                .map(name -> named(name, FakeServer.target(Way.RIGHT)))
                .toList();
        List<Row> rows = run(plan(KEEP_ALIVE), Way.AGENT, targets);
        assertThat(rows.get(0).windows()).extracting(Window::place).containsExactly(1, 2);
        assertThat(rows.get(1).windows()).extracting(Window::place).containsExactly(2, 1);
    }

    @Test
    void shouldFailWhatIsWrongAndMeasureTheOthers() throws Exception {
        List<Row> rows = run(
                plan(CONNECT),
                Way.AGENT,
                Way.WRONG_BYTE,
                Way.COUNTS_DOUBLE,
                Way.DIES_AT_START,
                Way.DIES_UNDER_LOAD,
                Way.RIGHT);
        assertThat(rows.get(0).failure()).contains("wrong-byte", "at 1500 of 3000");
        assertThat(rows.get(1).failure()).contains("the client counted", "and the server");
        assertThat(rows.get(2).failure()).contains("exit code 3", "no door to open");
        assertThat(rows.get(3).failure()).contains("exit code 4", "too much for me");
        assertThat(rows.subList(0, 4)).allSatisfy(row -> {
            assertThat(row.figures()).isEmpty();
            assertThat(row.windows()).isEmpty();
        });
        assertThat(rows.get(4).failure()).isNull();
        assertThat(rows.get(4).windows()).hasSize(2);
        assertThat(started).noneMatch(BenchProcess::isAlive);
    }

    @Test
    void shouldEndTheServersWhenTheClientIsLost() throws Exception {
        Outcome outcome = outcome(
                plan(CONNECT), Way.AGENT_THAT_DIES, List.of(FakeServer.target(Way.RIGHT)));
        assertThat(outcome.interrupted())
                .startsWith("by an error: the client")
                .contains("ended with exit code 7", "in connect, before its first round");
        assertThat(outcome.cause()).isInstanceOf(IOException.class);
        assertThat(outcome.hasFigures()).isFalse();
        assertThat(started).hasSize(1).noneMatch(BenchProcess::isAlive);
    }

    @Test
    void shouldKeepTheWholeRoundsWhenTheClientIsLost() throws Exception {
        Outcome outcome = outcome(
                new Plan(List.of(CONNECT, KEEP_ALIVE), 1, 40, 200, 50, 200, 10, false),
                Way.AGENT_THAT_DIES_LATER,
                List.of(
                        named("a", FakeServer.target(Way.RIGHT)),
                        named("b", FakeServer.target(Way.RIGHT))));
        // Warming two servers and measuring them once are four loads; it dies in the sixth.
        assertThat(outcome.interrupted())
                .contains("ended with exit code 7", "in connect, round 2 of 40");
        assertThat(outcome.hasFigures()).isTrue();
        assertThat(outcome.rows()).extracting(Row::workload, Row::target)
                .containsExactly(tuple("connect", "a"), tuple("connect", "b"));
        assertThat(outcome.rows()).allSatisfy(
                row -> assertThat(row.windows()).extracting(Window::round).containsExactly(1));
        assertThat(started).hasSize(2).noneMatch(BenchProcess::isAlive);
    }

    @Test
    void shouldKeepTheWholeRoundsWhenASignalEndsIt() throws Exception {
        try (Interruption interruption = new Interruption()) {
            Plan plan = new Plan(List.of(CONNECT, KEEP_ALIVE), 1, 1_000, 0, 50, 100, 10, false);
            // As the shutdown hook does; it waits until the interruption is closed.
            Thread hook = Thread.ofPlatform().daemon().unstarted(interruption::finish);
            PrintWriter terminal = new PrintWriter(said) {
                @Override
                public void println(String line) {
                    super.println(line);
                    if (line.contains("round 2 of 1000")) {
                        hook.start();
                    }
                }
            };
            Outcome outcome = outcome(
                    plan, Way.AGENT, List.of(FakeServer.target(Way.RIGHT)), interruption, terminal);
            assertThat(outcome.interrupted()).startsWith("by a signal, in connect, round ");
            assertThat(outcome.cause()).isNull();
            assertThat(outcome.rows()).singleElement().satisfies(
                    row -> assertThat(row.windows()).extracting(Window::round)
                            .startsWith(1, 2).hasSizeLessThan(1_000));
            assertThat(started).hasSize(1).noneMatch(BenchProcess::isAlive);
        }
    }

    @Test
    void shouldEndEvenAProcessThatDoesNotHeedTheEndOfItsInput() throws IOException {
        BenchProcess process;
        try (Interruption interruption = new Interruption();
                BenchProcesses processes = new BenchProcesses(interruption)) {
            process = processes.start("stays", FakeServer.command(Way.STAYS), Cpus.NONE);
            assertThat(process.isAlive()).isTrue();
        }
        await().until(() -> !process.isAlive());
    }

    private static Spread figure(Row row, String key) {
        return Objects.requireNonNull(row.figures().get(key), key);
    }

    private static Plan plan(Workload... workloads) {
        return new Plan(List.of(workloads), 1, 2, 200, 50, 400, 10, false);
    }

    private List<Row> run(Plan plan, Way agent, Way... servers) throws Exception {
        return run(plan, agent, Stream.of(servers).map(FakeServer::target).toList());
    }

    private List<Row> run(Plan plan, Way agent, List<Target> servers) throws Exception {
        Outcome outcome = outcome(plan, agent, servers);
        assertThat(outcome.interrupted()).isNull();
        return outcome.rows();
    }

    private Outcome outcome(Plan plan, Way agent, List<Target> servers) throws Exception {
        try (Interruption interruption = new Interruption()) {
            return outcome(plan, agent, servers, interruption, new PrintWriter(said));
        }
    }

    private Outcome outcome(
            Plan plan,
            Way agent,
            List<Target> servers,
            Interruption interruption,
            PrintWriter terminal) throws Exception {
        List<Target> watched = new ArrayList<>();
        for (Target target : servers) {
            watched.add(
                    new Target(
                            target.name(),
                            target.kind(),
                            target.warmups(),
                            target.mostClients(),
                            target.windows(),
                            target.command(),
                            (processes, cpus) -> {
                                ServerProcess server = target.launch().start(processes, cpus);
                                started.add(server.process());
                                return server;
                            }));
        }
        try (ProgressLine progress = new ProgressLine(terminal, false)) {
            return new Bench(plan, watched, ANYWHERE, progress)
                    .run(FakeServer.command(agent), interruption);
        }
    }

    private static Target named(String name, Target target) {
        return new Target(
                name,
                target.kind(),
                target.warmups(),
                target.mostClients(),
                target.windows(),
                target.command(),
                target.launch());
    }
}
