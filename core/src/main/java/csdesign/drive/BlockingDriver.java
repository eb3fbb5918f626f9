// SPDX-License-Identifier: MIT
package csdesign.drive;

import csdesign.kit.Limits;
import csdesign.kit.Scoreboard;
import csdesign.kit.Server;
import csdesign.kit.Stop;
import csdesign.service.Conversation;
import csdesign.service.Service;
import csdesign.service.Step;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;

/// The blocking driver: [#serve] takes one client from its first byte to its last, on the
/// thread that calls it.
///
/// A thread that sits in read(2) cannot look at the clock, so one more thread, the watch,
/// does it for all: every [#TICK_MILLIS] it compares deadlines, and closes who is idle
/// for too long. Only the rest of a request that came in parts is read with a timeout of
/// its own, for its client is told that it was late. No whole request pays a system call
/// for its deadline.
public final class BlockingDriver implements AutoCloseable {
    /// How exact deadlines are, in milliseconds.
    public static final long TICK_MILLIS = 50;

    private static final int READ_BYTES = 16 * 1024;

    private static final long NANOS_PER_MILLI = 1_000_000;

    private final Service service;
    private final Limits limits;
    private final Stop stop;
    private final Scoreboard.Row row;
    private final Set<Dialogue> dialogues = ConcurrentHashMap.newKeySet();
    private final Queue<ByteBuffer> spares = new ConcurrentLinkedQueue<>();
    private final Queue<DescriptorWire> spareWires = new ConcurrentLinkedQueue<>();
    private final Thread watch;
    private volatile boolean closed;

    private enum Timer {
        IDLE,
        REQUEST,
        WRITE,
        WAIT,
        LINGER
    }

    /// Starts the watch.
    ///
    /// @param server limits, service and the wish to stop
    /// @param row where all clients of this driver are counted
    public BlockingDriver(Server server, Scoreboard.Row row) {
        this.service = server.service();
        this.limits = server.limits();
        this.stop = server.stop();
        this.row = row;
        this.watch = Thread.ofPlatform().daemon().name("deadlines").start(this::watch);
    }

    /// Serves one client to its end, and closes the channel. Whatever ends the connection
    /// early is the client's affair: nothing is thrown.
    ///
    /// @param channel a connection in blocking mode
    public void serve(SocketChannel channel) {
        serve(new ChannelWire(channel), row);
    }

    /// The same, counted where the thread that serves it counts.
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

    private void serve(Wire wire, Scoreboard.Row row) {
        Dialogue dialogue = new Dialogue(wire, row);
        dialogues.add(dialogue);
        row.accept();
        ByteBuffer in = spares.poll();
        if (in == null) {
            in = ByteBuffer.allocateDirect(READ_BYTES);
        }
        try (wire) {
            dialogue.run(in);
        } catch (IOException gone) {
            // ECONNRESET, EPIPE, or the watch closed it.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            spares.add(in);
            dialogue.end();
            dialogues.remove(dialogue);
        }
    }

