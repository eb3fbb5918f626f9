// SPDX-License-Identifier: MIT
package csdesign.bench;

import csdesign.client.Result;
import csdesign.cost.Costs;

/// The figures of a window, in the order of the CSV's columns. The only list of them: the raw
/// rounds, the medians, the CSV and the table are made from it.
public enum Metric {
    /// What the client saw answered, and rightly, in the window.
    REQUESTS_PER_SECOND("requestsPerSecond", (server, client, start) -> client.requestsPerSecond()),
    /// Half of all requests took this long at most; in `connect` the connecting is part of it.
    P50("p50Micros", (server, client, start) -> client.latencyMicros().p50()),
    /// 99 % of all requests did.
    P99("p99Micros", (server, client, start) -> client.latencyMicros().p99()),
    /// 99.9 % of all requests did.
    P999("p999Micros", (server, client, start) -> client.latencyMicros().p999()),
    /// CPU time of the server per request, user and system.
    CPU("cpuMicrosPerRequest",
            (server, client, start) -> perRequest(
                    server, told(server.userMicros()) + told(server.systemMicros()))),
    /// The part of it in user mode. Most kernels know the sum exactly, and this part by samples.
    USER("userMicrosPerRequest",
            (server, client, start) -> perRequest(server, told(server.userMicros()))),
    /// The part of it in the kernel.
    SYSTEM("systemMicrosPerRequest",
            (server, client, start) -> perRequest(server, told(server.systemMicros()))),
    /// Context switches of the server per request, voluntary and involuntary.
    SWITCHES("switchesPerRequest",
            (server, client, start) -> perRequest(
                    server,
                    told(server.voluntarySwitches()) + told(server.involuntarySwitches()))),
    /// The largest resident set of the server since its start.
    PEAK_RSS("peakRssKib", (server, client, start) -> told(server.peakRssKib())),
    /// Bytes that the server took from the Java heap, per request. The control thread's own, some
    /// KiB for each window, are among them.
    ALLOCATED("allocatedBytesPerRequest",
            (server, client, start) -> perRequest(server, told(server.allocatedBytes()))),
    /// From the start of the server's process until it said that it accepts, all its workers
    /// included. In no other figure.
    STARTUP("startupMillis", (server, client, start) -> start),
    /// What went wrong. A row in which it is not 0 has failed and shows no figures.
    ERRORS("errors", (server, client, start) -> client.errorCount()),
    /// How much of one core the server used: near 1, the server is what limits the throughput.
    SERVER_CORES("serverCores",
            (server, client, start) -> (told(server.userMicros()) + told(server.systemMicros()))
                    / (client.seconds() * 1e6)),
    /// How much of one core the client used: near 1, the client is what limits the throughput.
    CLIENT_CORES("clientCores",
            (server, client, start) -> (told(client.userMicros()) + told(client.systemMicros()))
                    / (client.seconds() * 1e6)),
    /// Mean latency times rate: by Little's law the number of clients that were being served.
    LITTLE("littleClients",
            (server, client, start) -> client.latencyMicros().mean() / 1e6
                    * client.requestsPerSecond());

    /// How a figure follows from what was measured.
    @FunctionalInterface
    private interface Figure {
        double of(Costs server, Result client, double startupMillis);
    }

    private final String key;
    @SuppressWarnings("ImmutableEnumChecker") // each is a lambda that holds nothing
    private final Figure figure;

    Metric(String key, Figure figure) {
        this.key = key;
        this.figure = figure;
    }

    /// Its name in JSON and CSV, with its unit.
    ///
    /// @return in camel case
    public String key() {
        return key;
    }

    /// The figure of a window.
    ///
    /// @param server what the server counted and cost in the window
    /// @param client what the client counted
    /// @param startupMillis how long the server took to accept
    /// @return the figure; not finite when this system does not tell
    double of(Costs server, Result client, double startupMillis) {
        return figure.of(server, client, startupMillis);
    }

    private static double told(long value) {
        return value < 0 ? Double.NaN : value;
    }

    private static double perRequest(Costs server, double value) {
        return value / server.requests();
    }
}
