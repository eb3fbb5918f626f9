// SPDX-License-Identifier: MIT
package csdesign.kit;

import csdesign.range.Range;

/// A limit on everything that a client could use up, with the names of the options that
/// set them.
///
/// @param backlog [#BACKLOG]: how many connections may wait to be accepted; the kernel
///     caps it at net.core.somaxconn
/// @param maxConnections [#CONNECTIONS]: how many are served at once; further ones wait
///     in the backlog
/// @param idleMillis [#IDLE]: how long a client may do nothing between two requests, or
///     read nothing of its answer, in milliseconds
/// @param requestMillis [#REQUEST]: how long after its first byte a request must be
///     complete, in milliseconds. Absolute: a client that sends a byte a second, as
///     slowloris does, does not move it
/// @param graceMillis [#GRACE]: how long those in flight may go on after a stop, in
///     milliseconds
/// @param maxChildren [#CHILDREN]: how many processes serve at once where each
///     client has one of its own; further clients wait in the backlog; 0 for as many as
///     the design thinks good
/// @param queue [#QUEUE]: how many accepted connections may wait for a thread where one
///     thread accepts for others; further ones wait in the backlog
public record Limits(
        int backlog,
        int maxConnections,
        long idleMillis,
        long requestMillis,
        long graceMillis,
        int maxChildren,
        int queue) {
    /// `--backlog`. listen(2) takes any `int` and caps it in silence.
    public static final Range BACKLOG = Range.of("--backlog", 1, 1_000_000);

    /// `--max-connections`. Not more than a process can have descriptors: the kernel's
    /// own default for that, fs.nr_open, is 1,048,576.
    public static final Range CONNECTIONS = Range.of("--max-connections", 1, 1_000_000);

    /// `--idle-timeout`.
    public static final Range IDLE = Range.seconds("--idle-timeout", 1, Range.DAY_MILLIS);

    /// `--request-timeout`.
    public static final Range REQUEST = Range.seconds("--request-timeout", 1, Range.DAY_MILLIS);

    /// `--grace`. None is a grace too.
    public static final Range GRACE = Range.seconds("--grace", 0, Range.DAY_MILLIS);

    /// `--max-children`. Linux gives out 32,768 process numbers unless told otherwise.
    public static final Range CHILDREN = Range.of("--max-children", 0, 10_000);

    /// `--queue`. No more can wait than connections can be open.
    public static final Range QUEUE = Range.of("--queue", 1, 1_000_000);

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

    /// Rejects what is out of its range.
    public Limits {
        BACKLOG.check(backlog);
        CONNECTIONS.check(maxConnections);
        IDLE.check(idleMillis);
        REQUEST.check(requestMillis);
        GRACE.check(graceMillis);
        CHILDREN.check(maxChildren);
        QUEUE.check(queue);
    }

    /// How many processes serve at once where each client has one of its own.
    ///
    /// @param good the number that the design takes when the user has given none
    /// @return that, or `--max-children`, and no more than `--max-connections`
    public int children(int good) {
        return Math.min(maxChildren == 0 ? good : maxChildren, maxConnections);
    }
}
