// SPDX-License-Identifier: MIT
package csdesign.docs;

import csdesign.design.Catalog;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The tables and the plot that the pages make of a bench's `results.json`. No number in them is
/// written by hand: each page names the file that its own come from, and the file is committed.
final class Numbers {
    private static final List<String> WORKLOADS = List.of("connect", "keep-alive");
    private static final int LONGEST_BAR = 30;

    /// A bar is cut where it is so many times as long as that of the design in the middle.
    private static final double MOST_TIMES_MEDIAN = 5;

    private final Path file;
    private final JsonNode results;

    private Numbers(Path file, JsonNode results) {
        this.file = Pages.home().relativize(file);
        this.results = results;
    }

    static Numbers of(Path file) {
        return new Numbers(file, JsonMapper.builder().build().readTree(file.toFile()));
    }

    /// The section Numbers of a design's page.
    List<String> table(String slug) {
        List<String> lines = new ArrayList<>(List.of(provenance(), ""));
        lines.add("| workload | requests/s | p50 ms | p99 ms | CPU us/request | user | system"
                + " | switches/request | peak RSS MiB | start ms |");
        lines.add("|---|---|---|---|---|---|---|---|---|---|");
        for (String workload : WORKLOADS) {
            JsonNode row = row(workload, slug);
            lines.add(String.join(
                    " | ",
                    "| `" + workload + "`",
                    spread(row, "requestsPerSecond", 1, "%,.0f"),
                    spread(row, "p50Micros", 1e-3, "%.2f"),
                    spread(row, "p99Micros", 1e-3, "%.2f"),
                    spread(row, "cpuMicrosPerRequest", 1, "%.1f"),
                    median(row, "userMicrosPerRequest", "%.1f"),
                    median(row, "systemMicrosPerRequest", "%.1f"),
                    median(row, "switchesPerRequest", "%.3f"),
                    String.format(
                            Locale.ROOT, "%.0f",
                            value(row, "peakRssKib") / 1024),
                    median(row, "startupMillis", "%,.0f |")));
        }
        lines.addAll(List.of("", "CPU us/request beside the other designs, better or worse, and"
                + " how long each takes to start until it accepts:", ""));
        lines.add("| design | " + cells(workload -> "`" + workload + "`") + " | start ms |");
        lines.add("|---".repeat(WORKLOADS.size() + 2) + "|");
        for (Catalog.Entry entry : Catalog.ENTRIES) {
            String mark = entry.slug().equals(slug) ? "**" : "";
            lines.add("| " + mark + "`" + entry.slug() + "`" + mark + " | "
                    + cells(workload -> median(
                            row(workload, entry.slug()), "cpuMicrosPerRequest", "%,.1f"))
                    + " | " + starts(entry.slug()) + " |");
        }
        for (String workload : WORKLOADS) {
            JsonNode own = row(workload, slug);
            if (failed(own)) {
                lines.addAll(List.of(
                        "",
                        "In `" + workload + "` FAILED: " + own.get("failure").asString() + "."));
            }
            for (JsonNode note : own.get("notes")) {
                lines.addAll(List.of("", "In `" + workload + "`: " + note.asString() + "."));
            }
        }
        return lines;
    }

    /// The plot of the README: CPU per request of every design, a line for each with a bar for
    /// each workload. A bar that is cut ends in `>`: one that is a hundred times the others would
    /// leave nothing of them.
    List<String> plot() {
        List<String> lines = new ArrayList<>(List.of(
                "```text", "server CPU per request in microseconds (user #, system =, cut >)"));
        lines.add(("  " + " ".repeat(19) + cells(
                workload -> String.format("%8s %-31s", "", workload))
                .replace(" | ", "")).stripTrailing());
        for (Catalog.Entry entry : Catalog.ENTRIES) {
            lines.add(String.format("  %-19s", entry.slug())
                    .concat(cells(workload -> bar(workload, entry.slug())).replace(" | ", ""))
                    .stripTrailing());
        }
        lines.addAll(List.of("```", "", provenance()));
        return lines;
    }

    private String bar(String workload, String slug) {
        JsonNode row = row(workload, slug);
        if (failed(row)) {
            return String.format("%8s %-31s", "FAILED", "");
        }
        double most = longest(workload);
        String whole = "#".repeat(length(value(row, "userMicrosPerRequest") / most))
                + "=".repeat(length(value(row, "systemMicrosPerRequest") / most));
        String bar = whole.length() <= LONGEST_BAR
                ? whole
                : whole.substring(0, LONGEST_BAR - 1) + ">";
        return String.format(
                Locale.ROOT, "%,8.1f %-31s", value(row, "cpuMicrosPerRequest"), bar);
    }

    private static int length(double part) {
        return (int) Math.round(Math.min(part, 2) * LONGEST_BAR);
    }

