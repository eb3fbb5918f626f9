// SPDX-License-Identifier: MIT
package csdesign.drive;

import csdesign.kit.Limits;
import csdesign.kit.Nullable;
import csdesign.kit.Scoreboard;
import csdesign.service.Conversation;
import csdesign.service.Step;
import java.nio.ByteBuffer;

/// The policy of one connection, without I/O: a driver says what has happened, and each
/// event is answered with the one [Act] to carry out next.
///
/// The exchange knows no socket, no thread and no clock. What a deadline means, how a
/// connection ends, what a stop changes and what is counted is therefore written once,
/// for blocking threads, for readiness loops and for completion rings.
///
/// ```text
///  begin                 received, ended            all sent, or due
///    +-----> [ the conversation's next step ] <------------------+
///                |             |          |                      |
///            NeedMore      Close        Send, SendFile, Wait     |
///                v             v          v                      |
///              READ         LINGER      SEND, SEND_FILE, SLEEP --+
/// ```
///
/// | act | received | ended | sent | due | stop |
/// |---|---|---|---|---|---|
/// | READ, no request begun | step | step | | CLOSE; after a stop LINGER | a last call |
/// | READ, a request begun | step | step | | step, which says why | unchanged |
/// | SEND, SEND_FILE | | | the rest, or step | CLOSE | unchanged |
/// | SLEEP | | | | step | unchanged |
/// | LINGER | LINGER | CLOSE | | CLOSE | an earlier deadline |
///
/// The rules for a driver:
///
/// 1. It calls [#begin] first, and after [Act#CLOSE] nothing. An error of the socket
///    needs no event: it closes.
/// 2. It says what has a cell in the table, and nothing else. Bytes that arrive while it
///    sends wait in the driver.
/// 3. It leaves a received buffer as it is until the next READ, LINGER or CLOSE, because
///    [#bytes] may point into it.
/// 4. It calls [#due] once [#deadlineNanos] has passed. After READ it looks once more
///    before: bytes that have arrived by then are in time.
/// 5. With each event it gives the time, by [System#nanoTime].
///
/// Nothing is allocated for a request.
final class Exchange {
    /// What the driver must do now.
    enum Act {
        /// Wait for bytes, then say `received` or `ended`.
        READ,
        /// Send from [Exchange#bytes], move its position, and say `sent`.
        SEND,
        /// Send from [Exchange#file], and say `sent`.
        SEND_FILE,
        /// Do nothing until the deadline, then say `due`.
        SLEEP,
        /// Shut the sending half, then read and throw away until the client ends too.
        LINGER,
        /// Close the connection.
        CLOSE
    }

    /// How long a client may still ask that is accepted when the last call is over.
    static final long LATECOMER_MILLIS = 50;

    /// How many steps of the conversation may pass without an act for the driver. A
    /// pipeline of requests for 0 bytes has thousands, and the other connections of a
    /// loop wait meanwhile: after so many the act is a SLEEP that is due at once.
    static final int MOST_SILENT_STEPS = 64;

    private final Conversation conversation;
    private final Limits limits;
    private final Scoreboard.Row row;

    /// Until `begin` an answer may be owed, because the client may have asked already.
    private Act act = Act.SLEEP;

    private long deadlineNanos;

    /// The step under way, while the act is SEND or SEND_FILE.
    private Step step = Step.NeedMore.IDLE;

    private long fileSent;

    /// Received and not wholly consumed, or still being sent from.
    private @Nullable ByteBuffer in;

    /// A part of a request is here, which must be complete by `requestNanos`.
    private boolean asking;

    private long requestNanos;
    private long counted;
    private boolean answered;
    private boolean ended;
    private boolean stopping;
    private long lastCallNanos;

    Exchange(Conversation conversation, Limits limits, Scoreboard.Row row) {
        this.conversation = conversation;
        this.limits = limits;
        this.row = row;
    }

    /// The connection begins. A service may speak first.
    Act begin(long now) {
        return next(now);
    }

    /// Bytes have arrived.
    Act received(ByteBuffer bytes, long now) {
        if (act == Act.LINGER) {
            bytes.position(bytes.limit());
            return act;
        }
        in = bytes;
        conversation.receive(bytes);
        return next(now);
    }

    /// The client has closed its half. An answer that is owed is still sent.
    Act ended(long now) {
        ended = true;
        if (act == Act.LINGER) {
            return close();
        }
        conversation.endOfInput();
        return next(now);
    }

    /// The socket took 1 byte or more, not always all of them.
    Act sent(long n, long now) {
        row.write(n);
        answered = true;
        fileSent += n;
        boolean rest = act == Act.SEND ? bytes().hasRemaining() : fileLeft() > 0;
        return rest ? act(act, now, limits.idleMillis()) : next(now);
    }

    /// The deadline has passed.
    Act due(long now) {
        if (act == Act.SLEEP) {
            return next(now);
        }
        if (act == Act.READ && asking) {
            conversation.late();
            return next(now);
        }
        return act == Act.READ && stopping ? linger(now) : close();
    }

