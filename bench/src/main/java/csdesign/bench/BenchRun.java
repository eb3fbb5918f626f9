// SPDX-License-Identifier: MIT
package csdesign.bench;

import csdesign.bench.Results.Named;
import csdesign.bench.Results.Skipped;
import csdesign.design.Design;
import csdesign.kit.Nullable;
import csdesign.peers.CReference;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// One bench, from what is asked for to results that are kept.
///
/// ```text
///   find programs and targets --> claim the folder --> measure --> show --> write
/// ```
///
/// The folder is claimed before anything is measured, and the results are shown before they are
/// written: nothing that was measured is lost.
public final class BenchRun {
    private final Request request;
    private final Instant began = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    private final Programs programs;
    private final Environment environment;
    private final List<Target> targets = new ArrayList<>();
    private final List<Skipped> skipped = new ArrayList<>();

    /// What is asked for.
    ///
    /// @param command the arguments of csdesign, for the report
    /// @param designs those to measure: see [Selection]
    /// @param peers whether other people's servers are measured too
    /// @param plan how much is measured, and how
    /// @param pinning which processors server and client have
    /// @param folder where the results go; null for a new folder named by the time
    public record Request(
            List<String> command,
            List<Design> designs,
            boolean peers,
            Plan plan,
            Pinning pinning,
            @Nullable String folder) {}

    /// How it ended.
    ///
    /// @param results null when it was interrupted before its first whole round
    /// @param defect what was thrown and is a mistake of csdesign's own; null when nothing was
    /// @param bySignal whether a signal ended it early
    /// @param file the `results.json`; null where there are no results
    /// @param unwritten why that file could not be written; null when it was
    public record Ending(
            @Nullable Results results,
            @Nullable Throwable defect,
            boolean bySignal,
            @Nullable Path file,
            @Nullable String unwritten) {}

    /// Finds all that it takes.
    ///
    /// @param request what is asked for
    /// @throws IOException when csdesign's own jar cannot be read
    /// @throws InterruptedException when this thread must end
    public BenchRun(Request request) throws IOException, InterruptedException {
        this.request = request;
        programs = Programs.find();
        Optional<String> compiler = request.peers ? CReference.compiler() : Optional.empty();
        environment = Environment.here(programs.code(), compiler);
        for (Design design : request.designs) {
            if (design.needs().areMetHere()) {
                targets.add(Target.design(design, request.plan.workers(), programs));
            } else {
                skipped.add(new Skipped(design.slug(), "needs " + design.needs().words()));
            }
        }
        if (request.peers) {
            addPeers(compiler);
        }
    }

    private void addPeers(Optional<String> compiler) {
        if (!Design.Needs.LINUX.areMetHere()) {
            skipped.add(new Skipped(CReference.NAME, "needs " + Design.Needs.LINUX.words()));
        } else if (compiler.isEmpty()) {
            skipped.add(
                    new Skipped(
                            CReference.NAME,
                            "there is no C compiler; install gcc or clang so that `cc` runs"));
        } else {
            targets.add(Target.cReference());
        }
    }

    /// Measures, shows and writes.
    ///
    /// @param interruption what else can end it
    /// @param news told how far it is
    /// @param live whether that is a terminal
    /// @param show is given the results before they are written
    /// @return how it ended
    /// @throws ResultsFolder.UnusableException before anything is measured, when the results
    ///     would have no place
    /// @throws IOException when the client cannot be started
    /// @throws InterruptedException when this thread must end
    public Ending run(
            Interruption interruption, PrintWriter news, boolean live, Consumer<Results> show)
            throws IOException, InterruptedException {
        long windows = (long) request.plan.forks() * request.plan.rounds()
                * request.plan.workloads().size() * targets.size();
        try (ResultsFolder folder = ResultsFolder.claim(request.folder, began, windows)) {
            Bench.Outcome outcome;
            try (ProgressLine progress = new ProgressLine(news, live)) {
                skipped.forEach(line -> progress.say("skipped " + line.name() + ": " + line.why()));
                outcome = new Bench(request.plan, targets, request.pinning, progress)
                        .run(programs.agent(), interruption);
                if (outcome.interrupted() != null) {
                    progress.say(
                            "interrupted " + outcome.interrupted() + ": "
                                    + (outcome.hasFigures()
                                            ? "the whole rounds are kept"
                                            : "no results: no round is whole"));
                }
            }
            return conclude(outcome, folder, show);
        }
    }

    private Ending conclude(Bench.Outcome outcome, ResultsFolder folder, Consumer<Results> show) {
        Throwable cause = outcome.cause();
        Throwable defect = cause instanceof RuntimeException || cause instanceof Error
                ? cause
                : null;
        boolean interrupted = outcome.interrupted() != null;
        boolean bySignal = interrupted && cause == null;
        if (interrupted && !outcome.hasFigures()) {
            return new Ending(null, defect, bySignal, null, null);
        }
        Results results = results(outcome);
        show.accept(results);
        String unwritten = null;
        try {
            folder.keep(results, outcome.histograms());
        } catch (IOException e) {
            unwritten = ResultsFolder.reason(e);
        }
        return new Ending(results, defect, bySignal,
                folder.folder().resolve("results.json"), unwritten);
    }

    private Results results(Bench.Outcome outcome) {
        return new Results(
                Results.FORMAT,
                began.toString(),
                environment,
                new Results.Method(
                        request.command,
                        Programs.FLAGS,
                        Bench.engine().toString(),
                        request.pinning,
                        request.plan,
                        targets.stream()
                                .map(each -> new Named(each.name(), each.kind(), each.command()))
                                .toList()),
                outcome.interrupted(),
                skipped,
                outcome.rows(),
                Comparison.of(outcome.rows()));
    }
}
