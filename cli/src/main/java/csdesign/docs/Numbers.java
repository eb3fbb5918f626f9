// SPDX-License-Identifier: MIT
package csdesign.docs;

import csdesign.bench.Comparison;
import csdesign.bench.Metric;
import csdesign.bench.Results.Row;
import csdesign.bench.Spread;
import csdesign.design.Catalog;
import csdesign.design.Design;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The tables and the plot that the pages make of measured results. No number in them is written by
/// hand, and the file that they come from is committed.
final class Numbers {
    private static final int LONGEST_BAR = 30;

    /// A bar is cut where it is so many times as long as that of the design in the middle.
    private static final double MOST_TIMES_MEDIAN = 5;

    private static final String FAILED = "FAILED";

    /// A column: its heading and how a row's cell reads.
    private record Column(String heading, Function<Row, String> cell) {}

    private final Measured measured;
    private final List<Column> columns;

    Numbers(Measured measured) {
        this.measured = measured;
        columns = List.of(
                new Column("requests/s", row -> spread(row, Metric.REQUESTS_PER_SECOND, 1)),
                new Column("p50 ms", row -> spread(row, Metric.P50, 1e-3)),
                new Column("p99 ms", row -> spread(row, Metric.P99, 1e-3)),
                new Column("CPU us/request", row -> spread(row, Metric.CPU, 1)),
                new Column("user", row -> median(row, Metric.USER, 1)),
                new Column("system", row -> median(row, Metric.SYSTEM, 1)),
                new Column("switches/request", row -> median(row, Metric.SWITCHES, 1)),
                new Column("peak RSS MiB", row -> median(row, Metric.PEAK_RSS, 1.0 / 1024)),
                new Column("start ms", row -> median(row, Metric.STARTUP, 1)));
    }

    /// The section Numbers of a design's page: its own rows and those of one neighbour.
    List<String> beside(String design, String neighbour) {
        requireDesign(design);
        requireDesign(neighbour);
        List<Row> rows = measured.workloads()
                .stream()
                .flatMap(workload -> Stream.of(design, neighbour)
                        .flatMap(name -> measured.row(workload, name).stream()))
                .toList();
        List<String> lines = new ArrayList<>(List.of(measured.provenance(), ""));
        for (String name : List.of(design, neighbour)) {
            if (rows.stream().noneMatch(row -> row.target().equals(name))) {
                lines.addAll(
                        List.of(
                                "`" + name + "` was not measured there yet: `./csdesign bench"
                                        + " --designs " + design + "," + neighbour + "` does.",
                                ""));
            }
        }
        if (!rows.isEmpty()) {
            lines.addAll(table(rows, row -> "`" + row.workload() + "` | " + name(row, design)));
            lines.add("");
        }
        List<String> sentences = new ReadAloud(measured).sentences(design, neighbour);
        if (!sentences.isEmpty()) {
            lines.addAll(List.of(String.join(" ", sentences), ""));
        }
        lines.addAll(notes(rows));
        lines.add("All designs in one table, read aloud: [numbers](../numbers.md).");
        return lines;
    }

    private static void requireDesign(String slug) {
        if (Catalog.ENTRIES.stream().noneMatch(entry -> entry.slug().equals(slug))) {
            throw new IllegalArgumentException("no design '" + slug + "' in the catalog");
        }
    }

    private static String name(Row row, String own) {
        String mark = row.target().equals(own) ? "**" : "";
        return mark + "`" + row.target() + "`" + mark;
    }

    /// The whole of it, a table for each workload.
    List<String> all() {
        List<String> lines = new ArrayList<>(List.of(measured.provenance()));
        for (String workload : measured.workloads()) {
            List<Row> rows = measured.rows(workload);
            lines.addAll(List.of("", "`" + workload + "`:", ""));
            lines.addAll(table(rows, row -> link(row.target())));
            lines.add("");
            lines.addAll(notes(rows));
        }
        if (lines.getLast().isEmpty()) {
            lines.removeLast();
        }
        return lines;
    }

    private static String link(String design) {
        return "[`" + design + "`](designs/" + design + ".md)";
    }

    private List<String> table(List<Row> rows, Function<Row, String> name) {
        boolean isOfOne = rows.stream().map(Row::workload).distinct().count() == 1
                && name.apply(rows.getFirst()).startsWith("[");
        String first = isOfOne ? "| design | " : "| workload | design | ";
        List<String> lines = new ArrayList<>();
        lines.add(
                first + columns.stream().map(Column::heading).collect(Collectors.joining(" | "))
                        + " |");
        lines.add("|---".repeat((isOfOne ? 1 : 2) + columns.size()) + "|");
        for (Row row : rows) {
            lines.add(
                    "| " + name.apply(row) + " | "
                            + columns.stream()
                                    .map(column -> column.cell.apply(row))
                                    .collect(Collectors.joining(" | "))
                            + " |");
        }
        return lines;
    }

