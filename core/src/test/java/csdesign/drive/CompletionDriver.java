// SPDX-License-Identifier: MIT
package csdesign.drive;

import csdesign.drive.Exchange.Act;
import csdesign.kit.Limits;
import csdesign.kit.Nullable;
import csdesign.kit.Scoreboard;
import csdesign.posix.Errno;
import csdesign.service.Service;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/// The completion driver: it carries out the acts of [Exchange] by requests to a [Ring], and tells it of
/// their completions.
///
/// Bytes arrive unasked. A connection keeps the buffers that were lent for them in a queue with a bound;
/// beyond it the receiving is cancelled, and begins again when there is room. A buffer goes back when it
/// is consumed and nothing that is being sent points into it, which is when the exchange wants to READ.
/// One send is in flight at most, so that nothing is reordered. To close takes two phases: first what is
/// in flight is ended, then, after its last completion, the descriptor is closed.
///
/// A completion names the slot of its connection and the slot's generation. A descriptor alone would not
/// do: the next client may have its number.
final class CompletionDriver {
    /// The most buffers that one connection keeps while it has no use for them.
    static final int MOST_LENT = 3;

    /// A request that was cancelled.
    static final int ECANCELED = 125;

    /// What is in flight at a close ends by itself: there is no deadline for it.
    private static final long ENDING_NANOS = 1_000_000_000;

    private static final int FILE_BYTES = 64 * 1024;

    private final Service service;
    private final Limits limits;
    private final Scoreboard.Row row;
    private final Ring ring;
    private final List<@Nullable Connection> slots = new ArrayList<>();
    private final List<Integer> generations = new ArrayList<>();
    private final ArrayDeque<Integer> freeSlots = new ArrayDeque<>();
    private final Deadlines<Connection> deadlines = new Deadlines<>();

    /// Those whose receiving ended because no buffer was free. They get no event of their own.
    private final ArrayDeque<Connection> starved = new ArrayDeque<>();

    private long now;
    private boolean stopping;
    private long stopNanos;

    // What a completion is of: the lowest byte of its user data.
    private static final int RECEIVE = 0;
    private static final int SEND = 1;
    private static final int CANCEL = 2;

    CompletionDriver(Service service, Limits limits, Scoreboard.Row row, Ring ring, long now) {
        this.service = service;
        this.limits = limits;
        this.row = row;
        this.ring = ring;
        this.now = now;
    }

    /// Begins a connection.
    void open(int fd) {
        Integer free = freeSlots.poll();
        int slot = free == null ? slots.size() : free;
        if (free == null) {
            slots.add(null);
            generations.add(0);
        }
        Connection connection = new Connection(fd, slot);
        slots.set(slot, connection);
        connection.begin();
    }

    /// One round of the loop, after it has waited: all completions, then those that are due.
    void round(long nanos) {
        now = nanos;
        while (ring.next()) {
            long userData = ring.userData();
            int slot = (int) (userData >>> 8 & 0xff_ffff);
            Connection connection = slot < slots.size() ? slots.get(slot) : null;
            if (connection == null || generations.get(slot) != (int) (userData >>> 32)) {
                giveBack(ring.buffer()); // of a connection that has gone
            } else {
                connection.onCompletion((int) (userData & 0xff));
            }
        }
        for (Connection due; (due = deadlines.due(now)) != null;) {
            due.onDue();
        }
    }

    void stop() {
        stopping = true;
        stopNanos = now;
        for (Connection connection : deadlines.all()) {
            connection.carryOut(connection.exchange.stop(stopNanos, now));
        }
    }

    /// When the loop must wake at the latest.
    long nanosLeft(long nanos) {
        return deadlines.nanosLeft(nanos);
    }

    boolean isIdle() {
        return deadlines.size() == 0;
    }

    /// Gives a buffer back, and lets one of the starved receive again.
    private void giveBack(int buffer) {
        if (buffer >= 0) {
            ring.giveBack(buffer);
            Connection waiting = starved.poll();
            if (waiting != null) {
                waiting.receive();
            }
        }
    }

    private final class Connection extends Deadlines.Entry {
        private final int fd;
        private final int slot;
        private final Exchange exchange = new Exchange(service.open(), limits, row);
        private final ArrayDeque<Integer> lent = new ArrayDeque<>();

        /// The first of those that are lent is the exchange's.
        private boolean inUse;

        private boolean receiving;
        private boolean sending;
        private boolean cancelling;
        private boolean ended;
        private boolean shut;
        private boolean closing;
        private @Nullable ByteBuffer part;

