// SPDX-License-Identifier: MIT
package csdesign.bench;

import csdesign.client.Result;
import csdesign.cost.Costs;
import java.util.LinkedHashMap;
import java.util.Map;

/// One measurement: one server, one workload, one round. Raw, with the figures that follow from it.
///
/// @param fork which process of this server it was, from 1
/// @param round from 1 within the fork
/// @param place when in its round it was measured, from 1
/// @param figures by [Metric#key]; a figure that this system does not tell is absent
/// @param server what the server counted and cost in this window, by the difference of two reports;
///     its peak RSS is from its start
/// @param client what the client counted; its histogram is in a file beside the results, see
///     [LatencyHistogram]
public record Window(
        int fork,
        int round,
        int place,
        Map<String, Double> figures,
        Costs server,
        Result client) {

    /// A measurement with its figures.
    static Window of(
            int fork,
            int round,
            int place,
            double startupMillis,
            Costs server,
            Result client) {
        Map<String, Double> figures = new LinkedHashMap<>();
        for (Metric metric : Metric.values()) {
            double value = metric.of(server, client, startupMillis);
            if (Double.isFinite(value)) {
                figures.put(metric.key(), value);
            }
        }
        return new Window(fork, round, place, figures, server, client.withoutHistogram());
    }
}
