// SPDX-License-Identifier: MIT
package csdesign.bench;

import csdesign.bench.Results.Row;
import csdesign.client.Load;
import csdesign.client.Result;
import csdesign.cost.Costs;
import csdesign.design.Design;
import csdesign.kit.Nullable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/// Measures servers side by side.
///
/// ```text
///   for each fork, for each workload:
///     start A, warm A, start B, warm B, ...          one at a time, each under load alone
///     round 1:  A B C ...    round 2:  ... C B A     one at a time, the others idle
///     end all
///   one window:  load runs | pause: cost? | go ... measured ... | cost?
/// ```
///
/// Rounds alternate, so that what disturbs the machine for a while disturbs all servers. Every
/// second round goes backwards, so that no server always comes after the same one. One client
/// process drives all of them.
public final class Bench {
    /// How long an answer may take. Longer than a window plus the second that the client waits for
    /// late answers: one that never comes is counted as unfinished, at the end of its window.
    private static final long ANSWER_MILLIS = 30_000;

    /// What starting a server takes about, until one was started.
    private static final double START_MILLIS = 500;

    /// What a measurement takes about beside its ramp and window, until one was made.
    private static final double ASK_MILLIS = 30;

    private final Plan plan;
    private final List<Target> targets;
    private final Pinning pinning;
    private final ProgressLine progress;

    /// Where it is, for a reader of what is left of it.
    private String doing = "the beginning";

    /// A bench of these.
    ///
    /// @param plan how much, and how
    /// @param targets the servers, in the order of the first round
    /// @param pinning where they run
    /// @param progress told how far it is
    public Bench(Plan plan, List<Target> targets, Pinning pinning, ProgressLine progress) {
        this.plan = plan;
        this.targets = List.copyOf(targets);
        this.pinning = pinning;
        this.progress = progress;
    }

    /// One target under one workload.
    private static final class Cell {
        final Workload workload;
        final Target target;
        final List<Window> windows = new ArrayList<>();
        final List<LatencyHistogram> histograms = new ArrayList<>();

        /// How many of them belong to rounds in which all were measured.
        int whole;
        @Nullable
        ServerProcess server;
        @Nullable
        String failure;

        Cell(Workload workload, Target target) {
            this.workload = workload;
            this.target = target;
        }

        Workload asked() {
            return target.suited(workload);
        }

        Schedule.Step step(Schedule.Kind kind) {
            return new Schedule.Step(kind, workload.name(), target.name());
        }

        /// What was measured in a round that did not end is of no use: its others are missing.
        void forgetTheLastRound() {
            windows.subList(whole, windows.size()).clear();
            histograms.removeIf(each -> windows.stream()
                    .noneMatch(window -> window.fork() == each.fork()
                            && window.round() == each.round()));
        }

        boolean hasRow() {
            return failure != null || !windows.isEmpty();
        }

        Row row() {
            return failure == null
                    ? Row.measured(workload, target, windows)
                    : Row.failed(workload, target, failure);
        }
    }

    /// What drives the client's connections on this system.
    ///
    /// @return the engine that costs the client least
    public static Load.Engine engine() {
        return Design.Needs.LINUX.areMetHere() ? Load.Engine.EPOLL : Load.Engine.THREADS;
    }

    /// What came of it.
    ///
    /// @param rows one for each workload and target, in their order; without those that were not
    ///     measured in any whole round when it ended early
    /// @param histograms of all windows of these rows
    /// @param interrupted why it ended early; null when all was done
    /// @param cause what was thrown then; null when a signal ended it, or all was done
    public record Outcome(
            List<Row> rows,
            List<LatencyHistogram> histograms,
            @Nullable String interrupted,
            @Nullable Throwable cause) {
        /// Whether it has any figures.
        ///
        /// @return false when it ended before its first whole round, or all have failed
        public boolean hasFigures() {
            return rows.stream().anyMatch(row -> !row.windows().isEmpty());
        }
    }

