// SPDX-License-Identifier: MIT
package csdesign.cli;

import csdesign.bench.Bench.Outcome;
import csdesign.bench.Bench;
import csdesign.bench.Comparison;
import csdesign.bench.Cpus;
import csdesign.bench.Environment;
import csdesign.bench.Interruption;
import csdesign.bench.LatencyHistogram;
import csdesign.bench.Pinning;
import csdesign.bench.Plan;
import csdesign.bench.Programs;
import csdesign.bench.Progress;
import csdesign.bench.Results.Named;
import csdesign.bench.Results.Skipped;
import csdesign.bench.Results;
import csdesign.bench.ResultsFolder;
import csdesign.bench.Selection;
import csdesign.bench.Table;
import csdesign.bench.Target;
import csdesign.bench.Workload;
import csdesign.client.LiveLine;
import csdesign.design.Catalog;
import csdesign.kit.Nullable;
import csdesign.kit.Output;
import csdesign.kit.Server;
import csdesign.peers.CReference;
import csdesign.range.Range;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;
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
    private static final DateTimeFormatter FOLDER = DateTimeFormatter
            .ofPattern("yyyy-MM-dd'T'HH-mm-ss", Locale.ROOT);

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

    @Option(names = "--out", paramLabel = "DIR", description = "Where results.json, results.csv and histograms.hlog go: a new folder, or one without results, for none is ever replaced (default: results/<time>).")
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
                        + "; with --quick no pool of processes, for it takes long to start.");
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
        Instant began = Instant.now().truncatedTo(ChronoUnit.SECONDS);
        List<Catalog.Entry> chosen;
        Plan plan;
        Pinning pinning;
        try {
            chosen = quick && designs.isEmpty()
                    ? Selection.byDefaultQuickly()
                    : Selection.of(designs);
            plan = plan();
            pinning = pinning();
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
        Programs programs = Programs.find();
        List<Skipped> skipped = new ArrayList<>();
        Optional<String> compiler = peers ? CReference.compiler() : Optional.empty();
        List<Target> targets = targets(chosen, plan.workers(), programs, compiler, skipped);
        Environment environment = Environment.here(programs.code(), compiler);
        Measure measure = (interruption, progress) -> new Bench(plan, targets, pinning, progress)
                .run(programs.agent(), interruption);
        Function<Outcome, Results> results = outcome -> new Results(
                Results.FORMAT,
                began.toString(),
                environment,
                new Results.Method(
                        spec.commandLine().getParseResult().originalArgs(),
                        Programs.FLAGS,
                        Bench.engine().toString(),
                        pinning,
                        plan,
                        targets.stream()
                                .map(each -> new Named(each.name(), each.kind(), each.command()))
                                .toList()),
                outcome.interrupted(),
                skipped,
                outcome.rows(),
                Comparison.of(outcome.rows()));
        long windows = (long) plan.forks() * plan.rounds() * plan.workloads().size()
                * targets.size();
        return run(began, windows, skipped, measure, results);
    }

    /// Measures.
    @FunctionalInterface
    private interface Measure {
        Outcome with(Interruption interruption, Progress progress)
                throws IOException, InterruptedException;
    }

    /// Claims the folder, measures, prints, writes: in this order, so that nothing that was measured
    /// is lost.
    private int run(
            Instant began,
            long windows,
            List<Skipped> skipped,
            Measure measure,
            Function<Outcome, Results> results)
            throws IOException, InterruptedException {
        PrintWriter err = spec.commandLine().getErr();
        try (Interruption interruption = new Interruption();
                ResultsFolder folder = folder(began, windows)) {
            Outcome outcome;
            try (Progress progress = new Progress(err, LiveLine.isTerminal())) {
                skipped.forEach(line -> progress.say("skipped " + line.name() + ": " + line.why()));
                outcome = measure.with(interruption, progress);
            }
            int code = 0;
            if (outcome.interrupted() != null) {
                code = outcome.cause() == null ? INTERRUPTED : 1;
                err.println(
                        "csdesign bench: interrupted " + outcome.interrupted() + ": "
                                + (outcome.hasFigures()
                                        ? "the whole rounds are kept"
                                        : "no results: no round is whole"));
                err.flush();
            }
            if (outcome.interrupted() == null || outcome.hasFigures()) {
                Results all = results.apply(outcome);
                print(all);
                boolean kept = keep(folder, all, outcome.histograms());
                code = Math.max(code, all.areRight() && kept ? 0 : 1);
            }
            if (outcome.cause() instanceof RuntimeException defect) {
                throw defect;
            }
            if (outcome.cause() instanceof Error defect) {
                throw defect;
            }
            // A signal ends the JVM as soon as this returns: with its own number, and before main
            // could say this.
            return interruption.hasHappened() ? Output.exitCode(code) : code;
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

    private boolean keep(
            ResultsFolder folder, Results results, List<LatencyHistogram> histograms) {
        Path file = folder.folder().resolve("results.json");
        try {
            folder.keep(results, histograms);
        } catch (IOException e) {
            PrintWriter err = spec.commandLine().getErr();
            err.println(
                    "csdesign: " + file + " could not be written: " + ResultsFolder.reason(e)
                            + ". All that was measured is what was printed");
            err.flush();
            return false;
        }
        if (!json) {
            PrintWriter stdout = spec.commandLine().getOut();
            stdout.println();
            stdout.println("all rounds: " + file + ", results.csv and histograms.hlog");
            stdout.flush();
        }
        return true;
    }

    private Plan plan() {
        Plan base = quick ? Plan.QUICK : Plan.FULL;
        List<Workload> asked = chooseWorkloads().stream()
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

    private Pinning pinning() throws IOException {
        if (noPin && (serverCpus != null || clientCpus != null)) {
            throw new IllegalArgumentException(
                    "--no-pin and --server-cpus or --client-cpus exclude each other");
        }
        return Pinning.choose(
                !noPin,
                cpus("--server-cpus", serverCpus),
                cpus("--client-cpus", clientCpus));
    }

    private static Cpus cpus(String option, @Nullable String text) {
        try {
            return text == null ? Cpus.NONE : Cpus.parse(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(option + ": " + e.getMessage(), e);
        }
    }

    private List<Target> targets(
            List<Catalog.Entry> chosen,
            int pool,
            Programs programs,
            Optional<String> compiler,
            List<Skipped> skipped) {
        List<Target> targets = new ArrayList<>();
        for (Catalog.Entry entry : chosen) {
            if (entry.needs().areMetHere()) {
                targets.add(Target.design(entry, pool, programs));
            } else {
                skipped.add(new Skipped(entry.slug(), "needs " + entry.needs().words()));
            }
        }
        if (peers && !Catalog.Needs.LINUX.areMetHere()) {
            skipped.add(new Skipped(CReference.NAME, "needs " + Catalog.Needs.LINUX.words()));
        } else if (peers && compiler.isEmpty()) {
            skipped.add(
                    new Skipped(
                            CReference.NAME,
                            "there is no C compiler; install gcc or clang so that `cc` runs"));
        } else if (peers) {
            targets.add(Target.cReference());
        }
        return targets;
    }

    /// Those that were named, in the order of the list; all when none was.
    private List<Workload> chooseWorkloads() {
        for (String wanted : workloads) {
            if (Workload.find(wanted).isEmpty()) {
                throw new IllegalArgumentException(
                        "no workload '" + wanted + "'; there are "
                                + Workload.ALL.stream()
                                        .map(Workload::name)
                                        .collect(Collectors.joining(", ")));
            }
        }
        return Workload.ALL.stream()
                .filter(each -> workloads.isEmpty() || workloads.contains(each.name()))
                .toList();
    }

    /// Claimed and tried before anything is measured: minutes of work must not end in a folder that
    /// cannot be written, or that has another result.
    private ResultsFolder folder(Instant began, long windows) {
        String name = out != null
                ? out
                : "results/" + FOLDER.format(began.atZone(ZoneId.systemDefault()));
        try {
            if (name.indexOf('\uFFFD') >= 0 || !isFolderReadable(Path.of(name))) {
                throw new IOException(
                        "the name is no text in this locale's encoding, "
                                + System.getProperty("sun.jnu.encoding")
                                + "; ./csdesign sets LC_ALL=C.UTF-8");
            }
            ResultsFolder folder = out != null
                    ? ResultsFolder.named(Path.of(name))
                    : ResultsFolder.fresh(Path.of(name));
            try {
                folder.tryToWrite(windows);
            } catch (IOException e) {
                folder.close();
                throw e;
            }
            return folder;
        } catch (IOException e) {
            throw cannotBeWritten(name, ResultsFolder.reason(e), e);
        } catch (InvalidPathException e) {
            throw cannotBeWritten(name, String.valueOf(e.getMessage()), e);
        }
    }

    /// A JVM reads the name of the folder that it was started in by the locale's encoding, and
    /// resolves a relative name against what it has read.
    private static boolean isFolderReadable(Path named) {
        return named.isAbsolute() || Files.exists(Path.of("").toAbsolutePath());
    }

    private ParameterException cannotBeWritten(String name, String why, Exception e) {
        return new ParameterException(
                spec.commandLine(),
                "--out is '" + name + "': cannot be written (" + why + "); name another folder",
                e);
    }
}