    /// What must be known to read them; rows with the same note share a line.
    private static List<String> notes(List<Row> rows) {
        Map<String, List<String>> byNote = new TreeMap<>();
        for (Row row : rows) {
            String where = "In `" + row.workload() + "`, %s: ";
            row.notes()
                    .forEach(
                            note -> byNote.computeIfAbsent(where + note, _ -> new ArrayList<>())
                                    .add("`" + row.target() + "`"));
            if (row.failure() != null) {
                byNote.computeIfAbsent(where + FAILED + ": " + row.failure(),
                        _ -> new ArrayList<>()).add("`" + row.target() + "`");
            }
        }
        List<String> lines = new ArrayList<>();
        byNote.forEach(
                (note, names) -> lines.addAll(
                        List.of(note.replaceFirst("%s", String.join(", ", names)) + ".", "")));
        return lines;
    }

    /// The plot of the README: CPU per request of every design, a line for each with a bar for
    /// each workload. A bar that is cut ends in `>`: one that is a hundred times the others would
    /// leave nothing of them.
    List<String> plot() {
        List<String> lines = new ArrayList<>(
                List.of(
                        "```text",
                        "server CPU per request in microseconds (user #, system =, cut >)"));
        lines.add((" ".repeat(21) + cells(workload -> String.format("%8s %-31s", "", workload)))
                .stripTrailing());
        for (Design entry : Catalog.ENTRIES) {
            String bars = cells(workload -> measured.row(workload, entry.slug())
                    .map(this::bar)
                    .orElse(" ".repeat(8 + 1 + 31)));
            if (!bars.isBlank()) {
                lines.add(String.format("  %-19s%s", entry.slug(), bars).stripTrailing());
            }
        }
        lines.addAll(List.of("```", "", measured.provenance()));
        return lines;
    }

    private String bar(Row row) {
        if (row.hasFailed()) {
            return String.format("%8s %-31s", FAILED, "");
        }
        double most = longest(row.workload());
        String whole = "#".repeat(length(value(row, Metric.USER) / most))
                + "=".repeat(length(value(row, Metric.SYSTEM) / most));
        String bar = whole.length() <= LONGEST_BAR
                ? whole
                : whole.substring(0, LONGEST_BAR - 1) + ">";
        return String.format(
                Locale.ROOT, "%8s %-31s", Measured.digits(value(row, Metric.CPU)), bar);
    }

    private static int length(double part) {
        return (int) Math.round(Math.min(part, 2) * LONGEST_BAR);
    }

    private double longest(String workload) {
        double[] all = measured.rows(workload)
                .stream()
                .mapToDouble(row -> value(row, Metric.CPU))
                .sorted()
                .toArray();
        return Math.min(all[all.length - 1], MOST_TIMES_MEDIAN * all[all.length / 2]);
    }

    /// 0 for a design that has failed.
    private static double value(Row row, Metric metric) {
        return Measured.figure(row, metric).map(Spread::median).orElse(0.0);
    }

    private String cells(Function<String, String> cell) {
        return measured.workloads().stream().map(cell).collect(Collectors.joining());
    }

    /// A design beside a peer: the ratio of their CPU per request, round by round.
    List<String> comparison() {
        List<String> lines = new ArrayList<>(List.of(measured.provenance(), ""));
        lines.add(
                "| workload | design / peer | CPU us/request | user us/request | ratio of CPU, by rounds"
                        + " | heap bytes/request |");
        lines.add("|---|---|---|---|---|---|");
        for (Comparison comparison : measured.results().comparisons()) {
            String workload = comparison.workload();
            Row design = measured.row(workload, comparison.target()).orElseThrow();
            Row peer = measured.row(workload, comparison.peer()).orElseThrow();
            Spread ratio = comparison.ratio();
            lines.add(
                    String.format(
                            Locale.ROOT,
                            "| `%s` | `%s` / `%s` | %s / %s | %s / %s | %.3f (%.3f..%.3f) | %s |",
                            workload,
                            comparison.target(),
                            comparison.peer(),
                            median(design, Metric.CPU, 1),
                            median(peer, Metric.CPU, 1),
                            median(design, Metric.USER, 1),
                            median(peer, Metric.USER, 1),
                            ratio.median(),
                            ratio.least(),
                            ratio.most(),
                            median(design, Metric.ALLOCATED, 1)));
        }
        return lines;
    }

    private static String spread(Row row, Metric metric, double scale) {
        return row.hasFailed()
                ? FAILED
                : Measured.figure(row, metric)
                        .map(spread -> String.format(
                                "%s (%s..%s)",
                                Measured.digits(spread.median() * scale),
                                Measured.digits(spread.least() * scale),
                                Measured.digits(spread.most() * scale)))
                        .orElse("-");
    }

    private static String median(Row row, Metric metric, double scale) {
        return row.hasFailed()
                ? FAILED
                : Measured.figure(row, metric)
                        .map(spread -> Measured.digits(spread.median() * scale))
                        .orElse("-");
    }
}
