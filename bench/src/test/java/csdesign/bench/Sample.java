// SPDX-License-Identifier: MIT
package csdesign.bench;

import csdesign.bench.Results.Named;
import csdesign.bench.Results.Row;
import csdesign.client.Result;
import csdesign.cost.Costs;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;

/// Measurements that nobody made.
final class Sample {
    static final Workload CONNECT = new Workload("connect", 3_000, false, 64);
    static final Workload KEEP_ALIVE = new Workload("keep-alive", 64, true, 64);
    static final Target EPOLL = target("epoll", Target.Kind.DESIGN);
    static final Target ITERATIVE = target("iterative", Target.Kind.DESIGN);
    static final Target C = target("c-epoll", Target.Kind.PEER);

    private Sample() {}

    private static Target target(String name, Target.Kind kind) {
        return new Target(name, kind, 1, Target.ANY, 1, "run " + name, (processes, cpus) -> {
            throw new AssertionError("not started here");
        });
    }

    /// A window of one second: this many requests, at this much server CPU for each, half user.
    static Window window(int round, long requests, double cpuMicros) {
        return window(round, requests, cpuMicros, 64, 64, 500_000);
    }

    static Window window(
            int round,
            long requests,
            double cpuMicros,
            double inSystem,
            long connectionsServed,
            long clientMicros) {
        double meanMicros = 1e6 * inSystem / requests;
        long half = Math.round(requests * cpuMicros / 2);
        return Window.of(
                1,
                round,
                1,
                123,
                new Costs(requests, requests, 0, half, half, 10, 20, 51_200, -1),
                new Result(
                        "epoll",
                        "connect",
                        64,
                        3_000,
                        1.0,
                        requests,
                        requests,
                        requests * 3_000,
                        requests,
                        Map.of(),
                        0,
                        List.of(),
                        0,
                        0,
                        null,
                        null,
                        connectionsServed,
                        new Result.Latency(
                                meanMicros,
                                2 * meanMicros,
                                3 * meanMicros,
                                4 * meanMicros,
                                5 * meanMicros,
                                meanMicros),
                        clientMicros / 2,
                        clientMicros / 2,
                        "none"));
    }

    static List<LatencyHistogram> histograms() {
        Histogram latencies = new Histogram(1_000, 30_000_000_000L, 3);
        latencies.recordValue(2_000_000);
        latencies.recordValue(5_000_000);
        ByteBuffer buffer = ByteBuffer.allocate(latencies.getNeededByteBufferCapacity());
        int length = latencies.encodeIntoCompressedByteBuffer(buffer);
        String encoded = Base64.getEncoder()
                .encodeToString(Arrays.copyOf(buffer.array(), length));
        return List.of(
                new LatencyHistogram("connect", "epoll", 1, 1, 1.5, 5_000, encoded),
                new LatencyHistogram("connect", "epoll", 1, 2, 1.5, 5_000, encoded));
    }

    static Results results() {
        List<Row> rows = List.of(
                Row.failed(CONNECT, ITERATIVE, "the client counted errors: 3 wrong-byte; at \"7\""),
                Row.measured(
                        CONNECT,
                        EPOLL,
                        List.of(
                                window(1, 28_000, 30),
                                window(2, 29_000, 33),
                                window(3, 27_500, 31))),
                Row.measured(
                        CONNECT,
                        C,
                        List.of(
                                window(1, 30_000, 30),
                                window(2, 29_000, 30),
                                window(3, 28_000, 31))));
        return new Results(
                Results.FORMAT,
                "2026-01-02T03:04:05Z",
                new Environment(
                        "0123456789abcdef",
                        true,
                        "1.2.3",
                        "fedcba9876543210",
                        "Linux 6.1",
                        "a CPU",
                        2,
                        "a JDK 25",
                        "cc 12",
                        Map.of("JAVA_TOOL_OPTIONS", "-Xint"),
                        Map.of("LD_PRELOAD", "other.so")),
                new Results.Method(
                        List.of("bench", "--peers"),
                        Programs.FLAGS,
                        "epoll",
                        new Pinning(
                                Cpus.parse("0"),
                                Cpus.parse("1"),
                                "server on CPU 0, client on CPU 1"),
                        new Plan(List.of(CONNECT), 1, 3, 4_000, 100, 1_500, 10, false),
                        List.of(
                                new Named("epoll", Target.Kind.DESIGN, "run epoll"),
                                new Named("c-epoll", Target.Kind.PEER, "run c-epoll"))),
                null,
                List.of(new Results.Skipped("poll", "needs Linux")),
                rows,
                Comparison.of(rows));
    }
}