    /// The server is to stop, since `sinceNanos`; it may be said again, and before
    /// `begin`. An answer under way is finished. A client that has been answered before
    /// is told by our FIN that no further request will be read, once all that it had sent
    /// by now is answered. A client that has not asked yet has a last call, in which it
    /// still may: [Limits#LAST_CALL_MILLIS].
    Act stop(long sinceNanos, long now) {
        if (!stopping) {
            stopping = true;
            lastCallNanos = after(sinceNanos, Limits.LAST_CALL_MILLIS);
            if (act == Act.READ && !asking) {
                deadlineNanos = lastCall(now);
            } else if (act == Act.LINGER) {
                deadlineNanos = now + Math.min(deadlineNanos - now,
                        after(0, Limits.LAST_CALL_MILLIS));
            }
        }
        return act;
    }

    /// The grace of a stop is over: counts the client if something is owed to it.
    Act cut() {
        if (owes()) {
            row.cut(1);
        }
        return close();
    }

    /// What the last event answered.
    Act act() {
        return act;
    }

    /// When the act has taken too long, or a SLEEP is over.
    long deadlineNanos() {
        return deadlineNanos;
    }

    /// What to send, while the act is SEND.
    ByteBuffer bytes() {
        return ((Step.Send) step).bytes();
    }

    /// Which file to send from, while the act is SEND_FILE: the next bytes are the
    /// [#fileLeft] bytes at [#fileOffset].
    Step.SendFile file() {
        return (Step.SendFile) step;
    }

    long fileOffset() {
        return file().offset() + fileSent;
    }

    long fileLeft() {
        return file().count() - fileSent;
    }

    /// Whether the client has begun to ask and its answer is not all sent.
    boolean owes() {
        return switch (act) {
            case READ -> asking;
            case SEND, SEND_FILE, SLEEP -> true;
            case LINGER, CLOSE -> false;
        };
    }

    /// Takes steps of the conversation until one needs the driver.
    private Act next(long now) {
        for (int i = 0; i < MOST_SILENT_STEPS; i++) {
            Step next = conversation.next();
            switch (next) {
                case Step.NeedMore(boolean begun) -> {
                    if (in != null && in.hasRemaining()) {
                        conversation.receive(in);
                    } else if (isLate(begun, now)) {
                        conversation.late();
                    } else {
                        return read(now);
                    }
                }
                case Step.Send(ByteBuffer bytes) -> {
                    if (bytes.hasRemaining()) {
                        step = next;
                        return act(Act.SEND, now, limits.idleMillis());
                    }
                }
                case Step.SendFile file -> {
                    if (file.count() > 0) {
                        step = next;
                        fileSent = 0;
                        return act(Act.SEND_FILE, now, limits.idleMillis());
                    }
                }
                case Step.Wait(long nanos) -> {
                    return act(Act.SLEEP, now + nanos, 0);
                }
                case Step.Close _ -> {
                    return linger(now);
                }
            }
        }
        return act(Act.SLEEP, now, 0);
    }

    /// Counts what was answered, and starts the clock of a request that has begun. That
    /// deadline is absolute: later bytes do not move it, and bytes that come after it do
    /// not save the request.
    private boolean isLate(boolean begun, long now) {
        boolean another = count();
        if (begun && (another || !asking)) {
            requestNanos = after(now, limits.requestMillis());
        }
        asking = begun;
        return begun && !ended && requestNanos - now <= 0;
    }

    /// All that came is consumed, and all answers are sent.
    private Act read(long now) {
        if (ended) {
            return close();
        }
        letGo();
        act = Act.READ;
        deadlineNanos = asking
                ? requestNanos
                : stopping ? lastCall(now) : after(now, limits.idleMillis());
        return act;
    }

    /// Until when a client may still ask that has not begun to, once the server is to
    /// stop.
    private long lastCall(long now) {
        if (conversation.requests() > 0) {
            return now; // only what is here already is still answered
        }
        return now + Math.max(lastCallNanos - now, after(0, LATECOMER_MILLIS));
    }

    /// Closes in two steps: we have said all, then the client has. See
    /// [Limits#LINGER_MILLIS]. At a stop, a client that was told nothing has no answer to
    /// lose, and does not hold up those behind it for long.
    private Act linger(long now) {
        count();
        if (ended) {
            return close();
        }
        letGo();
        return stopping
                ? act(Act.LINGER, answered ? now : lastCallNanos, Limits.LAST_CALL_MILLIS)
                : act(Act.LINGER, now, Limits.LINGER_MILLIS);
    }

    private Act close() {
        letGo();
        act = Act.CLOSE;
        return act;
    }

    /// The driver's buffer and the service's are free.
    private void letGo() {
        in = null;
        step = Step.NeedMore.IDLE;
    }

    private Act act(Act next, long from, long millis) {
        act = next;
        deadlineNanos = after(from, millis);
        return next;
    }

    private static long after(long nanos, long millis) {
        return nanos + millis * 1_000_000;
    }

    private boolean count() {
        long more = conversation.requests() - counted;
        if (more > 0) {
            row.answer(more);
            counted += more;
        }
        return more > 0;
    }
}
