// SPDX-License-Identifier: MIT
package csdesign.listen;

import csdesign.kit.Log;
import csdesign.kit.Server;
import csdesign.posix.Errno;
import java.io.IOException;
import java.util.function.LongSupplier;

/// What to do when accept(2) fails, decided in one place for everything that accepts.
/// Each loop or thread that accepts has its own instance.
///
/// | cause | what is done | what is printed |
/// |---|---|---|
/// | one connection's: it died in the queue | the next one is taken | nothing |
/// | something has run out: EMFILE, ENFILE, ENOBUFS, ENOMEM | a pause; others will leave | a line a second |
/// | anything else, or a connection's cause [#MOST_AT_ONCE] times in a row | a pause | one line |
/// | the same for [#LASTING_MILLIS], or at a stop | the end: it will not get better | the error, and exit 1 |
///
/// The listening socket stays readable during a pause, so a loop that went on watching it
/// would spin. A row of failures ends with a success, with an empty queue, or after
/// [#GAP_MILLIS] without a failure.
///
/// At a stop there is no pause: a connection that cannot be accepted now is given up.
public final class AcceptFailures {
    /// How long accepting pauses, in milliseconds. HAProxy pauses 100 at most, nginx 500.
    static final long PAUSE_MILLIS = 100;

    /// How many connections in a row may have died before it looks like something else:
    /// seccomp(2) can make every accept answer EPERM, which is also a firewall's word on
    /// one connection.
    static final int MOST_AT_ONCE = 16;

    /// How long accept may fail, in milliseconds: a hiccup is over by then, and a user
    /// who has just broken something is still there.
    static final long LASTING_MILLIS = 5_000;

    /// How long after a failure the next one is still in the same row, in milliseconds:
    /// far longer than a pause, for a machine that stands still in between.
    static final long GAP_MILLIS = 5_000;

    private static final long NANOS_PER_MILLI = 1_000_000;

    private final Server server;
    private final Log log;
    private final LongSupplier clock;
    private int inARow;
    private long firstNanos;
    private long lastNanos;
    private boolean said;

    /// What a failed accept is a sign of.
    enum Kind {
        /// Nothing waits.
        EMPTY,
        /// A signal: no failure.
        INTERRUPTED,
        /// One connection, which is gone from the queue.
        ONE_CONNECTION,
        /// A lack that passes when others leave.
        SHORTAGE,
        /// A cause that is not known.
        UNKNOWN
    }

    /// What to do.
    enum Verdict {
        /// Nothing waits: go on as at the end of the queue.
        EMPTY,
        /// Accept again, once the stop was looked at.
        AGAIN,
        /// Accept again in [#PAUSE_MILLIS].
        PAUSE,
        /// Accept no more. The stop has been requested; its cause is this failure, unless
        /// it was requested before.
        GIVE_UP
    }

    /// None yet.
    ///
    /// @param server is stopped when it cannot accept any more
    /// @param log where a line is said
    AcceptFailures(Server server, Log log) {
        this(server, log, System::nanoTime);
    }

    /// The same by another clock.
    AcceptFailures(Server server, Log log, LongSupplier clock) {
        this.server = server;
        this.log = log;
        this.clock = clock;
    }

    /// A connection was accepted.
    void success() {
        inARow = 0;
    }

    /// Judges an accept that failed.
    ///
    /// @param errno why, a positive number
    /// @return what to do
    Verdict judge(int errno) {
        Verdict verdict = judge(kind(errno), words(errno));
        if (verdict == Verdict.GIVE_UP && server.stop().failure() != null) {
            server.scoreboard().acceptError(errno); // a worker's parent reads it there
        }
        return verdict;
    }

    /// Judges one whose errno is not known.
    ///
    /// @param kind of it
    /// @param cause in words
    /// @return what to do
    Verdict judge(Kind kind, String cause) {
        if (kind == Kind.EMPTY) {
            inARow = 0;
            return Verdict.EMPTY;
        }
        if (kind == Kind.INTERRUPTED) {
            return Verdict.AGAIN;
        }
        if (kind == Kind.SHORTAGE) {
            inARow = 0;
            log.warn(shortage(cause));
            return Verdict.PAUSE;
        }
        count();
        if (kind == Kind.ONE_CONNECTION && inARow <= MOST_AT_ONCE) {
            return Verdict.AGAIN;
        }
        if (isFutile()) {
            server.stop().fail(forGood(cause));
            return Verdict.GIVE_UP;
        }
        if (!said) {
            said = true;
            log.warn(cause + ": accepting pauses " + PAUSE_MILLIS + " ms and is tried again;"
                    + " the server ends when this lasts " + LASTING_MILLIS / 1_000 + " s");
        }
        return Verdict.PAUSE;
    }

    /// Whether it has lasted, and not just come again; or nothing can be waited for,
    /// since the server stops, or another process of the pool has waited.
    private boolean isFutile() {
        return server.stop().requested()
                || server.scoreboard().acceptError() != 0
                || (inARow > MOST_AT_ONCE
                        && lastNanos - firstNanos >= LASTING_MILLIS * NANOS_PER_MILLI);
    }

    private void count() {
        long now = clock.getAsLong();
        if (inARow == 0 || now - lastNanos > GAP_MILLIS * NANOS_PER_MILLI) {
            inARow = 0;
            firstNanos = now;
            said = false;
        }
        inARow++;
        lastNanos = now;
    }

    /// What an errno of accept is a sign of: accept(2), "Error handling".
    static Kind kind(int errno) {
        return switch (errno) {
            case Errno.EAGAIN -> Kind.EMPTY;
            case Errno.EINTR -> Kind.INTERRUPTED;
            case Errno.ECONNABORTED, Errno.ECONNRESET, Errno.EPROTO, Errno.EPERM,
                    Errno.ENETDOWN, Errno.ENETUNREACH, Errno.ENOPROTOOPT, Errno.EHOSTDOWN,
                    Errno.EHOSTUNREACH, Errno.ENONET, Errno.EOPNOTSUPP, Errno.ETIMEDOUT ->
                Kind.ONE_CONNECTION;
            case Errno.EMFILE, Errno.ENFILE, Errno.ENOBUFS, Errno.ENOMEM -> Kind.SHORTAGE;
            default -> Kind.UNKNOWN;
        };
    }

    /// What is said when something has run out.
    private static String shortage(String cause) {
        return cause + ": accepting pauses " + PAUSE_MILLIS
                + " ms; connections wait in the backlog."
                + " Raise the limit (ulimit -n), or lower --max-connections below it";
    }

    /// What the server ends with.
    ///
    /// @param errno of accept
    /// @return a sentence
    public static IOException forGood(int errno) {
        return forGood(words(errno));
    }

    private static IOException forGood(String cause) {
        return new IOException(cause + ", for " + LASTING_MILLIS / 1_000
                + " s and without a success: no client can be accepted any more, and the server"
                + " ends."
                + " Its listening socket was shut down from outside, or accept(2) is refused here"
                + " (by seccomp, say): start it again, without that");
    }

    private static String words(int errno) {
        return "accept: " + Errno.name(errno) + ": " + Errno.description(errno);
    }
}
