// SPDX-License-Identifier: MIT
package csdesign.docs;

import csdesign.design.Catalog;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The tables and the plot that the pages make of a bench's `results.json`. No number in them is
/// written by hand: each page names the file that its own come from, and the file is committed.
final class Numbers {
    private static final List<String> WORKLOADS = List.of("connect", "keep-alive");
    private static final int LONGEST_BAR = 46;

    private final JsonNode results;

    private Numbers(JsonNode results) {
        this.results = results;
    }

    static Numbers of(Path file) {
        return new Numbers(JsonMapper.builder().build().readTree(file.toFile()));
    }

    /// The section Numbers of a design's page.
    List<String> table(String slug) {
        List<String> lines = new ArrayList<>(List.of(provenance(), ""));
        lines.add("| workload | requests/s | p50 ms | p99 ms | CPU us/request | user | system"
                + " | switches/request | peak RSS MiB |");
        lines.add("|---|---|---|---|---|---|---|---|---|");
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
                            Locale.ROOT, "%.0f |",
                            row.at("/figures/peakRssKib/median").asDouble() / 1024)));
        }
        lines.addAll(List.of("", "CPU us/request beside the other designs, better or worse:", ""));
        lines.add(cells("workload", "`%s`",
                Catalog.ENTRIES.stream().map(Catalog.Entry::slug).toList()));
        lines.add("|---".repeat(Catalog.ENTRIES.size() + 1) + "|");
        for (String workload : WORKLOADS) {
            lines.add(cells("`" + workload + "`", "%s", Catalog.ENTRIES.stream()
                    .map(entry -> median(row(workload, entry.slug()), "cpuMicrosPerRequest",
                            "%.1f"))
                    .toList()));
        }
        for (String workload : WORKLOADS) {
            for (JsonNode note : row(workload, slug).get("notes")) {
                lines.addAll(List.of("", "In `" + workload + "`: " + note.asString() + "."));
            }
        }
        return lines;
    }

    /// The plot of the README: CPU per request of every design, a bar for each workload.
    List<String> plot() {
        List<String> lines = new ArrayList<>(List.of("```text"));
        for (String workload : WORKLOADS) {
            lines.add(
                    "server CPU per request, " + workload + ", in microseconds (user #, system =)");
            double most = Catalog.ENTRIES.stream()
                    .mapToDouble(entry -> value(row(workload, entry.slug()), "cpuMicrosPerRequest"))
                    .max()
                    .orElse(1);
            for (Catalog.Entry entry : Catalog.ENTRIES) {
                JsonNode row = row(workload, entry.slug());
                double user = value(row, "userMicrosPerRequest");
                double system = value(row, "systemMicrosPerRequest");
                lines.add(String.format(
                        Locale.ROOT,
                        "  %-18s %6.1f %s%s",
                        entry.slug(),
                        value(row, "cpuMicrosPerRequest"),
                        "#".repeat((int) Math.round(user / most * LONGEST_BAR)),
                        "=".repeat((int) Math.round(system / most * LONGEST_BAR))));
            }
        }
        lines.addAll(List.of("```", "", provenance()));
        return lines;
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
                        + " (least..most) of %d rounds of %.1f s, 64 clients, %s.",
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
                results.at("/method/pinning/words").asString());
    }

    private JsonNode row(String workload, String slug) {
        return results.get("rows").valueStream()
                .filter(row -> row.get("workload").asString().equals(workload)
                        && row.get("target").asString().equals(slug))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "no row " + workload + " of " + slug + " in the results"));
    }

    private static String cells(String first, String format, List<String> others) {
        return "| " + first + " | "
                + others.stream().map(format::formatted).collect(Collectors.joining(" | "))
                + " |";
    }

    private static String spread(JsonNode row, String figure, double scale, String format) {
        JsonNode at = row.at("/figures/" + figure);
        return String.format(
                Locale.ROOT,
                format + " (" + format + ".." + format + ")",
                at.get("median").asDouble() * scale,
                at.get("least").asDouble() * scale,
                at.get("most").asDouble() * scale);
    }

    private static String median(JsonNode row, String figure, String format) {
        return String.format(Locale.ROOT, format, value(row, figure));
    }

    private static double value(JsonNode row, String figure) {
        return row.at("/figures/" + figure + "/median").asDouble();
    }
}