    private double longest(String workload) {
        double[] all = Catalog.ENTRIES.stream()
                .mapToDouble(entry -> value(row(workload, entry.slug()), "cpuMicrosPerRequest"))
                .sorted()
                .toArray();
        return Math.min(all[all.length - 1], MOST_TIMES_MEDIAN * all[all.length / 2]);
    }

    /// A design beside a peer: the ratio of their CPU per request, round by round.
    List<String> comparison() {
        List<String> lines = new ArrayList<>(List.of(provenance(), ""));
        lines.add(
                "| workload | design / peer | CPU us/request | user us/request | ratio of CPU, by rounds"
                        + " | heap bytes/request |");
        lines.add("|---|---|---|---|---|---|");
        for (JsonNode comparison : results.get("comparisons")) {
            String workload = comparison.get("workload").asString();
            JsonNode design = row(workload, comparison.get("target").asString());
            JsonNode peer = row(workload, comparison.get("peer").asString());
            lines.add(String.format(
                    Locale.ROOT,
                    "| `%s` | `%s` / `%s` | %s / %s | %s / %s | %.3f (%.3f..%.3f) | %s |",
                    workload,
                    comparison.get("target").asString(),
                    comparison.get("peer").asString(),
                    median(design, "cpuMicrosPerRequest", "%.2f"),
                    median(peer, "cpuMicrosPerRequest", "%.2f"),
                    median(design, "userMicrosPerRequest", "%.2f"),
                    median(peer, "userMicrosPerRequest", "%.2f"),
                    comparison.at("/ratio/median").asDouble(),
                    comparison.at("/ratio/least").asDouble(),
                    comparison.at("/ratio/most").asDouble(),
                    median(design, "allocatedBytesPerRequest", "%.1f")));
        }
        return lines;
    }

    private String provenance() {
        JsonNode environment = results.get("environment");
        JsonNode plan = results.at("/method/plan");
        return String.format(
                Locale.ROOT,
                "Measured on %s: %s, %s, %d CPUs, %s, commit %.10s, by `./csdesign %s`: median"
                        + " (least..most) of %d rounds of %.1f s, 64 clients, %s%s.",
                results.get("date").asString().substring(0, 10),
                environment.get("kernel").asString(),
                environment.get("cpu").asString(),
                environment.get("processors").asInt(),
                environment.get("jdk").asString(),
                environment.get("commit").asString(),
                results.at("/method/command").valueStream()
                        .map(JsonNode::asString)
                        .collect(Collectors.joining(" ")),
                plan.get("rounds").asInt() * plan.get("forks").asInt(),
                plan.get("durationMillis").asInt() / 1e3,
                plan.has("workers") ? "pools of " + plan.get("workers").asInt() + ", " : "",
                results.at("/method/pinning/words").asString());
    }

    private JsonNode row(String workload, String slug) {
        return results.get("rows").valueStream()
                .filter(row -> row.get("workload").asString().equals(workload)
                        && row.get("target").asString().equals(slug))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "the design " + slug + " is not measured: " + file + " has no row "
                                + workload + " of it. Run `./csdesign bench --designs all` on a"
                                + " quiet machine, commit its results.json under docs/results, and"
                                + " name that file in the pages"));
    }

    /// A cell for each workload.
    private static String cells(Function<String, String> cell) {
        return WORKLOADS.stream().map(cell).collect(Collectors.joining(" | "));
    }

    /// Each workload has a server of its own: from the faster start to the slower one.
    private String starts(String slug) {
        if (WORKLOADS.stream().allMatch(workload -> failed(row(workload, slug)))) {
            return "FAILED";
        }
        double[] millis = WORKLOADS.stream()
                .mapToDouble(workload -> value(row(workload, slug), "startupMillis"))
                .sorted()
                .toArray();
        return String.format(Locale.ROOT, "%,.0f..%,.0f", millis[0], millis[millis.length - 1]);
    }

    private static boolean failed(JsonNode row) {
        return row.has("failure") && !row.get("failure").isNull();
    }

    private static String spread(JsonNode row, String figure, double scale, String format) {
        if (failed(row)) {
            return "FAILED";
        }
        JsonNode at = row.at("/figures/" + figure);
        return String.format(
                Locale.ROOT,
                format + " (" + format + ".." + format + ")",
                at.get("median").asDouble() * scale,
                at.get("least").asDouble() * scale,
                at.get("most").asDouble() * scale);
    }

    private String median(JsonNode row, String figure, String format) {
        return failed(row) ? "FAILED" : String.format(Locale.ROOT, format, value(row, figure));
    }

    /// @return 0 for a design that failed
    private double value(JsonNode row, String figure) {
        if (failed(row)) {
            return 0;
        }
        JsonNode value = row.at("/figures/" + figure + "/median");
        if (value.isMissingNode()) {
            throw new IllegalArgumentException(
                    row.get("target").asString() + " has no figure " + figure + " in " + file
                            + ": measure anew by `./csdesign bench --designs all`");
        }
        return value.asDouble();
    }
}
