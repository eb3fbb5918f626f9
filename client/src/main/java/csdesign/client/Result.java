// SPDX-License-Identifier: MIT
package csdesign.client;

import com.fasterxml.jackson.annotation.JsonInclude;
import csdesign.kit.Nullable;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.HdrHistogram.AbstractHistogram;
import tools.jackson.databind.json.JsonMapper;

/// What came of a [Load].
///
/// @param engine what drove the connections: `threads` or `epoll`
/// @param mode `connect` (a connection for each request) or `keep-alive`
/// @param clients how many asked at the same time
/// @param bytesPerRequest the count that was asked for
/// @param seconds how long it took, or, with `--duration`, how long was measured
/// @param connections how many were opened; in keep-alive those of the warm-up are among
///     them
/// @param requests how many were answered rightly; with `--duration`, within it
/// @param bytes the sum of those answers
/// @param requestsPerSecond `requests` divided by `seconds`
/// @param errors how many went wrong, by kind (see [Fault]), those of the warm-up
///     included: a wrong byte is wrong at any time
/// @param errorCount their sum
/// @param errorSamples the first messages that differ
/// @param reconnects in keep-alive, how often the server had closed a connection between
///     two requests, by FIN or by RST, which is no error: the request was made again on a
///     new one (RFC 9112, 9.3.1)
/// @param unfinished requests without an answer at the end: never made, or, with
///     `--duration`, not answered within a second after it
/// @param gaveUp why the client ended before its bound (see [Patience]); null when it did not
/// @param advice what to try, where nothing was ever answered rightly; null otherwise
/// @param connectionsServed how many different connections were answered at least once. A
///     server that serves one client at a time leaves the others out
/// @param latencyMicros the distribution of latency
/// @param userMicros CPU time of the client in user mode, in microseconds; -1 where not
///     told
/// @param systemMicros CPU time of the client in the kernel, in microseconds; -1 where
///     not told
/// @param histogram all latencies in nanoseconds: an HdrHistogram, V2, compressed, in
///     base64; null where it is kept elsewhere
public record Result(
        String engine,
        String mode,
        int clients,
        long bytesPerRequest,
        double seconds,
        long connections,
        long requests,
        long bytes,
        double requestsPerSecond,
        Map<String, Long> errors,
        long errorCount,
        List<String> errorSamples,
        long reconnects,
        long unfinished,
        @Nullable String gaveUp,
        @Nullable String advice,
        long connectionsServed,
        Latency latencyMicros,
        long userMicros,
        long systemMicros,
        @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable String histogram) {

    /// A distribution of latency, in microseconds, to three digits. All are 0 when
    /// nothing was answered.
    ///
    /// @param p50 half of all requests took this long at most
    /// @param p90 90 % did
    /// @param p99 99 % did
    /// @param p999 99.9 % did
    /// @param max the longest
    /// @param mean the average
    public record Latency(double p50, double p90, double p99, double p999, double max,
            double mean) {
        static Latency of(AbstractHistogram nanos) {
            return new Latency(
                    nanos.getValueAtPercentile(50) / 1e3,
                    nanos.getValueAtPercentile(90) / 1e3,
                    nanos.getValueAtPercentile(99) / 1e3,
                    nanos.getValueAtPercentile(99.9) / 1e3,
                    nanos.getMaxValue() / 1e3,
                    nanos.getMean() / 1e3);
        }
    }

    static Result of(Load load, Window window, Patience patience) {
        Tally tally = window.tally();
        double seconds = window.nanos() / 1e9;
        Map<String, Long> errors = new LinkedHashMap<>();
        tally.byFault().forEach((fault, count) -> errors.put(fault.toString(), count));
        return new Result(
                load.engine().toString(),
                load.mode(),
                load.clients(),
                load.bytesPerRequest(),
                seconds,
                tally.connections(),
                tally.requests(),
                tally.bytes(),
                seconds > 0 ? tally.requests() / seconds : 0,
                errors,
                tally.errors(),
                List.copyOf(tally.samples()),
                tally.reconnects(),
                window.unfinished(),
                patience.gaveUp(),
                patience.advice(window.unfinished()),
                tally.connectionsServed(),
                Latency.of(tally.latencyNanos()),
                window.cpu().userMicros(),
                window.cpu().systemMicros(),
                encode(tally.latencyNanos()));
    }

    /// The summary alone.
    ///
    /// @return the same without the histogram
    public Result withoutHistogram() {
        return new Result(engine, mode, clients, bytesPerRequest, seconds, connections, requests,
                bytes, requestsPerSecond, errors, errorCount, errorSamples, reconnects, unfinished,
                gaveUp, advice, connectionsServed, latencyMicros, userMicros, systemMicros, null);
    }

    /// Whether every request was answered, and rightly.
    ///
    /// @return false also when there was none
    public boolean allRight() {
        return errorCount == 0 && unfinished == 0 && requests > 0;
    }

    /// For a program.
    ///
    /// @return one line of JSON without its end: an object whose members are those of
    ///     this record
    public String json() {
        return JsonMapper.shared().writeValueAsString(this);
    }

    /// For a person.
    ///
    /// @return three lines or more, without the last line's end
    public String text() {
        List<String> lines = new ArrayList<>();
        lines.add(
                String.format(
                        Locale.ROOT,
                        "%d connections, %d requests, %d bytes in %.2f s: %.0f requests/s",
                        connections,
                        requests,
                        bytes,
                        seconds,
                        requestsPerSecond));
        if (requests > 0) {
            lines.add(latencyText());
        }
        if (mode.equals("keep-alive") && connectionsServed < clients) {
            lines.add(
                    connectionsServed + " of " + clients
                            + " connections were answered: the server left the others waiting");
        }
        if (reconnects > 0) {
            lines.add("reconnects: " + reconnects + " (the server had closed the connection)");
        }
        if (unfinished > 0) {
            lines.add("unfinished: " + unfinished + " requests without an answer");
        }
        StringBuilder kinds = new StringBuilder();
        errors.forEach((kind, count) -> kinds.append(", ").append(count).append(' ').append(kind));
        lines.add("errors: " + (errorCount == 0 ? "none" : errorCount + kinds.toString()));
        errorSamples.forEach(sample -> lines.add("  " + sample));
        Stream.of(gaveUp, advice).filter(Objects::nonNull).forEach(lines::add);
        return String.join(System.lineSeparator(), lines);
    }

    private String latencyText() {
        return "latency (from " + (mode.equals("connect") ? "connect" : "send") + "): p50 "
                + time(latencyMicros.p50) + "  p90 " + time(latencyMicros.p90) + "  p99 "
                + time(latencyMicros.p99) + "  p99.9 " + time(latencyMicros.p999)
                + "  max " + time(latencyMicros.max);
    }

    private static String time(double micros) {
        if (micros < 1_000) {
            return String.format(Locale.ROOT, "%.0f us", micros);
        }
        return micros < 1_000_000
                ? String.format(Locale.ROOT, "%.2f ms", micros / 1e3)
                : String.format(Locale.ROOT, "%.2f s", micros / 1e6);
    }

    private static String encode(AbstractHistogram histogram) {
        ByteBuffer buffer = ByteBuffer.allocate(histogram.getNeededByteBufferCapacity());
        int length = histogram.encodeIntoCompressedByteBuffer(buffer, 9);
        return Base64.getEncoder().encodeToString(Arrays.copyOf(buffer.array(), length));
    }
}
