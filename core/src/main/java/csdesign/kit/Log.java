// SPDX-License-Identifier: MIT
package csdesign.kit;

/// One line on stderr, and at most one a second: a server that complains of every
/// connection that it cannot take fills a disk (hhvm once wrote 211 GB so).
///
/// Not a logging framework: one that must open its configuration cannot report that no
/// descriptor is left.
public final class Log {
    private static final long INTERVAL_NANOS = 1_000_000_000;

    private final String prefix;
    private long quietUntilNanos = System.nanoTime();
    private long held;

    /// A log of its own rhythm.
    ///
    /// @param slug the design that speaks
    public Log(String slug) {
        prefix = "csdesign " + slug + ": ";
    }

    /// Says it, or counts it when something was said less than a second ago. From any
    /// thread.
    ///
    /// @param line what happened, the limit, and the remedy
    public synchronized void warn(String line) {
        long now = System.nanoTime();
        if (now - quietUntilNanos < 0) {
            held++;
            return;
        }
        System.err.println(prefix + line + (held == 0 ? "" : " (and " + held + " more like it)"));
        quietUntilNanos = now + INTERVAL_NANOS;
        held = 0;
    }
}
