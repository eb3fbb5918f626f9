// SPDX-License-Identifier: MIT
package csdesign.kit;

import csdesign.range.NamedWords;
import csdesign.range.Range;
import java.util.List;

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
public record Limits(
        int backlog,
        int maxConnections,
        long idleMillis,
        long requestMillis,
        long graceMillis) {
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

    /// 4,096 waiting (the kernel's own cap), 10,000 served, 60 s idle, 20 s for a request
    /// (as Apache's mod_reqtimeout begins), 10 s of grace.
    public static final Limits DEFAULT = new Limits(4_096, 10_000, 60_000, 20_000, 10_000);

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
    }

    /// The same limits, but for how many connections may wait.
    ///
    /// @param other in its place
    /// @return the limits
    public Limits withBacklog(int other) {
        return new Limits(other, maxConnections, idleMillis, requestMillis, graceMillis);
    }

    /// The same limits, but for how many are served at once.
    ///
    /// @param other in its place
    /// @return the limits
    public Limits withMaxConnections(int other) {
        return new Limits(backlog, other, idleMillis, requestMillis, graceMillis);
    }

    /// The same limits, but for how long a client may do nothing.
    ///
    /// @param other in its place
    /// @return the limits
    public Limits withIdleMillis(long other) {
        return new Limits(backlog, maxConnections, other, requestMillis, graceMillis);
    }

    /// The same limits, but for how long a request may take to come.
    ///
    /// @param other in its place
    /// @return the limits
    public Limits withRequestMillis(long other) {
        return new Limits(backlog, maxConnections, idleMillis, other, graceMillis);
    }

    /// The same limits, but for the grace.
    ///
    /// @param other in its place
    /// @return the limits
    public Limits withGraceMillis(long other) {
        return new Limits(backlog, maxConnections, idleMillis, requestMillis, other);
    }

    /// The same limits as another process can be told of them.
    ///
    /// @return words for [#decode]
    List<String> encode() {
        return List.of(
                NamedWords.of(BACKLOG, backlog),
                NamedWords.of(CONNECTIONS, maxConnections),
                NamedWords.of(IDLE, idleMillis),
                NamedWords.of(REQUEST, requestMillis),
                NamedWords.of(GRACE, graceMillis));
    }

    /// The limits that another process told of.
    ///
    /// @param told among others
    /// @return the limits
    static Limits decode(NamedWords told) {
        return new Limits(
                told.takeInt(BACKLOG),
                told.takeInt(CONNECTIONS),
                told.take(IDLE),
                told.take(REQUEST),
                told.take(GRACE));
    }
}
