// SPDX-License-Identifier: MIT
package csdesign.docs;

import csdesign.bench.Metric;
import csdesign.bench.Results.Row;
import csdesign.bench.Spread;
import csdesign.bench.Window;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/// A design beside another one, in sentences that follow from their figures: what it wins, and what it
/// loses as plainly.
///
/// Two figures differ clearly when every round of the one lies apart from every round of the other, and
/// their medians differ by more than [#BAND]. Few rounds cannot prove a difference; but a sentence that
/// calls overlapping rounds a difference would be wrong for certain.
final class ReadAloud {
    /// Differences below it do not matter.
    private static final double BAND = 0.02;

    /// From this ratio on a reader is told how many times, and below it how many percent.
    private static final double TIMES = 2;

    /// Of the figures beside the CPU those are told that differ at least so many times.
    private static final double LEAST_FACTOR = 1.1;

    /// How many wins and how many losses are told: the largest.
    private static final int MOST_TOLD = 2;

    /// What is compared beside CPU per request.
    private enum Figure {
        RATE(Metric.REQUESTS_PER_SECOND, true, "requests/s", 1, ""),
        P99(Metric.P99, false, "p99 latency", 1e-3, " ms"),
        SWITCHES(Metric.SWITCHES, false, "context switches per request", 1, ""),
        RSS(Metric.PEAK_RSS, false, "peak RSS", 1.0 / 1024, " MiB");

        private final Metric metric;
        private final boolean isMoreBetter;
        private final String words;
        private final double scale;
        private final String unit;

        Figure(Metric metric, boolean isMoreBetter, String words, double scale, String unit) {
            this.metric = metric;
            this.isMoreBetter = isMoreBetter;
            this.words = words;
            this.scale = scale;
            this.unit = unit;
        }
    }

    /// A figure of both that differs clearly.
    ///
    /// @param words with both figures
    /// @param factor how many times the worse one is the better one
    /// @param isWon whether the design's own is the better one
    private record Difference(String words, double factor, boolean isWon) {}

    private final Measured measured;

    ReadAloud(Measured measured) {
        this.measured = measured;
    }

    /// Two sentences: the CPU per request in each workload, and what else is won and lost.
    ///
    /// @return no sentence where one of them was not measured
    List<String> sentences(String design, String neighbour) {
        List<String> cpu = new ArrayList<>();
        List<Difference> others = new ArrayList<>();
        for (String workload : measured.workloads()) {
            Optional<Row> own = measured.row(workload, design);
            Optional<Row> other = measured.row(workload, neighbour);
            if (own.isPresent() && other.isPresent()) {
                both(own.get(), other.get(), Metric.CPU)
                        .map(pair -> cpu(workload, pair))
                        .ifPresent(cpu::add);
                differences(workload, own.get(), other.get(), others);
            }
        }
        starts(design, neighbour).ifPresent(others::add);
        if (cpu.isEmpty()) {
            return List.of();
        }
        return List.of(
                "Beside `" + neighbour + "` a request took " + String.join(" and ", cpu) + ".",
                others.isEmpty()
                        ? "None of the other figures differs clearly."
                        : "Of the other figures `" + design + "` clearly wins "
                                + told(others, true) + ", and clearly loses "
                                + told(others, false) + ".");
    }

    private static String cpu(String workload, Pair pair) {
        return String.format(
                "%s us of CPU in `%s` against %s (%s)",
                Measured.digits(pair.own.median()),
                workload,
                Measured.digits(pair.other.median()),
                verdict(pair.own, pair.other));
    }

    /// How the first differs from the second, in words.
    static String verdict(Spread own, Spread other) {
        if (!isClear(own, other)) {
            return "no difference is shown: the rounds overlap";
        }
        double ratio = own.median() / other.median();
        if (ratio >= TIMES) {
            return Measured.digits(ratio) + " times as much";
        }
        return String.format(
                Locale.ROOT, "%.0f %% %s", Math.abs(ratio - 1) * 100, ratio > 1 ? "more" : "less");
    }

    /// Whether all rounds of one lie apart from all rounds of the other, and far enough.
    static boolean isClear(Spread some, Spread others) {
        boolean apart = some.least() > others.most() || some.most() < others.least();
        return apart && Math.abs(some.median() / others.median() - 1) > BAND;
    }

    /// The same figure of two rows.
    private record Pair(Spread own, Spread other) {}

    private static Optional<Pair> both(Row own, Row other, Metric metric) {
        return Measured.figure(own, metric)
                .flatMap(mine -> Measured.figure(other, metric).map(its -> new Pair(mine, its)));
    }

    private static void differences(
            String workload, Row own, Row other, List<Difference> differences) {
        for (Figure figure : Figure.values()) {
            if (figure == Figure.P99 && clients(own) != clients(other)) {
                continue; // with fewer clients served, each of them is answered sooner
            }
            both(own, other, figure.metric)
                    .flatMap(pair -> difference(
                            figure.words + " in `" + workload + "`",
                            pair,
                            figure.isMoreBetter,
                            figure.scale,
                            figure.unit))
                    .ifPresent(differences::add);
        }
    }

    /// How many clients were being served: in keep-alive a pool leaves the others waiting.
    private static long clients(Row row) {
        return row.windows()
                .stream()
                .map(Window::client)
                .mapToLong(client -> Math.min(client.clients(), client.connectionsServed()))
                .max()
                .orElse(0);
    }

    private Optional<Difference> starts(String design, String neighbour) {
        return measured.start(design)
                .flatMap(own -> measured.start(neighbour).map(other -> new Pair(own, other)))
                .flatMap(pair -> difference("time to start", pair, false, 1, " ms"));
    }

    private static Optional<Difference> difference(
            String words, Pair pair, boolean isMoreBetter, double scale, String unit) {
        if (!isClear(pair.own, pair.other)) {
            return Optional.empty();
        }
        double ratio = pair.own.median() / pair.other.median();
        if (Math.max(ratio, 1 / ratio) < LEAST_FACTOR) {
            return Optional.empty();
        }
        return Optional.of(
                new Difference(
                        words + " (" + Measured.digits(pair.own.median() * scale) + unit
                                + " against " + Measured.digits(pair.other.median() * scale) + ")",
                        Math.max(ratio, 1 / ratio),
                        ratio > 1 == isMoreBetter));
    }

    private static String told(List<Difference> differences, boolean isWon) {
        String told = differences.stream()
                .filter(difference -> difference.isWon == isWon)
                .sorted(Comparator.comparingDouble(Difference::factor).reversed())
                .limit(MOST_TOLD)
                .map(Difference::words)
                .collect(Collectors.joining(" and "));
        return told.isEmpty() ? "nothing" : told;
    }
}