    private void watch() {
        try {
            while (!closed) {
                Thread.sleep(TICK_MILLIS);
                long now = System.nanoTime();
                boolean lastCallIsOver = lastCallIsOver(now);
                boolean graceIsOver = stop.graceIsOver();
                for (Dialogue dialogue : dialogues) {
                    dialogue.look(now, lastCallIsOver, graceIsOver);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean lastCallIsOver(long now) {
        return stop.requested()
                && now - stop.requestedNanos() >= Limits.LAST_CALL_MILLIS * NANOS_PER_MILLI;
    }

    /// Ends the watch. Clients that are still served have no deadline from now on.
    @Override
    public void close() {
        closed = true;
        watch.interrupt();
    }

    /// One client.
    private final class Dialogue {
        private final Wire wire;
        private final Scoreboard.Row row;
        private final Thread thread = Thread.currentThread();
        private final Conversation conversation = service.open();
        private long counted;
        private boolean over;
        private boolean interrupted;

        // Read by the watch.
        private volatile boolean owing;
        private volatile long deadlineNanos;
        private volatile Timer timer = Timer.IDLE;

        Dialogue(Wire wire, Scoreboard.Row row) {
            this.wire = wire;
            this.row = row;
            arm(Timer.IDLE, limits.idleMillis());
        }

        void run(ByteBuffer in) throws IOException, InterruptedException {
            if (stop.graceIsOver()) {
                row.cut(1);
                return; // it waited for a thread until now
            }
            in.limit(0);
            boolean ended = false;
            while (true) {
                switch (conversation.next()) {
                    case Step.NeedMore(boolean begun) -> {
                        if (in.hasRemaining()) {
                            conversation.receive(in);
                            break;
                        }
                        boolean another = count();
                        if (ended || (!begun && isLastAnswer())) {
                            linger(in, ended);
                            return;
                        }
                        if (!begun) {
                            owes(false);
                            arm(Timer.IDLE, limits.idleMillis());
                        } else if (another || timer != Timer.REQUEST) {
                            arm(Timer.REQUEST, limits.requestMillis());
                        }
                        ended = begun ? receiveRest(in) : receive(in);
                    }
                    case Step.Send(ByteBuffer bytes) -> send(bytes);
                    case Step.SendFile send -> sendFile(send);
                    case Step.Wait(long nanos) -> {
                        arm(Timer.WAIT, nanos / NANOS_PER_MILLI + limits.idleMillis());
                        TimeUnit.NANOSECONDS.sleep(nanos);
                    }
                    case Step.Close _ -> {
                        linger(in, ended);
                        return;
                    }
                }
            }
        }

        /// A stop was wished for, and nothing is here that was sent before the client
        /// heard of it.
        private boolean isLastAnswer() throws IOException {
            return stop.requested()
                    && conversation.requests() > 0
                    && !wire.hasBytes();
        }

        /// @return whether it was the end of the stream
        private boolean receive(ByteBuffer in) throws IOException {
            return take(in, wire.read(in.clear()));
        }

        /// The rest of a request, with a timeout: the only read that pays for one, since
        /// few requests come in parts. The watch would have to shut the reading half, and
        /// then nobody could linger for a client that dribbles on.
        private boolean receiveRest(ByteBuffer in) throws IOException {
            long left = (deadlineNanos - System.nanoTime()) / NANOS_PER_MILLI;
            try {
                return take(
                        in, wire.readWithin(in.clear(), Math.clamp(left, 1, Integer.MAX_VALUE)));
            } catch (SocketTimeoutException late) {
                conversation.late();
                return false;
            }
        }

        private boolean take(ByteBuffer in, int n) {
            in.flip();
            if (n < 0) {
                conversation.endOfInput();
            } else {
                owes(true);
                conversation.receive(in);
            }
            return n < 0;
        }

        private void send(ByteBuffer bytes) throws IOException {
            arm(Timer.WRITE, limits.idleMillis());
            while (bytes.hasRemaining()) {
                int n = wire.write(bytes);
                row.write(n);
                if (bytes.hasRemaining()) {
                    arm(Timer.WRITE, limits.idleMillis()); // some went: the client reads
                }
            }
        }

        private void sendFile(Step.SendFile send) throws IOException {
            for (long sent = 0; sent < send.count();) {
                arm(Timer.WRITE, limits.idleMillis());
                long n = wire.sendFile(send.file(), send.offset() + sent, send.count() - sent);
                if (n == 0) {
                    throw new IOException(send.file() + " is shorter than promised");
                }
                sent += n;
                row.write(n);
            }
        }

        /// Says that all was said, and reads to the client's end: see
        /// [Limits#LINGER_MILLIS].
        private void linger(ByteBuffer in, boolean ended) throws IOException {
            count();
            owes(false);
            if (ended) {
                return;
            }
            arm(
                    Timer.LINGER,
                    stop.requested() ? Limits.LAST_CALL_MILLIS : Limits.LINGER_MILLIS);
            wire.shutdownOutput();
            while (wire.read(in.clear()) >= 0) {
                // thrown away
            }
        }

        /// Whether the client has begun to ask, and its answer is not all sent.
        private void owes(boolean something) {
            owing = something;
            row.state(something ? Scoreboard.State.SERVING : Scoreboard.State.WAITING);
        }

        private boolean count() {
            long answered = conversation.requests() - counted;
            if (answered > 0) {
                row.answer(answered);
                counted += answered;
            }
            return answered > 0;
        }

        private void arm(Timer next, long millis) {
            timer = next;
            deadlineNanos = System.nanoTime() + millis * NANOS_PER_MILLI;
        }

        /// The wire and the thread will be another client's: the watch must not touch
        /// them any more, and its interrupt is not meant for that client.
        synchronized void end() {
            over = true;
            owes(false);
            if (interrupted) {
                boolean _ = Thread.interrupted();
            }
        }

        /// On the watch's thread.
        synchronized void look(long now, boolean lastCallIsOver, boolean graceIsOver) {
            if (over) {
                return;
            }
            try {
                boolean due = now - deadlineNanos >= 0;
                if (graceIsOver) {
                    if (owing && !interrupted) {
                        row.cut(1);
                    }
                    wire.abort();
                    thread.interrupt(); // ends a Wait too
                    interrupted = true;
                } else if (due && timer != Timer.REQUEST) { // that read has a timeout
                    wire.abort();
                } else if (lastCallIsOver && timer == Timer.IDLE) {
                    wire.shutdownInput();
                }
            } catch (IOException e) {
                // It ended by itself in this moment.
            }
        }
    }
}
