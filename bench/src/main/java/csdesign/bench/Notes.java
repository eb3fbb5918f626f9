// SPDX-License-Identifier: MIT
package csdesign.bench;

import csdesign.client.Result;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// What must be known to read a row's figures.
final class Notes {
    /// From here on a core counts as busy: what is left is the kernel's own work on it.
    private static final double BUSY = 0.95;

    /// How far mean latency times rate may be from the number of clients.
    private static final double LITTLE_TOLERANCE = 0.10;

    private Notes() {}

    /// The notes of a row, which may have been asked by fewer clients than planned. Rows with the
    /// same note share one line under the table, so that a note names no figure which differs from
    /// row to row without need.
    static List<String> of(Workload planned, Workload workload, List<Window> windows) {
        List<String> notes = new ArrayList<>();
        if (workload.clients() < planned.clients()) {
            notes.add(
                    workload.clients() + " clients, not " + planned.clients()
                            + ", and longer windows: each is a program that must start first");
        }
        List<Result> clients = windows.stream().map(Window::client).toList();
        long served = clients.stream().mapToLong(Result::connectionsServed).max().orElse(0);
        if (workload.keepAlive() && served < workload.clients()) {
            notes.add(
                    "served " + served + " of " + workload.clients()
                            + " connections; latency is that of those served");
        }
        if (median(windows, Metric.CLIENT_CORES) > BUSY) {
            notes.add(
                    "the client's core was busy: requests/s is the client's limit, CPU per request"
                            + " is what to compare");
        }
        if (!littleHolds(workload, windows)) {
            notes.add(
                    String.format(
                            Locale.ROOT,
                            "Little's law: mean latency x rate is %.1f requests in the system, not"
                                    + " %d: answers that took long fell out of the window",
                            median(windows, Metric.LITTLE),
                            inSystem(workload, windows)));
        }
        long unfinished = clients.stream().mapToLong(Result::unfinished).sum();
        if (unfinished > 0) {
            notes.add(unfinished + " requests had no answer a second after their window");
        }
        long reconnects = clients.stream().mapToLong(Result::reconnects).sum();
        if (reconnects > 0) {
            notes.add("the server closed " + reconnects + " connections between two requests");
        }
        return notes;
    }

    /// In a closed loop each client always has one request in the system. By Little's law mean
    /// latency times rate is their number; a client that is never served is not in it.
    static boolean littleHolds(Workload workload, List<Window> windows) {
        long expected = inSystem(workload, windows);
        return Math.abs(median(windows, Metric.LITTLE) - expected) <= LITTLE_TOLERANCE * expected;
    }

    private static long inSystem(Workload workload, List<Window> windows) {
        long served = windows.stream()
                .mapToLong(window -> window.client().connectionsServed())
                .max()
                .orElse(0);
        return workload.keepAlive()
                ? Math.min(workload.clients(), served)
                : workload.clients();
    }

    /// 0 where the figure is not told.
    private static double median(List<Window> windows, Metric metric) {
        List<Double> values = windows.stream()
                .map(window -> window.figures().getOrDefault(metric.key(), 0.0))
                .toList();
        return Spread.of(values).median();
    }
}
