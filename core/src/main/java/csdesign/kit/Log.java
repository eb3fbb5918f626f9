// SPDX-License-Identifier: MIT
package csdesign.kit;

/// Prints lines on stderr, at most one a second. A server that prints a line for every
/// connection that it cannot take fills a disk; hhvm once wrote 211 GB in this way.
///
/// This is no logging framework: a framework that must open its configuration cannot
/// report that no descriptor is left.
public final class Log {
    private static final long INTERVAL_NANOS = 1_000_000_000;

    private final String prefix;
    private final Scoreboard rhythm;
    private long held;

    /// A log that counts its own lines.
    ///
    /// @param slug the design that speaks
    public Log(String slug) {
        this(slug, Scoreboard.create(1));
    }

    /// A log for all threads and processes of a server: together they print at most one
    /// line a second.
    ///
    /// @param server whose scoreboard they share
    public Log(Server server) {
        this(server.slug(), server.scoreboard());
    }

    private Log(String slug, Scoreboard rhythm) {
        prefix = "csdesign " + slug + ": ";
        this.rhythm = rhythm;
    }

    /// Prints a line; or only counts it, when the last line is less than a second old.
    /// From any thread.
    ///
    /// @param line what happened, the limit, and the remedy
    public synchronized void warn(String line) {
        if (!rhythm.maySpeak(System.nanoTime(), INTERVAL_NANOS)) {
            held++;
            return;
        }
        System.err.println(prefix + line + (held == 0 ? "" : " (and " + held + " more like it)"));
        held = 0;
    }
}
