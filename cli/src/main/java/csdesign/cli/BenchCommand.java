// SPDX-License-Identifier: MIT
package csdesign.cli;

import csdesign.bench.BenchRun;
import csdesign.bench.Cpus;
import csdesign.bench.Interruption;
import csdesign.bench.Pinning;
import csdesign.bench.Plan;
import csdesign.bench.Results;
import csdesign.bench.ResultsFolder;
import csdesign.bench.Selection;
import csdesign.bench.Table;
import csdesign.bench.Workload;
import csdesign.client.LiveLine;
import csdesign.kit.Nullable;
import csdesign.kit.Output;
import csdesign.kit.Server;
import csdesign.range.Range;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.ToLongFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `csdesign bench`: measures designs, and peers, side by side on this machine.
@Command(name = "bench", description = {
        "Measure designs side by side: each in its own process, one client for all, in alternating"
                + " rounds. Three to four minutes; with --quick under 40 seconds.",
        "Ctrl-C ends it early: the rounds that are whole are printed and kept, and marked.",
        "Exit codes: 0 all was right, 1 an answer was wrong or missing, or a result could not be written, 2 bad usage, 130 interrupted (143 by SIGTERM)."
}, sortOptions = false)
final class BenchCommand implements Callable<Integer> {
    private static final int INTERRUPTED = 130;

    @Option(names = "--designs", split = ",", paramLabel = "A,B", description = "Which, of those that `csdesign designs` lists, by their names or the original's (server03); all for every one (default: one of each shape).")
    private List<String> designs = List.of();

    @Option(names = "--workloads", split = ",", paramLabel = "X,Y", description = "Which of connect, keep-alive (default: all).")
    private List<String> workloads = List.of();

    @Option(names = "--peers", description = "Measure the reference in C too, compiled here by cc.")
    private boolean peers;

    @Option(names = "--quick", description = "Less of everything; the figures include compilation by the JIT.")
    private boolean quick;

    @Option(names = "--rounds", paramLabel = "N", preprocessor = Numbers.Reader.class, description = "How often each server is measured, ${bundle:--rounds}.")
    private @Nullable Integer rounds;

    @Option(names = "--forks", paramLabel = "N", preprocessor = Numbers.Reader.class, description = "How often each server is started anew, ${bundle:--forks}.")
    private @Nullable Integer forks;

    @Option(names = "--warmup", paramLabel = "SECONDS", preprocessor = Numbers.Reader.class, description = "Load on each server before the first round, ${bundle:--warmup}; pools of processes up to 4 times as long.")
    private @Nullable Long warmupMillis;

    @Option(names = "--duration", paramLabel = "SECONDS", preprocessor = Numbers.Reader.class, description = "Length of each measurement, ${bundle:--duration}.")
    private @Nullable Long durationMillis;

    @Option(names = "--clients", paramLabel = "N", preprocessor = Numbers.Reader.class, description = "How many ask at the same time, ${bundle:--clients}.")
    private @Nullable Integer clients;

    @Option(names = {"-n",
            "--workers"}, paramLabel = "N", preprocessor = Numbers.Reader.class, description = "Processes or threads of a pool design, ${bundle:--workers}. In keep-alive it serves no more clients than that at once.")
    private @Nullable Integer workers;

    @Option(names = "--no-pin", description = "Let server and client run on any CPU.")
    private boolean noPin;

    @Option(names = "--server-cpus", paramLabel = "LIST", description = "Where the server runs, as 0,2-3 (default: one of its own where there are two).")
    private @Nullable String serverCpus;

    @Option(names = "--client-cpus", paramLabel = "LIST", description = "Where the client runs (default: another one).")
    private @Nullable String clientCpus;

    @Option(names = "--out", paramLabel = "DIR", description = "Where results.json, results.csv and histograms.hlog go: a new folder, or one without results, because none is ever replaced (default: results/<time>).")
    private @Nullable String out;

