// SPDX-License-Identifier: MIT
package csdesign.bench;

import csdesign.bench.Results.Row;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// A design beside a peer, in pairs: the figures of the same round divided by each other. What
/// disturbs the machine for longer than a round disturbs both, and the ratio is steadier than
/// either.
///
/// @param workload its name
/// @param target the design's name
/// @param peer the peer's name
/// @param metric what is divided: [Metric#key]
/// @param ratio the design's figure divided by the peer's; above 1 the design costs more
public record Comparison(
        String workload, String target, String peer, String metric, Spread ratio) {

    /// Every design with every peer that was measured under the same workload.
    ///
    /// @param rows of all workloads
    /// @return for those of whom both have figures
    public static List<Comparison> of(List<Row> rows) {
        List<Comparison> all = new ArrayList<>();
        for (Row design : rows) {
            for (Row peer : rows) {
                if (design.kind() == Target.Kind.DESIGN && peer.kind() == Target.Kind.PEER
                        && design.workload().equals(peer.workload())) {
                    compare(design, peer, Metric.CPU).ifPresent(all::add);
                }
            }
        }
        return all;
    }

    private static Optional<Comparison> compare(Row design, Row peer, Metric metric) {
        List<Double> ratios = new ArrayList<>();
        for (Window window : design.windows()) {
            Double mine = window.figures().get(metric.key());
            for (Window other : peer.windows()) {
                Double its = other.figures().get(metric.key());
                if (window.fork() == other.fork() && window.round() == other.round()
                        && mine != null && its != null) {
                    ratios.add(mine / its);
                }
            }
        }
        return ratios.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        new Comparison(
                                design.workload(),
                                design.target(),
                                peer.target(),
                                metric.key(),
                                Spread.of(ratios)));
    }
}
