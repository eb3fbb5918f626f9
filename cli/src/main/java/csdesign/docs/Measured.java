// SPDX-License-Identifier: MIT
package csdesign.docs;

import csdesign.bench.Metric;
import csdesign.bench.Plan;
import csdesign.bench.Results;
import csdesign.bench.Results.Row;
import csdesign.bench.Spread;
import csdesign.bench.Workload;
import csdesign.design.Catalog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// The results that pages show. What they do not have, no page has: a design that is not measured
/// yet is missing in the tables, and nothing else changes.
///
/// @param results of a bench
record Measured(Results results) {
    /// A bench's `results.json`.
    static Measured of(Path file) throws IOException {
        return new Measured(Results.parse(Files.readString(file)));
    }

    /// The workloads, in the order of the bench.
    List<String> workloads() {
        return results.method().plan().workloads().stream().map(Workload::name).toList();
    }

    /// One row.
    ///
    /// @return nothing where the design was not measured
    Optional<Row> row(String workload, String design) {
        return results.rows()
                .stream()
                .filter(row -> row.workload().equals(workload) && row.target().equals(design))
                .findFirst();
    }

    /// The rows of a workload that are a design's, in the order of the catalog.
    List<Row> rows(String workload) {
        return Catalog.ENTRIES.stream()
                .flatMap(entry -> row(workload, entry.slug()).stream())
                .toList();
    }

    /// A figure of a row.
    ///
    /// @return nothing where the row has failed, or the system did not tell
    static Optional<Spread> figure(Row row, Metric metric) {
        return Optional.ofNullable(row.figures().get(metric.key()));
    }

    /// How long a design takes until it accepts. Each workload has a server of its own, which
    /// starts once: so this is the spread of those starts.
    Optional<Spread> start(String design) {
        List<Double> starts = workloads().stream()
                .flatMap(workload -> row(workload, design).stream())
                .flatMap(row -> figure(row, Metric.STARTUP).stream())
                .map(Spread::median)
                .toList();
        return starts.isEmpty() ? Optional.empty() : Optional.of(Spread.of(starts));
    }

    /// When, where, of what and by which command.
    String provenance() {
        Plan plan = results.method().plan();
        String commit = results.environment().commit();
        return String.format(
                Locale.ROOT,
                "Measured on %s: %s, %s, %d CPUs, %s%s, by `./csdesign %s`: median (least..most)"
                        + " of %d rounds of %.1f s, %d clients, pools of %d, %s.",
                results.date().substring(0, 10),
                results.environment().kernel(),
                results.environment().cpu(),
                results.environment().processors(),
                results.environment().jdk(),
                commit == null
                        ? ""
                        : ", commit " + commit.substring(0, Math.min(10, commit.length()))
                                + (Boolean.TRUE.equals(results.environment().dirty())
                                        ? " and changes"
                                        : ""),
                String.join(" ", results.method().command()),
                plan.rounds() * plan.forks(),
                plan.durationMillis() / 1e3,
                plan.workloads().getFirst().clients(),
                plan.workers(),
                results.method().pinning().words());
    }

    /// A number with as many digits as three rounds can bear: three, or two below a tenth.
    static String digits(double value) {
        double size = Math.abs(value);
        if (size >= 999.5) {
            double unit = Math.pow(10, Math.floor(Math.log10(size)) - 2);
            return String.format(Locale.ROOT, "%,.0f", Math.round(value / unit) * unit);
        }
        if (size >= 99.95) {
            return String.format(Locale.ROOT, "%.0f", value);
        }
        if (size >= 9.995) {
            return String.format(Locale.ROOT, "%.1f", value);
        }
        if (size >= 0.9995) {
            return String.format(Locale.ROOT, "%.2f", value);
        }
        if (size >= 0.09995) {
            return String.format(Locale.ROOT, "%.3f", value);
        }
        return value == 0
                ? "0"
                : String.format(Locale.ROOT, size >= 0.00995 ? "%.3f" : "%.4f",
                        value);
    }
}
