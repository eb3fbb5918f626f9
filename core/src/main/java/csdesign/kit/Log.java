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
    private final Scoreboard rhythm;
    private long held;

    /// A log of its own rhythm.
    ///
    /// @param slug the design that speaks
    public Log(String slug) {
        this(slug, Scoreboard.create(1));
    }

    /// A log in the rhythm of all threads and processes of a server: together they say at
    /// most one line a second.
    ///
    /// @param server whose scoreboard they share
    public Log(Server server) {
        this(server.slug(), server.scoreboard());
    }

    private Log(String slug, Scoreboard rhythm) {
        prefix = "csdesign " + slug + ": ";
        this.rhythm = rhythm;
    }

    /// Says it, or counts it when something was said less than a second ago. From any
    /// thread.
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
