// SPDX-License-Identifier: MIT
package csdesign.bench;

import csdesign.bench.Results.Row;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/// Results for a person: for each workload what was done at which cost, how long the clients
/// waited, and what must be known to read it.
public final class Table {
    private static final int MOST_COLUMNS = 100;
    private static final String GAP = "  ";

    /// A column: its heading and how a row's cell reads.
    private record Column(String heading, Function<Row, String> cell) {}

    private static final List<Column> COST = List.of(
            new Column("requests/s", row -> withSpread(row, Metric.REQUESTS_PER_SECOND)),
            new Column("CPU us/request", row -> withSpread(row, Metric.CPU)),
            new Column("user", row -> median(row, Metric.USER)),
            new Column("system", row -> median(row, Metric.SYSTEM)),
            new Column("switches", row -> median(row, Metric.SWITCHES)),
            new Column("RSS MiB", Table::mebibytes),
            new Column("start ms", row -> median(row, Metric.STARTUP)),
            new Column("errors", row -> median(row, Metric.ERRORS)));

    private static final List<Column> LATENCY = List.of(
            new Column("p50 us", row -> withSpread(row, Metric.P50)),
            new Column("p99 us", row -> withSpread(row, Metric.P99)),
            new Column("p99.9 us", row -> withSpread(row, Metric.P999)));

    private Table() {}

    /// Makes it.
    ///
    /// @param results of a bench
    /// @return lines, the last one with its end
    public static String of(Results results) {
        List<String> lines = new ArrayList<>(heading(results));
        for (Workload workload : results.method().plan().workloads()) {
            List<Row> rows = results.rows()
                    .stream()
                    .filter(row -> row.workload().equals(workload.name()))
                    .toList();
            lines.add("");
            lines.add(workload.name() + ": " + workload.words() + rounds(results, rows));
            if (rows.isEmpty()) {
                continue;
            }
            lines.addAll(block(rows, COST, "cost"));
            lines.addAll(block(rows, LATENCY, "latency"));
            lines.addAll(notes(rows));
            lines.addAll(comparisons(results, workload));
        }
        lines.add("");
        lines.addAll(legend(results.method().plan()));
        for (String warning : results.environment().warnings()) {
            lines.add("");
            lines.addAll(wrap(warning, ""));
        }
        return lines.stream().map(line -> line + "\n").collect(Collectors.joining());
    }

    /// How many there are, where some are missing.
    private static String rounds(Results results, List<Row> rows) {
        if (results.interrupted() == null) {
            return "";
        }
        long whole = rows.stream().mapToLong(row -> row.windows().size()).max().orElse(0);
        Plan plan = results.method().plan();
        return whole == 0
                ? ": interrupted before its first whole round"
                : ", interrupted after " + whole + " of " + plan.forks() * plan.rounds()
                        + " rounds";
    }

    private static List<String> heading(Results results) {
        Results.Method method = results.method();
        Plan plan = method.plan();
        List<String> lines = new ArrayList<>();
        if (results.interrupted() != null) {
            lines.addAll(
                    wrap(
                            "INTERRUPTED " + results.interrupted() + ". What follows are the rounds"
                                    + " that were whole by then.",
                            ""));
        }
        lines.addAll(
                wrap(
                        String.format(
                                Locale.ROOT,
                                "%s%d rounds of %s s after %s s of warm-up: median (least..most)."
                                        + " %s.",
                                plan.forks() == 1 ? "" : plan.forks() + " forks, each ",
                                plan.rounds(),
                                number(plan.durationMillis() / 1e3),
                                number(plan.warmupMillis() / 1e3),
                                capital(method.pinning().words())),
                        ""));
        lines.addAll(wrap(results.environment().words(), ""));
        if (plan.quick()) {
            lines.addAll(
                    wrap(
                            "quick: the JIT still compiles while the servers are measured, and that"
                                    + " counts as their CPU. Compare by a full run.",
                            ""));
        }
        for (Results.Skipped skipped : results.skipped()) {
            lines.addAll(wrap("skipped: " + skipped.name() + ": " + skipped.why(), ""));
        }
        return lines;
    }

    /// What the columns mean. It stands below the figures, which a reader wants first.
    private static List<String> legend(Plan plan) {
        return wrap(
                "How to read it: a closed loop, and every byte is compared. CPU, user, system and"
                        + " switches are the server's, per request; the kernel samples which part"
                        + " is user time. RSS is the peak, summed over a server's processes. Start:"
                        + " until the server accepts, with all its workers (a pool has "
                        + plan.workers() + "); it is in no other figure. Pools of processes are"
                        + " warmed up to 4 times as long.",
                "");
    }

