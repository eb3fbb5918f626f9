// SPDX-License-Identifier: MIT
package csdesign.client;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.HdrHistogram.AbstractHistogram;

/// What one thread of the client has counted. Only that thread writes it. The live line
/// and [Patience] read the atomic counters while they grow; all other readers wait until
/// the thread has ended.
final class Tally {
    /// How many messages are kept. The first ones tell what is wrong; the rest repeats
    /// them.
    private static final int MOST_SAMPLES = 5;

    private final AtomicLong requests = new AtomicLong();
    private final AtomicLong errors = new AtomicLong();
    private final AtomicLong rightAnswers = new AtomicLong();
    private final AtomicLong connectionsOfAllPhases = new AtomicLong();
    private final AbstractHistogram latencyNanos;
    private final long mostNanos;
    private final Map<Fault, Long> byFault = new EnumMap<>(Fault.class);
    private final List<String> samples = new ArrayList<>();
    private long connections;
    private long bytes;
    private long reconnects;
    private long connectionsServed;

    /// All zeros.
    ///
    /// @param latencyNanos where latencies go; atomic when tallies share it
    Tally(AbstractHistogram latencyNanos) {
        this.latencyNanos = latencyNanos;
        mostNanos = latencyNanos.getHighestTrackableValue();
    }

    /// Counts a connection.
    ///
    /// @param counted whether it is one of the measurement
    void connected(boolean counted) {
        connectionsOfAllPhases.lazySet(connectionsOfAllPhases.getPlain() + 1);
        connections += counted ? 1 : 0;
    }

    /// Counts a right answer of any phase.
    void right() {
        rightAnswers.lazySet(rightAnswers.getPlain() + 1);
    }

    /// Counts a right answer of the measurement.
    void answered(long count, long nanos) {
        // One writer: it needs no atomic add, only whole values for those that read meanwhile.
        requests.lazySet(requests.getPlain() + 1);
        bytes += count;
        latencyNanos.recordValue(Math.clamp(nanos, 0, mostNanos));
    }

    /// Counts a connection that was answered for the first time.
    void served() {
        connectionsServed++;
    }

    /// Counts a connection that the server had closed while it was idle, and that was
    /// replaced.
    void reconnected() {
        reconnects++;
    }

    /// Counts a fault, and keeps the message when it is among the first.
    void failed(Fault fault, String message) {
        errors.lazySet(errors.getPlain() + 1);
        byFault.merge(fault, 1L, Long::sum);
        sample(message);
    }

    private void sample(String message) {
        if (samples.size() < MOST_SAMPLES && !samples.contains(message)) {
            samples.add(message);
        }
    }

    /// Adds what another thread counted. Latencies are not added: the histogram is
    /// shared.
    void add(Tally other) {
        requests.addAndGet(other.requests.get());
        errors.addAndGet(other.errors.get());
        other.byFault.forEach((fault, count) -> byFault.merge(fault, count, Long::sum));
        other.samples.forEach(this::sample);
        connections += other.connections;
        bytes += other.bytes;
        reconnects += other.reconnects;
        connectionsServed += other.connectionsServed;
    }

    long requests() {
        return requests.get();
    }

    long rightAnswers() {
        return rightAnswers.get();
    }

    long connectionsOfAllPhases() {
        return connectionsOfAllPhases.get();
    }

    long errors() {
        return errors.get();
    }

    AbstractHistogram latencyNanos() {
        return latencyNanos;
    }

    Map<Fault, Long> byFault() {
        return byFault;
    }

    List<String> samples() {
        return samples;
    }

    long connections() {
        return connections;
    }

    long bytes() {
        return bytes;
    }

    long reconnects() {
        return reconnects;
    }

    long connectionsServed() {
        return connectionsServed;
    }
}
