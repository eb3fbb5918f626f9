// SPDX-License-Identifier: MIT
package csdesign.drive;

import static org.assertj.core.api.Assertions.assertThat;

import csdesign.drive.Exchange.Act;
import csdesign.kit.Limits;
import csdesign.kit.Scoreboard;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// A driver without a socket and with a clock of its own: choices decide which event comes next. It keeps
/// the rules of [Exchange], and overwrites a buffer as soon as the rules let it.
final class ModelDriver {
    static final long BEGAN_NANOS = Long.MAX_VALUE - 1_000_000_000; // the clock wraps around

    /// A longer answer is cut near its end only: an error message has too many cuts to try them all.
    private static final int MOST_CUTS = 4;

    /// An event that the choices may pick.
    enum Event {
        RECEIVED,
        ENDED,
        SENT,
        DUE,
        STOP
    }

    final Scoreboard scoreboard;
    final Exchange exchange;
    private final ByteBuffer input;
    private final ByteArrayOutputStream sent = new ByteArrayOutputStream();
    private final List<String> story = new ArrayList<>();
    private ByteBuffer lent = ByteBuffer.allocate(0);
    private Act act = Act.SLEEP;
    long now = BEGAN_NANOS;
    boolean ended;
    boolean stopped;

    /// The client was too slow: not everything is answered.
    boolean cutShort;

    /// How much of the input was asked for, and not thrown away at the end.
    int asked;

    ModelDriver(Scenario scenario) {
        this(scenario, Scenario.LIMITS);
    }

    ModelDriver(Scenario scenario, Limits limits) {
        this(scenario, limits, Scoreboard.create(1));
    }

    ModelDriver(Scenario scenario, Limits limits, Scoreboard scoreboard) {
        this.scoreboard = scoreboard;
        exchange = new Exchange(scenario.service().open(), limits, scoreboard.row(0));
        input = ByteBuffer.wrap(scenario.input());
    }

    ModelDriver begin() {
        return then(exchange.begin(now), "begin");
    }

    /// The next bytes of the input arrive.
    ModelDriver received(int count) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(count);
        bytes.put(0, input, input.position(), count);
        input.position(input.position() + count);
        lent = bytes;
        asked += act == Act.READ ? count : 0;
        return then(exchange.received(bytes, now), "received " + count);
    }

    ModelDriver received() {
        return received(input.remaining());
    }

    ModelDriver ended() {
        ended = true;
        return then(exchange.ended(now), "ended");
    }

    /// The socket takes so much of what is to be sent.
    ModelDriver sent(int count) {
        byte[] part = new byte[count];
        exchange.bytes().get(part);
        sent.writeBytes(part);
        return then(exchange.sent(count, now), "sent " + count);
    }

    /// The socket takes all that is to be sent, step after step.
    ModelDriver sentAll() {
        while (act == Act.SEND) {
            sent(exchange.bytes().remaining());
        }
        return this;
    }

    /// The clock moves on to the deadline.
    ModelDriver due() {
        cutShort |= act == Act.SEND || (act == Act.READ && (!stopped || exchange.owes()));
        now += Math.max(0, exchange.deadlineNanos() - now);
        return then(exchange.due(now), "due");
    }

    ModelDriver stop() {
        stopped = true;
        return then(exchange.stop(now, now), "stop");
    }

    private ModelDriver then(Act next, String event) {
        story.add(event + " -> " + next);
        assertThat(exchange.act()).isEqualTo(next);
        if (next == Act.READ || next == Act.LINGER || next == Act.CLOSE) {
            for (int i = 0; i < lent.capacity(); i++) {
                lent.put(i, (byte) '!');
            }
        }
        act = next;
        return this;
    }

    /// Lets time pass.
    ModelDriver pass(long millis) {
        now += millis * 1_000_000;
        return this;
    }

    /// The buffer that the exchange has been given last.
    ByteBuffer lent() {
        return lent;
    }

    /// How far away the deadline is.
    long millisLeft() {
        return (exchange.deadlineNanos() - now) / 1_000_000;
    }

    ModelDriver expect(Act expected) {
        assertThat(act).as("%s", story).isEqualTo(expected);
        return this;
    }

    ModelDriver expectSent(String text) {
        assertThat(sent.toString(StandardCharsets.ISO_8859_1)).isEqualTo(text);
        return this;
    }

    byte[] sentBytes() {
        return sent.toByteArray();
    }

    boolean isClosed() {
        return act == Act.CLOSE;
    }

    /// One event that the act has a cell for.
    ///
    /// @param clock whether deadlines may pass, and stops come
    void event(Choices choices, boolean clock) {
        List<Event> possible = new ArrayList<>();
        switch (act) {
            case READ, LINGER -> possible.add(input.hasRemaining() ? Event.RECEIVED : Event.ENDED);
            case SEND -> possible.add(Event.SENT);
            case SLEEP -> possible.add(Event.DUE);
            case SEND_FILE, CLOSE -> throw new AssertionError(act + " after " + story);
        }
        if (clock && act != Act.SLEEP) {
            possible.add(Event.DUE);
        }
        if (clock && !stopped) {
            possible.add(Event.STOP);
        }
        switch (possible.get(choices.next(possible.size()))) {
            case RECEIVED -> received(1 + choices.next(input.remaining()));
            case ENDED -> ended();
            case SENT -> {
                int most = exchange.bytes().remaining();
                sent(most - choices.next(Math.min(most, MOST_CUTS)));
            }
            case DUE -> due();
            case STOP -> stop();
        }
    }

    @Override
    public String toString() {
        return story.toString();
    }
}
