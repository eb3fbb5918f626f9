// SPDX-License-Identifier: MIT
package csdesign.drive;

import csdesign.drive.Exchange.Act;
import csdesign.kit.Limits;
import csdesign.kit.Nullable;
import csdesign.kit.Scoreboard;
import csdesign.kit.Server;
import csdesign.kit.Stop;
import csdesign.wire.ChannelWire;
import csdesign.wire.DescriptorWire;
import csdesign.wire.Wire;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;

/// The blocking driver: [#serve] takes one client from its first byte to its last, on the
/// thread that calls it, and carries out the acts of its [Exchange] by blocking calls.
///
/// A thread that is blocked in read(2) or write(2) cannot look at the clock. One more
/// thread, the watch, does it for all of them: every [#TICK_MILLIS] it wakes those whose
/// deadline has passed. The rest of a request is read with a timeout instead, because its
/// client must still be told that it was late. No whole request pays a system call for
/// its deadline.
///
/// A client that is idle has a sip of [#SIP_BYTES] for what comes next, and is lent a
/// read buffer only when that is more.
public final class BlockingDriver implements AutoCloseable {
    /// How exact deadlines are, in milliseconds.
    public static final long TICK_MILLIS = 50;

    /// Some requests of the service `bytes`: those who send more are few, and pay one
    /// system call more.
    private static final int SIP_BYTES = 64;

    private final Server server;
    private final Stop stop;
    private final Queue<DescriptorWire> spareWires = new ConcurrentLinkedQueue<>();
    private final Thread watch;

    // All that threads share, each under the lock of `deadlines`.
    private final Deadlines<Dialogue> deadlines = new Deadlines<>();
    private final Buffers sips = new Buffers(Arena.ofAuto(), SIP_BYTES);
    final Buffers buffers = new Buffers(Arena.ofAuto(), Buffers.READ_BYTES);

    /// Starts the watch.
    ///
    /// @param server limits, service and the request to stop
    public BlockingDriver(Server server) {
        this.server = server;
        this.stop = server.stop();
        this.watch = Thread.ofPlatform().daemon().name("deadlines").start(this::watch);
    }

    /// Serves one client to its end, and closes the channel. Whatever ends the connection
    /// early is the client's affair: nothing is thrown.
    ///
    /// @param channel a connection in blocking mode
    /// @param row of the worker that serves it
    public void serve(SocketChannel channel, Scoreboard.Row row) {
        serve(new ChannelWire(channel), row);
    }

    /// The same for a connection that came by FFM.
    ///
    /// @param fd its descriptor, in blocking mode
    /// @param row of the worker that serves it
    public void serve(int fd, Scoreboard.Row row) {
        DescriptorWire spare = spareWires.poll();
        DescriptorWire wire = spare == null ? new DescriptorWire() : spare;
        serve(wire.on(fd), row);
        spareWires.add(wire);
    }

    void serve(Wire wire, Scoreboard.Row row) {
        row.accept();
        Dialogue dialogue = new Dialogue(wire, row);
        try (wire) {
            dialogue.run();
        } catch (IOException gone) {
            // ECONNRESET, EPIPE, or the watch ended it.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            dialogue.end();
        }
    }

    private void watch() {
        try {
            while (true) {
                Thread.sleep(TICK_MILLIS);
                long now = System.nanoTime();
                boolean graceIsOver = stop.graceIsOver();
                boolean lastCallIsOver = stop.requested()
                        && now - stop.requestedNanos() >= Limits.LAST_CALL_MILLIS * 1_000_000;
                for (Dialogue dialogue : lookedAt(now, lastCallIsOver || graceIsOver)) {
                    dialogue.look(now, graceIsOver);
                }
            }
        } catch (InterruptedException closed) {
            Thread.currentThread().interrupt();
        }
    }

    private List<Dialogue> lookedAt(long now, boolean all) {
        synchronized (deadlines) {
            return all ? deadlines.all() : deadlines.takeNote(now);
        }
    }

    /// Ends the watch. Clients that are still served have no deadline from now on.
    @Override
    public void close() {
        watch.interrupt();
    }

    /// One client.
    private final class Dialogue extends Deadlines.Entry {
        private final Wire wire;
        private final Scoreboard.Row row;
        private final Thread thread = Thread.currentThread();
        private final Exchange exchange;
        private final Buffers.Buffer sip;
        private Buffers.@Nullable Buffer lent;
        private boolean stopping;
        private boolean shut;
        private boolean over;
        private boolean interrupted;