    /// Measures. When it returns or throws, every process that it has started has ended. What ends
    /// it early does not take away the rounds that are whole.
    ///
    /// @param agent how to start the client
    /// @param interruption what else can end it
    /// @return what was measured
    /// @throws IOException when the client cannot be started
    /// @throws InterruptedException when this thread must end
    public Outcome run(List<String> agent, Interruption interruption)
            throws IOException, InterruptedException {
        List<Cell> cells = new ArrayList<>();
        for (Workload workload : plan.workloads()) {
            for (Target target : targets) {
                cells.add(new Cell(workload, target));
            }
        }
        expect(cells);
        try (BenchProcesses processes = new BenchProcesses(interruption)) {
            AgentProcess client = new AgentProcess(
                    processes.start("the client", agent, pinning.client()));
            try {
                measureAll(processes, client, cells);
            } catch (Interruption.HappenedException signal) {
                return outcome(cells, "by a signal", null);
            } catch (AgentProcess.LostException lost) {
                return outcome(cells, "by an error: " + lost.getMessage(), lost);
            } catch (RuntimeException | Error defect) {
                return outcome(cells, "by an error: " + defect, defect);
            }
        }
        return outcome(cells, null, null);
    }

    private Outcome outcome(
            List<Cell> cells, @Nullable String interrupted, @Nullable Throwable cause) {
        if (interrupted != null) {
            cells.forEach(Cell::forgetTheLastRound);
        }
        List<Row> rows = cells.stream()
                .filter(cell -> interrupted == null || cell.hasRow())
                .map(Cell::row)
                .toList();
        List<LatencyHistogram> histograms = cells.stream()
                .flatMap(cell -> cell.histograms.stream())
                .toList();
        return new Outcome(
                rows,
                histograms,
                interrupted == null ? null : interrupted + ", in " + doing,
                cause);
    }

    private void measureAll(BenchProcesses processes, AgentProcess client, List<Cell> cells)
            throws IOException, InterruptedException {
        for (int fork = 1; fork <= plan.forks(); fork++) {
            for (Workload workload : plan.workloads()) {
                List<Cell> side = cells.stream()
                        .filter(cell -> cell.workload.equals(workload))
                        .toList();
                try {
                    measureSide(processes, client, side, fork);
                } catch (AgentProcess.LostException e) {
                    processes.throwIfASignalIsTheCause();
                    throw e;
                } finally {
                    endAll(processes, side);
                }
            }
        }
    }

    private void expect(List<Cell> cells) {
        Schedule schedule = progress.schedule();
        schedule.nominal(Schedule.Kind.WARM, START_MILLIS + plan.warmupMillis());
        schedule.nominal(
                Schedule.Kind.MEASURE, ASK_MILLIS + plan.rampMillis() + plan.durationMillis());
        for (Cell cell : cells) {
            schedule.expect(cell.step(Schedule.Kind.WARM), plan.forks());
            schedule.expect(cell.step(Schedule.Kind.MEASURE), plan.forks() * plan.rounds());
        }
    }

    private void measureSide(BenchProcesses processes, AgentProcess client, List<Cell> cells,
            int fork)
            throws IOException, InterruptedException {
        String where = cells.getFirst().workload.name()
                + (plan.forks() == 1 ? "" : ", fork " + fork + " of " + plan.forks());
        doing = where + ", before its first round";
        attempt(
                processes,
                cells,
                Schedule.Kind.WARM,
                where + ": starting and warming ",
                (cell, place) -> {
                    cell.server = cell.target.launch().start(processes, pinning.server());
                    warm(client, cell.server, cell.asked(), cell.target.warmups());
                });
        progress.done(where + ": the servers are warm");
        for (int round = 1; round <= plan.rounds(); round++) {
            int thisRound = round;
            doing = where + ", round " + round + " of " + plan.rounds();
            attempt(
                    processes,
                    round % 2 == 1 ? cells : cells.reversed(),
                    Schedule.Kind.MEASURE,
                    where + ", round " + round + " of " + plan.rounds() + ": ",
                    (cell, place) -> {
                        ServerProcess server = cell.server;
                        if (server != null) {
                            cell.windows.add(
                                    measure(client, cell, server, fork, thisRound, place));
                        }
                    });
            cells.forEach(cell -> cell.whole = cell.windows.size());
            progress.done(where + ": round " + round + " of " + plan.rounds());
        }
    }

    /// What is done with one after the other.
    @FunctionalInterface
    private interface Attempt {
        void with(Cell cell, int place) throws IOException, InterruptedException;
    }

