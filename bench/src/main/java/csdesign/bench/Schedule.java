// SPDX-License-Identifier: MIT
package csdesign.bench;

import csdesign.kit.Nullable;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/// What is still to do, and how long that will take: by what the same step took before, or by its
/// nominal time and what steps of its kind took longer than that.
final class Schedule {
    /// A kind of step.
    enum Kind {
        /// A server is started and put under load.
        WARM,
        /// A window is measured.
        MEASURE
    }

    /// A step, which may be repeated.
    ///
    /// @param kind what is done
    /// @param workload its name
    /// @param target its name
    record Step(Kind kind, String workload, String target) {}

    private final Map<Step, Integer> remaining = new LinkedHashMap<>();
    private final Map<Kind, Double> nominalMillis = new HashMap<>();
    private final Map<Step, Double> lastMillis = new HashMap<>();
    private final Map<Kind, Double> excessMillis = new HashMap<>();
    private final Map<Kind, Integer> done = new HashMap<>();
    private @Nullable Step current;
    private long beganNanos;

    /// How long a step of a kind takes when nothing comes in between.
    synchronized void nominal(Kind kind, double millis) {
        nominalMillis.put(kind, millis);
    }

    /// A step will be done so often.
    synchronized void expect(Step step, int times) {
        remaining.merge(step, times, Integer::sum);
    }

    /// A step begins.
    synchronized void begin(Step step, long nowNanos) {
        current = step;
        beganNanos = nowNanos;
    }

    /// It has ended.
    synchronized void end(long nowNanos) {
        Step step = current;
        if (step != null) {
            double millis = (nowNanos - beganNanos) / 1e6;
            lastMillis.put(step, millis);
            excessMillis.merge(
                    step.kind, millis - nominalMillis.getOrDefault(step.kind, 0.0), Double::sum);
            done.merge(step.kind, 1, Integer::sum);
            remaining.merge(step, -1, Integer::sum);
            current = null;
        }
    }

    /// A step will not be done any more.
    synchronized void drop(Step step) {
        remaining.remove(step);
    }

    /// How long the rest will take.
    ///
    /// @return in seconds
    synchronized double secondsLeft(long nowNanos) {
        double millis = 0;
        for (Map.Entry<Step, Integer> entry : remaining.entrySet()) {
            millis += Math.max(0, entry.getValue()) * estimate(entry.getKey());
        }
        Step step = current;
        if (step != null) {
            millis -= Math.min((nowNanos - beganNanos) / 1e6, estimate(step));
        }
        return Math.max(0, millis / 1e3);
    }

    private double estimate(Step step) {
        Double last = lastMillis.get(step);
        if (last != null) {
            return last;
        }
        int count = done.getOrDefault(step.kind, 0);
        double excess = count == 0 ? 0 : excessMillis.getOrDefault(step.kind, 0.0) / count;
        return nominalMillis.getOrDefault(step.kind, 0.0) + excess;
    }
}
