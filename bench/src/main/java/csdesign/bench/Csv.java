// SPDX-License-Identifier: MIT
package csdesign.bench;

import csdesign.bench.Results.Row;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/// Results as RFC 4180 lines, one for each window; a row that has failed has one line with its
/// reason and no figures.
final class Csv {
    private static final List<String> BEFORE = List.of(
            "date", "workload", "target", "kind", "status", "fork", "round", "place");
    private static final List<String> AFTER = List.of(
            "clientRequests", "serverRequests", "connectionsServed", "unfinished", "run",
            "failure");

    private Csv() {}

    static String of(Results results) {
        List<String> lines = new ArrayList<>();
        List<String> header = new ArrayList<>(BEFORE);
        for (Metric metric : Metric.values()) {
            header.add(metric.key());
        }
        header.addAll(AFTER);
        lines.add(line(header));
        for (Row row : results.rows()) {
            if (row.failure() != null) {
                lines.add(failed(results, row, row.failure()));
            }
            for (Window window : row.windows()) {
                lines.add(measured(results, row, window));
            }
        }
        return lines.stream().map(line -> line + "\r\n").collect(Collectors.joining());
    }

    private static String measured(Results results, Row row, Window window) {
        List<String> cells = cells(results, row, "ok");
        cells.add(Integer.toString(window.fork()));
        cells.add(Integer.toString(window.round()));
        cells.add(Integer.toString(window.place()));
        for (Metric metric : Metric.values()) {
            Double figure = window.figures().get(metric.key());
            cells.add(figure == null ? "" : String.format(Locale.ROOT, "%.6g", figure));
        }
        cells.add(Long.toString(window.client().requests()));
        cells.add(Long.toString(window.server().requests()));
        cells.add(Long.toString(window.client().connectionsServed()));
        cells.add(Long.toString(window.client().unfinished()));
        cells.add(run(results));
        cells.add("");
        return line(cells);
    }

    private static String failed(Results results, Row row, String why) {
        List<String> cells = cells(results, row, "failed");
        while (cells.size() < BEFORE.size() + Metric.values().length + AFTER.size() - 2) {
            cells.add("");
        }
        cells.add(run(results));
        cells.add(why);
        return line(cells);
    }

    /// Of the whole bench: `interrupted` when rounds are missing at its end.
    private static String run(Results results) {
        return results.interrupted() == null ? "whole" : "interrupted";
    }

    private static List<String> cells(Results results, Row row, String status) {
        List<String> cells = new ArrayList<>();
        cells.add(results.date());
        cells.add(row.workload());
        cells.add(row.target());
        cells.add(row.kind().name().toLowerCase(Locale.ROOT));
        cells.add(status);
        return cells;
    }

    private static String line(List<String> cells) {
        return cells.stream().map(Csv::quoted).collect(Collectors.joining(","));
    }

    private static String quoted(String cell) {
        return cell.matches("(?s).*[\",\r\n].*") ? '"' + cell.replace("\"", "\"\"") + '"' : cell;
    }
}
