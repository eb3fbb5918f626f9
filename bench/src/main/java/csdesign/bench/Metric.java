// SPDX-License-Identifier: MIT
package csdesign.bench;

import csdesign.client.Result;
import csdesign.kit.Costs;
import java.util.function.ToDoubleBiFunction;

/// The figures of a window, in the order of the CSV's columns. The only list of them: the raw
/// rounds, the medians, the CSV and the table are made from it.
public enum Metric {
    /// What the client saw answered, and rightly, in the window.
    REQUESTS_PER_SECOND("requestsPerSecond", (server, client) -> client.requestsPerSecond()),
    /// Half of all requests took this long at most; in `connect` the connecting is part of it.
    P50("p50Micros", (server, client) -> client.latencyMicros().p50()),
    /// 99 % of all requests did.
    P99("p99Micros", (server, client) -> client.latencyMicros().p99()),
    /// 99.9 % of all requests did.
    P999("p999Micros", (server, client) -> client.latencyMicros().p999()),
    /// CPU time of the server per request, user and system.
    CPU("cpuMicrosPerRequest",
            (server, client) -> perRequest(
                    server, told(server.userMicros()) + told(server.systemMicros()))),
    /// The part of it in user mode. Most kernels know the sum exactly, and this part by samples.
    USER("userMicrosPerRequest",
            (server, client) -> perRequest(server, told(server.userMicros()))),
    /// The part of it in the kernel.
    SYSTEM("systemMicrosPerRequest",
            (server, client) -> perRequest(server, told(server.systemMicros()))),
    /// Context switches of the server per request, voluntary and involuntary.
    SWITCHES("switchesPerRequest",
            (server, client) -> perRequest(
                    server,
                    told(server.voluntarySwitches()) + told(server.involuntarySwitches()))),
    /// The largest resident set of the server since its start.
    PEAK_RSS("peakRssKib", (server, client) -> told(server.peakRssKib())),
    /// Bytes that the server took from the Java heap, per request. The control thread's own, some
    /// KiB for each window, are among them.
    ALLOCATED("allocatedBytesPerRequest",
            (server, client) -> perRequest(server, told(server.allocatedBytes()))),
    /// What went wrong. A row in which it is not 0 has failed and shows no figures.
    ERRORS("errors", (server, client) -> client.errorCount()),
    /// How much of one core the server used: near 1, the server is what limits the throughput.
    SERVER_CORES("serverCores",
            (server, client) -> (told(server.userMicros()) + told(server.systemMicros()))
                    / (client.seconds() * 1e6)),
    /// How much of one core the client used: near 1, the client is what limits the throughput.
    CLIENT_CORES("clientCores",
            (server, client) -> (told(client.userMicros()) + told(client.systemMicros()))
                    / (client.seconds() * 1e6)),
    /// Mean latency times rate: by Little's law the number of clients that were being served.
    LITTLE("littleClients",
            (server, client) -> client.latencyMicros().mean() / 1e6 * client.requestsPerSecond());

    private final String key;
    @SuppressWarnings("ImmutableEnumChecker") // each is a lambda that holds nothing
    private final ToDoubleBiFunction<Costs, Result> function;

    Metric(String key, ToDoubleBiFunction<Costs, Result> function) {
        this.key = key;
        this.function = function;
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
    /// @return the figure; not finite when this system does not tell
    double of(Costs server, Result client) {
        return function.applyAsDouble(server, client);
    }

    private static double told(long value) {
        return value < 0 ? Double.NaN : value;
    }

    private static double perRequest(Costs server, double value) {
        return value / server.requests();
    }
}
