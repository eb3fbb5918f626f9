// SPDX-License-Identifier: MIT
package csdesign.client;

import csdesign.kit.Nullable;
import java.util.concurrent.atomic.AtomicLong;

/// How long a run without answers goes on, and what its user is told meanwhile.
///
/// Take a server that waits for a line end which the client does not send. Without a
/// limit, each of 15 clients would wait half a minute a hundred times. `--max-errors` is
/// one limit. When the user did not set it there is a second one: a run in which every
/// client has failed since the last right answer ends after [#GIVE_UP_NANOS]. Before
/// that, after [#SPEAK_NANOS] without an answer, the client prints what it knows: what
/// came instead of an answer, or that nothing came.
final class Patience {
    /// How long without a first right answer until something is said.
    static final long SPEAK_NANOS = 3_000_000_000L;

    /// How long without another one, and until it is said again.
    static final long REPEAT_NANOS = 10_000_000_000L;

    /// How long a server may answer nothing but errors.
    static final long GIVE_UP_NANOS = 10_000_000_000L;

    private final Load load;
    private final Progress progress;
    private final AtomicLong failures = new AtomicLong();
    private volatile boolean anyAnswered;
    private volatile boolean closes;
    private volatile @Nullable String strange;
    private volatile @Nullable String gaveUp;

    // Of the thread that looks.
    private long lastRight;
    private long failuresThen;
    private long quietSinceNanos;
    private long speakAtNanos;

    Patience(Load load, Progress progress) {
        this.load = load;
        this.progress = progress;
    }

    /// A phase begins: what went before is forgotten. The thread that looks.
    void begin(long now) {
        quietSinceNanos = now;
        speakAtNanos = now + (anyAnswered ? REPEAT_NANOS : SPEAK_NANOS);
        failuresThen = failures.get();
    }

    /// A request failed. From any thread.
    void failed(Fault fault) {
        if (fault == Fault.SHORT || fault == Fault.RESET) {
            closes = true;
        }
        if (failures.incrementAndGet() >= load.mostErrors()) {
            giveUp("gave up after " + load.mostErrors() + " errors; --max-errors sets the limit");
        }
    }

    /// Bytes came that are no complete, right answer. From any thread.
    void came(Answer answer) {
        if (!anyAnswered && strange == null && answer.isStrange()) {
            strange = answer.quotedBeginning();
        }
    }

    /// A tick of the clock.
    ///
    /// @param now by [System#nanoTime]
    void look(long now) {
        long right = progress.rightAnswers();
        if (right != lastRight) {
            lastRight = right;
            anyAnswered = true;
            begin(now);
            return;
        }
        long quiet = now - quietSinceNanos;
        if (now - speakAtNanos >= 0) {
            speakAtNanos = now + REPEAT_NANOS;
            progress.say(
                    anyAnswered
                            ? "nothing was answered for " + seconds(quiet) + " s, after " + right
                                    + " answers and " + failures.get() + " errors"
                            : "nothing was answered in the first " + seconds(quiet) + " s"
                                    + hint());
        }
        if (load.maxErrors() == 0 && quiet >= GIVE_UP_NANOS
                && failures.get() - failuresThen >= load.clients()) {
            giveUp(
                    "gave up: nothing was answered for " + seconds(quiet)
                            + " s, and every client met an error; with --max-errors N it goes on"
                            + " until there are N");
        }
    }

    private static long seconds(long nanos) {
        return Math.round(nanos / 1e9);
    }

    private synchronized void giveUp(String why) {
        if (gaveUp == null) {
            gaveUp = why;
            progress.giveUp();
        }
    }

    /// Why the run ended before its bound.
    ///
    /// @return null when it did not, or a signal ended it
    @Nullable
    String gaveUp() {
        return gaveUp;
    }

    /// What to try when nothing was ever answered rightly.
    ///
    /// @param unfinished requests without an answer at the end
    /// @return null when something was, or nothing was asked
    @Nullable
    String advice(long unfinished) {
        return progress.rightAnswers() > 0 || (failures.get() == 0 && unfinished == 0)
                ? null
                : "nothing was ever answered" + hint();
    }

    /// What is known of the server by what it does.
    private String hint() {
        String instead = strange;
        if (anyAnswered) {
            return "";
        }
        if (instead != null) {
            return ": what came instead begins \"" + instead + "\"; is " + load.host() + ":"
                    + load.port() + " the server that is meant?";
        }
        if (progress.connections() == 0) {
            return ": no connection was made; does a server listen on " + load.host() + ":"
                    + load.port() + ", and can it be reached from here?";
        }
        if (closes) {
            return ": " + load.host() + ":" + load.port()
                    + " accepts connections and closes them before an answer";
        }
        return ": " + load.host() + ":" + load.port() + " accepts connections and sends nothing; "
                + (load.lineEnd()
                        ? "try it without --line-end, or give it longer with --timeout"
                        : "a server that waits for the end of a line needs --line-end");
    }
}