    private static List<String> block(List<Row> rows, List<Column> columns, String title) {
        List<List<String>> cells = new ArrayList<>();
        List<String> headings = new ArrayList<>(List.of(title));
        columns.forEach(column -> headings.add(column.heading));
        cells.add(headings);
        for (Row row : rows) {
            List<String> line = new ArrayList<>(List.of(row.target()));
            if (row.hasFailed()) {
                line.add("FAILED");
            } else {
                columns.forEach(column -> line.add(column.cell.apply(row)));
            }
            cells.add(line);
        }
        int[] widths = new int[headings.size()];
        for (List<String> line : cells) {
            for (int i = 0; i < line.size(); i++) {
                widths[i] = Math.max(widths[i], line.get(i).length());
            }
        }
        List<String> lines = new ArrayList<>();
        for (List<String> line : cells) {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < line.size(); i++) {
                String pad = " ".repeat(widths[i] - line.get(i).length());
                text.append(i == 0 ? "" : GAP)
                        .append(i == 0 ? line.get(i) + pad : pad + line.get(i));
            }
            lines.add(text.toString().stripTrailing());
        }
        return lines;
    }

    private static List<String> notes(List<Row> rows) {
        List<String> lines = new ArrayList<>();
        Map<String, List<String>> byNote = new LinkedHashMap<>();
        for (Row row : rows) {
            row.notes()
                    .forEach(
                            note -> byNote.computeIfAbsent(note, _ -> new ArrayList<>())
                                    .add(row.target()));
        }
        byNote.forEach(
                (note, names) -> lines.addAll(
                        wrap(
                                (names.size() == rows.size() && names.size() > 1
                                        ? "all"
                                        : String.join(", ", names)) + ": " + note,
                                "- ")));
        for (Row row : rows) {
            if (row.failure() != null) {
                lines.addAll(wrap(row.target() + " FAILED: " + row.failure(), "- "));
            }
        }
        return lines;
    }

    private static List<String> comparisons(Results results, Workload workload) {
        List<String> lines = new ArrayList<>();
        for (Comparison comparison : results.comparisons()) {
            if (comparison.workload().equals(workload.name())) {
                Spread ratio = comparison.ratio();
                lines.add(
                        String.format(
                                Locale.ROOT,
                                "%s / %s: CPU per request %.3f (%.3f..%.3f) over %d rounds",
                                comparison.target(),
                                comparison.peer(),
                                ratio.median(),
                                ratio.least(),
                                ratio.most(),
                                ratio.count()));
            }
        }
        return lines;
    }

    private static String withSpread(Row row, Metric metric) {
        Spread spread = row.figures().get(metric.key());
        return spread == null
                ? "-"
                : number(spread.median()) + " (" + bound(spread.least()) + ".."
                        + bound(spread.most()) + ")";
    }

    private static String median(Row row, Metric metric) {
        Spread spread = row.figures().get(metric.key());
        return spread == null ? "-" : number(spread.median());
    }

    private static String mebibytes(Row row) {
        Spread spread = row.figures().get(Metric.PEAK_RSS.key());
        return spread == null ? "-" : number(spread.median() / 1_024);
    }

    /// With as many digits as a reader can use: three, or all before the point.
    static String number(double value) {
        double size = Math.abs(value);
        if (value == 0) {
            return "0";
        }
        if (size >= 99.95) {
            return String.format(Locale.ROOT, "%,.0f", value);
        }
        return size >= 9.995
                ? String.format(Locale.ROOT, "%.1f", value)
                : String.format(Locale.ROOT, size >= 0.0995 ? "%.2f" : "%.4f", value);
    }

    /// The same, shorter: the end of a spread says how far, not how much.
    private static String bound(double value) {
        return value < 9_995 ? number(value) : number(value / 1e3) + "k";
    }

    private static String capital(String text) {
        return text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1);
    }

    /// Breaks at blanks. Lines that were given stay apart.
    private static List<String> wrap(String text, String mark) {
        List<String> lines = new ArrayList<>();
        String indent = " ".repeat(mark.length());
        StringBuilder line = new StringBuilder(mark);
        for (String given : text.split("\n", -1)) {
            for (String word : given.split(" ", -1)) {
                if (line.length() > mark.length()
                        && line.length() + word.length() > MOST_COLUMNS) {
                    lines.add(line.toString().stripTrailing());
                    line = new StringBuilder(indent);
                }
                line.append(word).append(' ');
            }
            lines.add(line.toString().stripTrailing());
            line = new StringBuilder(indent);
        }
        return lines;
    }
}