        Connection(int fd, int slot) {
            this.fd = fd;
            this.slot = slot;
        }

        @Override
        long deadlineNanos() {
            return closing ? now + ENDING_NANOS : exchange.deadlineNanos();
        }

        void begin() {
            if (stopping) {
                Act _ = exchange.stop(stopNanos, now);
            }
            Act act = exchange.begin(now);
            deadlines.add(this);
            carryOut(act);
        }

        private long userData(int request) {
            return (long) generations.get(slot) << 32 | (long) slot << 8 | request;
        }

        void onCompletion(int request) {
            int result = ring.result();
            switch (request) {
                case RECEIVE -> received(result);
                case SEND -> {
                    sending = false;
                    if (!closing) {
                        carryOut(result < 0 ? Act.CLOSE : sent(result));
                    }
                }
                case CANCEL -> cancelling = false;
                default -> throw new AssertionError(request);
            }
            if (closing) {
                finish();
            } else {
                receive();
            }
        }

        private void received(int result) {
            receiving = ring.hasMore();
            if (closing) {
                giveBack(ring.buffer());
                return;
            }
            if (result > 0) {
                lent.add(ring.buffer());
            } else if (result == 0) {
                ended = true;
            } else if (result == -Errno.ENOBUFS) {
                starved.add(this);
            } else if (result != -ECANCELED) {
                carryOut(Act.CLOSE);
                return;
            }
            carryOut(exchange.act());
        }

        private Act sent(int n) {
            ByteBuffer bytes = exchange.act() == Act.SEND ? exchange.bytes() : null;
            if (bytes != null) {
                bytes.position(bytes.position() + n);
            }
            return exchange.sent(n, now);
        }

        /// What has arrived is in the queue, and was looked at: the deadline stands.
        void onDue() {
            carryOut(closing ? Act.CLOSE : exchange.due(now));
        }

        void carryOut(Act first) {
            Act act = closing ? Act.CLOSE : first;
            while (act == Act.READ || act == Act.LINGER) {
                if (inUse) {
                    inUse = false;
                    giveBack(lent.removeFirst());
                }
                if (act == Act.LINGER && !shut) {
                    shut = true;
                    ring.shutdown(fd, false);
                }
                if (!lent.isEmpty()) {
                    inUse = true;
                    act = exchange.received(ring.bytes(lent.getFirst()), now);
                } else if (ended) {
                    act = exchange.ended(now);
                } else {
                    break;
                }
            }
            switch (act) {
                case SEND -> send(exchange.bytes());
                case SEND_FILE -> send(partOfFile());
                case CLOSE -> close();
                case READ, SLEEP, LINGER -> {} // a completion or the deadline is next
            }
            if (!closing) {
                deadlines.noteSooner(this);
                receive();
            }
        }

        private void send(ByteBuffer bytes) {
            if (!sending) {
                sending = true;
                ring.send(fd, bytes, userData(SEND));
            }
        }

        /// io_uring has no sendfile: a part of the file is read, then sent.
        private ByteBuffer partOfFile() {
            if (sending && part != null) {
                return part;
            }
            ByteBuffer next = ByteBuffer.allocateDirect(
                    (int) Math.min(FILE_BYTES, exchange.fileLeft()));
            try (FileChannel file = FileChannel.open(exchange.file().file())) {
                int n = file.read(next, exchange.fileOffset());
                part = next.limit(Math.max(0, n)).position(0);
                return part;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        /// Receives, unless it does so already, or has enough.
        void receive() {
            boolean room = lent.size() < MOST_LENT;
            if (receiving && !room && !cancelling) {
                cancelling = true;
                ring.cancel(userData(RECEIVE), userData(CANCEL));
            }
            if (!receiving && room && !cancelling && !ended && !closing
                    && !starved.contains(this)) {
                receiving = true;
                ring.receive(fd, userData(RECEIVE));
            }
        }

        private void close() {
            if (closing) {
                return;
            }
            closing = true;
            starved.remove(this);
            ring.shutdown(fd, true); // ends a send too
            if (receiving && !cancelling) {
                cancelling = true;
                ring.cancel(userData(RECEIVE), userData(CANCEL));
            }
            finish();
        }

        /// The second phase, once the last completion is here.
        private void finish() {
            if (!receiving && !sending && !cancelling && slots.get(slot) == this) {
                deadlines.remove(this);
                slots.set(slot, null);
                generations.set(slot, generations.get(slot) + 1);
                freeSlots.add(slot);
                ring.close(fd);
                while (!lent.isEmpty()) {
                    giveBack(lent.removeFirst());
                }
            }
        }
    }
}