    @Option(names = "--json", description = "Print results.json in place of the table.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    /// Says which designs the default is, as the catalog has it, and tells it the ranges of its numbers.
    static void describe(CommandSpec bench) {
        List<String> description = new ArrayList<>(List.of(bench.usageMessage().description()));
        description.add(
                1,
                "Without --designs one design of each shape is measured: "
                        + Selection.defaultNames()
                        + "; with --quick no pool of processes, because it takes long to start.");
        bench.usageMessage().description(description.toArray(String[]::new));
        new Numbers()
                .with(Plan.ROUNDS, twice(Plan.ROUNDS, Plan::rounds))
                .with(Plan.FORKS, Plan.FULL.forks())
                .with(Plan.WARMUP, twice(Plan.WARMUP, Plan::warmupMillis))
                .with(Plan.DURATION, twice(Plan.DURATION, Plan::durationMillis))
                .with(Plan.CLIENTS, Workload.ALL.getFirst().clients())
                .with(Server.WORKERS, Plan.FULL.workers())
                .describe(bench);
    }

    private static String twice(Range range, ToLongFunction<Plan> value) {
        return range.text(value.applyAsLong(Plan.FULL)) + "; quick: "
                + range.text(value.applyAsLong(Plan.QUICK));
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        BenchRun.Request request;
        try {
            request = new BenchRun.Request(
                    spec.commandLine().getParseResult().originalArgs(),
                    Selection.of(designs, quick),
                    peers,
                    plan(),
                    Pinning.choose(
                            !noPin,
                            cpus("--server-cpus", serverCpus),
                            cpus("--client-cpus", clientCpus)),
                    out);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
        BenchRun bench = new BenchRun(request);
        try (Interruption interruption = new Interruption()) {
            BenchRun.Ending ending = bench.run(
                    interruption,
                    spec.commandLine().getErr(),
                    LiveLine.isTerminal(),
                    this::print);
            int code = exitCode(ending);
            // A signal ends the JVM as soon as this returns: with its own number, and before main
            // could say this.
            return interruption.hasHappened() ? Output.exitCode(code) : code;
        } catch (ResultsFolder.UnusableException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
    }

    private Plan plan() {
        Plan base = quick ? Plan.QUICK : Plan.FULL;
        List<Workload> asked = Workload.of(workloads)
                .stream()
                .map(workload -> clients == null ? workload : workload.withClients(clients))
                .toList();
        return new Plan(
                asked,
                forks == null ? base.forks() : forks,
                rounds == null ? base.rounds() : rounds,
                warmupMillis == null ? base.warmupMillis() : warmupMillis,
                base.rampMillis(),
                durationMillis == null ? base.durationMillis() : durationMillis,
                workers == null ? base.workers() : workers,
                quick);
    }

    private static Cpus cpus(String option, @Nullable String text) {
        try {
            return text == null ? Cpus.NONE : Cpus.parse(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(option + ": " + e.getMessage(), e);
        }
    }

    private void print(Results results) {
        PrintWriter stdout = spec.commandLine().getOut();
        if (json) {
            stdout.println(results.json());
        } else {
            stdout.print(Table.of(results));
        }
        stdout.flush();
    }

    private int exitCode(BenchRun.Ending ending) {
        if (ending.unwritten() != null) {
            PrintWriter err = spec.commandLine().getErr();
            err.println(
                    "csdesign: " + ending.file() + " could not be written: " + ending.unwritten()
                            + ". All that was measured is what was printed");
            err.flush();
        } else if (ending.file() != null && !json) {
            PrintWriter stdout = spec.commandLine().getOut();
            stdout.println();
            stdout.println("all rounds: " + ending.file() + ", results.csv and histograms.hlog");
            stdout.flush();
        }
        if (ending.defect() instanceof RuntimeException defect) {
            throw defect;
        }
        if (ending.defect() instanceof Error defect) {
            throw defect;
        }
        if (ending.bySignal()) {
            return INTERRUPTED;
        }
        Results results = ending.results();
        boolean allRight = results != null && results.areRight() && ending.unwritten() == null;
        return allRight ? 0 : 1;
    }
}
