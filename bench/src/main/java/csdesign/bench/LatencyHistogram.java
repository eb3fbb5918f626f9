// SPDX-License-Identifier: MIT
package csdesign.bench;

import csdesign.client.Result;
import csdesign.kit.Nullable;
import java.util.List;
import java.util.Locale;

/// All latencies of one window. They take more room than all else that a bench counts and are read
/// by programs only, so they stand in a file of their own beside the results.
///
/// That file is a log of HdrHistogram, which its tools read: a line has a tag, a time, and the
/// histogram in base64. The tag names the window: `connect/epoll/fork-1/round-2`.
///
/// @param workload its name
/// @param target its name
/// @param fork which process of this server it was, from 1
/// @param round from 1 within the fork
/// @param seconds how long was measured
/// @param maxMicros the longest latency
/// @param encoded in nanoseconds, V2, compressed, in base64
/// @see <a href="https://hdrhistogram.github.io/HdrHistogram/">HdrHistogram</a>
public record LatencyHistogram(
        String workload,
        String target,
        int fork,
        int round,
        double seconds,
        double maxMicros,
        String encoded) {

    /// Of a window.
    ///
    /// @return null when the client told none
    static @Nullable LatencyHistogram of(
            Workload workload, Target target, int fork, int round, Result client) {
        String encoded = client.histogram();
        return encoded == null
                ? null
                : new LatencyHistogram(workload.name(), target.name(), fork, round,
                        client.seconds(),
                        client.latencyMicros().max(), encoded);
    }

    /// The file. Windows have no time of day: each begins where the one before it ended.
    static String log(String date, List<LatencyHistogram> all) {
        StringBuilder log = new StringBuilder("#[Histogram log format version 1.3]\n")
                .append("#[csdesign bench, begun ").append(date)
                .append("; latencies in nanoseconds, maxima in milliseconds]\n")
                .append("\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",")
                .append("\"Interval_Compressed_Histogram\"\n");
        double begin = 0;
        for (LatencyHistogram each : all) {
            log.append(String.format(Locale.ROOT, "Tag=%s/%s/fork-%d/round-%d,%.3f,%.3f,%.3f,%s%n",
                    each.workload, each.target, each.fork, each.round, begin, each.seconds,
                    each.maxMicros / 1e3, each.encoded));
            begin += each.seconds;
        }
        return log.toString();
    }
}