    /// Does it with each that has not failed. One that fails is left out, and the others go on.
    private void attempt(
            BenchProcesses processes, List<Cell> cells, Schedule.Kind kind, String what,
            Attempt attempt)
            throws AgentProcess.LostException, Interruption.HappenedException,
            InterruptedException {
        int place = 0;
        for (Cell cell : cells) {
            place++;
            if (cell.failure != null) {
                continue;
            }
            processes.throwIfInterrupted();
            progress.begin(cell.step(kind), what + cell.target.name());
            try {
                attempt.with(cell, place);
            } catch (AgentProcess.LostException | Interruption.HappenedException e) {
                throw e;
            } catch (IOException e) {
                processes.throwIfASignalIsTheCause();
                fail(processes, cell, reason(cell, String.valueOf(e.getMessage())));
            } finally {
                progress.end();
            }
        }
    }

    /// A client whose connections break does not know why; the server's last words may tell.
    private static String reason(Cell cell, String why) throws InterruptedException {
        if (cell.server == null) {
            return why;
        }
        return cell.server.process()
                .end()
                .filter(end -> !why.contains(end))
                .map(end -> why + "; " + end)
                .orElse(why);
    }

    private void fail(BenchProcesses processes, Cell cell, String why) {
        cell.failure = why;
        cell.windows.clear();
        cell.histograms.clear();
        cell.whole = 0;
        progress.schedule().drop(cell.step(Schedule.Kind.WARM));
        progress.schedule().drop(cell.step(Schedule.Kind.MEASURE));
        progress.say(cell.target.name() + ", " + cell.workload.name() + ": FAILED: " + why);
        end(processes, cell);
    }

    /// All at the same time: each is asked before any is waited for.
    private static void endAll(BenchProcesses processes, List<Cell> cells) {
        for (Cell cell : cells) {
            if (cell.server != null) {
                cell.server.process().ask();
            }
        }
        cells.forEach(cell -> end(processes, cell));
    }

    private static void end(BenchProcesses processes, Cell cell) {
        if (cell.server != null) {
            processes.end(cell.server.process());
            cell.server = null;
        }
    }

    private void warm(
            AgentProcess client, ServerProcess server, Workload workload, int times)
            throws IOException, InterruptedException {
        if (plan.warmupMillis() > 0) {
            Load load = load(workload, server, 0, times * plan.warmupMillis());
            client.warm(load);
            requireNoErrors(client.go(load));
        }
    }

    private Window measure(
            AgentProcess client,
            Cell cell,
            ServerProcess server,
            int fork,
            int round,
            int place)
            throws IOException, InterruptedException {
        long millis = cell.target.windows() * plan.durationMillis();
        Load load = load(cell.asked(), server, plan.rampMillis(), millis);
        client.warm(load);
        Costs before;
        try {
            before = server.costs();
        } catch (BenchException e) {
            client.abandon(load);
            throw e;
        }
        Result result = client.go(load);
        requireNoErrors(result);
        if (result.requests() == 0) {
            throw new BenchException("no request was answered in the window");
        }
        Costs costs = server.costs().minus(before);
        requireEqual(cell.asked(), costs, result);
        LatencyHistogram histogram = LatencyHistogram.of(cell.workload, cell.target, fork, round,
                result);
        if (histogram != null) {
            cell.histograms.add(histogram);
        }
        return Window.of(
                fork, round, place, server.startupMillis(), costs, result);
    }

    private static Load load(
            Workload workload, ServerProcess server, long warmupMillis, long durationMillis) {
        return Load.to("127.0.0.1", server.port())
                .engine(engine())
                .clients(workload.clients())
                .bytes(workload.bytes())
                .keepAlive(workload.keepAlive())
                .duration(durationMillis)
                .warmup(warmupMillis)
                .verify(true)
                .timeout(ANSWER_MILLIS);
    }

    private static void requireNoErrors(Result result) throws BenchException {
        if (result.errorCount() > 0) {
            String kinds = result.errors()
                    .entrySet()
                    .stream()
                    .map(entry -> entry.getValue() + " " + entry.getKey())
                    .collect(Collectors.joining(", "));
            throw new BenchException(
                    "the client counted errors: " + kinds + "; "
                            + String.join("; ", result.errorSamples()));
        }
    }

    /// Both count on their own. What is answered while the window begins or ends may count on one
    /// side only: at most one request for each client.
    private static void requireEqual(Workload workload, Costs server, Result client)
            throws BenchException {
        if (Math.abs(server.requests() - client.requests()) > workload.clients()) {
            throw new BenchException(
                    "the client counted " + client.requests() + " requests in the window and the"
                            + " server " + server.requests() + ": they may differ by "
                            + workload.clients());
        }
    }
}