        /// The act that the thread is blocked in and that the watch must end in time.
        /// Written after the exchange's deadline, so that the watch sees that too.
        private volatile @Nullable Act blockedIn;

        Dialogue(Wire wire, Scoreboard.Row row) {
            this.wire = wire;
            this.row = row;
            exchange = new Exchange(server.service().open(), server.limits(), row);
            synchronized (deadlines) {
                sip = sips.take();
                deadlines.add(this);
            }
        }

        void run() throws IOException, InterruptedException {
            // Where the grace is over it waited for a thread until now.
            Act act = stop.graceIsOver() ? exchange.cut() : exchange.begin(now());
            while (act != Act.CLOSE) {
                if (!stopping && stop.requested()) {
                    stopping = true;
                    act = exchange.stop(stop.requestedNanos(), now());
                }
                act = switch (act) {
                    case READ -> read(exchange.owes() || stopping);
                    case SEND, SEND_FILE -> send(act);
                    case SLEEP -> sleep();
                    case LINGER -> linger();
                    case CLOSE -> act;
                };
            }
        }

        private Act read(boolean withTimeout) throws IOException {
            giveBack();
            row.state(exchange.owes() ? Scoreboard.State.SERVING : Scoreboard.State.WAITING);
            ByteBuffer in = sip.bytes().clear();
            int n;
            if (withTimeout) {
                n = wire.readWithin(in, exchange.deadlineNanos() - now());
            } else {
                blockedIn = Act.READ;
                n = wire.read(in);
                blockedIn = null;
            }
            if (n < 0) {
                return exchange.ended(now());
            }
            if (n == 0) {
                return exchange.due(now());
            }
            row.state(Scoreboard.State.SERVING);
            return exchange.received(in.hasRemaining() ? in.flip() : readMore(in), now());
        }

        /// The sip is full. What came with it must stay together with it.
        private ByteBuffer readMore(ByteBuffer full) throws IOException {
            synchronized (deadlines) {
                lent = buffers.take();
            }
            ByteBuffer in = lent.bytes().clear().put(full.flip());
            int _ = wire.readWithin(in, 0); // an end is reported again
            return in.flip();
        }

        private void giveBack() {
            if (lent != null) {
                synchronized (deadlines) {
                    buffers.give(lent);
                }
                lent = null;
            }
        }

        private Act send(Act act) throws IOException {
            blockedIn = Act.SEND;
            long n = act == Act.SEND
                    ? wire.write(exchange.bytes())
                    : wire.sendFile(exchange.file().file(), exchange.fileOffset(),
                            exchange.fileLeft());
            blockedIn = null;
            return n == 0 ? Act.CLOSE : exchange.sent(n, now()); // a file shorter than promised
        }

        private Act sleep() throws InterruptedException {
            TimeUnit.NANOSECONDS.sleep(exchange.deadlineNanos() - now());
            return exchange.due(now());
        }

        private Act linger() throws IOException {
            if (!shut) {
                shut = true;
                wire.shutdownOutput();
            }
            return read(true);
        }

        private static long now() {
            return System.nanoTime();
        }

        /// Read by the watch, which looks again later where there is nothing to watch.
        @Override
        long deadlineNanos() {
            return blockedIn == null
                    ? now() + server.limits().idleMillis() * 1_000_000
                    : exchange.deadlineNanos();
        }

        /// The wire and the thread will be another client's: the watch must not touch
        /// them any more, and its interrupt is not meant for that client.
        void end() {
            giveBack();
            synchronized (deadlines) {
                deadlines.remove(this);
                sips.give(sip);
            }
            synchronized (this) {
                over = true;
                if (interrupted) {
                    boolean _ = Thread.interrupted();
                }
            }
            if (stop.graceIsOver()) {
                Act _ = exchange.cut();
            }
            row.state(Scoreboard.State.WAITING);
        }

        /// On the watch's thread: the deadline has passed, or a stop ends those that
        /// wait.
        synchronized void look(long now, boolean graceIsOver) {
            if (over) {
                return;
            }
            try {
                Act act = blockedIn;
                if (graceIsOver || (act == Act.SEND && exchange.deadlineNanos() - now < 0)) {
                    wire.abort();
                } else if (act == Act.READ) {
                    wire.shutdownInput();
                }
            } catch (IOException e) {
                // It ended by itself in this moment.
            }
            if (graceIsOver) {
                thread.interrupt(); // ends a SLEEP too
                interrupted = true;
            }
        }
    }
}
