// SPDX-License-Identifier: MIT
package csdesign.kit;

/// A limit on everything that a client could use up, with the names of the options that
/// set them.
///
/// @param backlog `--backlog`: how many connections may wait to be accepted, 1 or more;
///     the kernel caps it at net.core.somaxconn
/// @param maxConnections `--max-connections`: how many are served at once, 1 or more;
///     further ones wait in the backlog
/// @param idleMillis `--idle-timeout`: how long a client may do nothing between two
///     requests, or read nothing of its answer, in milliseconds, 1 or more
/// @param requestMillis `--request-timeout`: how long after its first byte a request must
///     be complete, in milliseconds, 1 or more. Absolute: a client that sends a byte a
///     second, as slowloris does, does not move it
/// @param graceMillis `--grace`: how long those in flight may go on after a stop, in
///     milliseconds, 0 or more
/// @param maxChildren `--max-children`: how many processes serve at once where each
///     client has one of its own; further clients wait in the backlog; 0 for as many as
///     the design thinks good
/// @param queue `--queue`: how many accepted connections may wait for a thread where one
///     thread accepts for others, 1 or more; further ones wait in the backlog
public record Limits(
        int backlog,
        int maxConnections,
        long idleMillis,
        long requestMillis,
        long graceMillis,
        int maxChildren,
        int queue) {
    /// 4,096 waiting (the kernel's own cap), 10,000 served, 60 s idle, 20 s for a request
    /// (as Apache's mod_reqtimeout begins), 10 s of grace, 64 accepted for no thread yet.
    public static final Limits DEFAULT = new Limits(
            4_096, 10_000, 60_000, 20_000, 10_000, 0, 64);

    /// How long a connection that we close first may take to close too. Until then what
    /// it still sends is read and thrown away: closing over unread bytes would send RST,
    /// and a RST can overtake the last answer (RFC 9112, 9.6 says the same of HTTP).
    public static final long LINGER_MILLIS = 2_000;

    /// How long after a stop a client that is connected and has not asked yet may still
    /// ask. Its request may be on the wire already.
    public static final long LAST_CALL_MILLIS = 250;

    /// Rejects what can mean nothing.
    public Limits {
        atLeast(1, backlog, "--backlog");
        atLeast(1, maxConnections, "--max-connections");
        atLeast(1, idleMillis, "--idle-timeout in milliseconds");
        atLeast(1, requestMillis, "--request-timeout in milliseconds");
        atLeast(0, graceMillis, "--grace in milliseconds");
        atLeast(0, maxChildren, "--max-children");
        atLeast(1, queue, "--queue");
    }

    /// How many processes serve at once where each client has one of its own.
    ///
    /// @param good what the design thinks good, where nobody has said anything
    /// @return that, or `--max-children`, and no more than `--max-connections`
    public int children(int good) {
        return Math.min(maxChildren == 0 ? good : maxChildren, maxConnections);
    }

    private static void atLeast(long least, long value, String what) {
        if (value < least) {
            throw new IllegalArgumentException(
                    what + " is " + value + ": must be " + least + " or more");
        }
    }
}
