// SPDX-License-Identifier: MIT
package csdesign.drive;

import static csdesign.posix.SysSocket.MSG_NOSIGNAL;
import static csdesign.posix.SysSocket.SHUT_WR;
import static csdesign.posix.SysSocket.SOL_SOCKET;
import static csdesign.posix.SysSocket.SO_ERROR;

import csdesign.drive.Exchange.Act;
import csdesign.kit.Nullable;
import csdesign.kit.Scoreboard;
import csdesign.kit.Server;
import csdesign.kit.Stop;
import csdesign.listen.ListeningSocket;
import csdesign.listen.StopDescriptor;
import csdesign.posix.Errno;
import csdesign.posix.Fcntl;
import csdesign.posix.SysSendfile;
import csdesign.posix.SysSocket;
import csdesign.posix.Unistd;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;

/// The readiness driver: the connections of one loop, by descriptor. It carries out the
/// acts of their [Exchange]s by non-blocking calls, until one must wait or its turn is
/// over. Owned by the loop's thread.
///
/// ```text
///   the loop                            the driver                the policy
///   wait for readiness -- onReadable --> recv, send, sendfile <--> Exchange
///   watch(fd, interest) <-- interest --
/// ```
///
/// The loop says which descriptors are ready, and each answer is what it must watch the
/// descriptor for from then on. A connection that ends is closed before the answer is
/// [Interest#CLOSED]. A request costs recv(2) and send(2) and nothing else: it is read
/// once per readiness, because what is left makes a level-triggered loop ask again. An
/// idle connection costs a few small objects and holds no buffer.
public final class ReadinessDriver implements AutoCloseable {
    /// No descriptor: no client to accept, nothing due.
    public static final int NONE = ListeningSocket.NONE;

    /// How many clients are accepted in a row before those who are connected get their
    /// turn.
    private static final int MOST_ACCEPTS = 64;

    /// How much one connection may send before the others get their turn. A client that
    /// reads as fast as we write would otherwise keep a 1 GiB answer, and the loop, to
    /// itself.
    private static final int TURN_BYTES = 256 * 1024;

    /// What a send costs of the turn at least: a thousand answers of 1 byte are a long
    /// turn too.
    private static final int SEND_BYTES = 4 * 1024;

    private static final long NANOS_PER_MILLI = 1_000_000;

    /// The longest time that a loop waits: a deadline of a day has no use for more.
    private static final int MOST_WAIT_MILLIS = 60_000;

    private final Arena arena = Arena.ofConfined();
    private final Errno errno = Errno.allocate(arena);
    private final Server server;
    private final Stop stop;
    private final Scoreboard.Row row;
    private final Deadlines<Connection> deadlines = new Deadlines<>();
    private final ArrayDeque<Connection> toStop = new ArrayDeque<>();
    final Buffers buffers = new Buffers(arena, Buffers.READ_BYTES);
    private @Nullable Connection[] byDescriptor = new @Nullable Connection[64];
    private int acceptsLeft = MOST_ACCEPTS;

    /// The loop's clock: read once for each return from waiting, not once for each
    /// request.
    private long now = System.nanoTime();

    /// No connections yet.
    ///
    /// @param server limits, service and the request to stop
    /// @param row where this loop counts
    public ReadinessDriver(Server server, Scoreboard.Row row) {
        this.server = server;
        this.stop = server.stop();
        this.row = row;
    }

    /// Reads the clock: the loop has waited, and a new round begins.
    public void tick() {
        now = System.nanoTime();
        acceptsLeft = MOST_ACCEPTS;
    }

    /// Takes the next client out of the listener's queue.
    ///
    /// @param listener which was reported ready
    /// @return its descriptor, for [#open]; [#NONE] when no client waits, when
    ///     `--max-connections` are open, and when enough were accepted in this round
    public int accept(ListeningSocket listener) {
        return isFull() || acceptsLeft-- <= 0 ? NONE : listener.accept();
    }

    /// Begins a connection that was just accepted.
    ///
    /// @param fd its descriptor, non-blocking; the driver closes it
    /// @return what to watch for first
    public Interest open(int fd) {
        row.accept();
        return adopt(fd);
    }

    /// Begins a connection that another process has accepted, and counted.
    ///
    /// @param fd its descriptor, non-blocking; the driver closes it
    /// @return what to watch for first
    public Interest adopt(int fd) {
        Connection connection = new Connection(fd);
        if (fd >= byDescriptor.length) {
            byDescriptor = Arrays.copyOf(byDescriptor, Math.max(fd + 1, 2 * byDescriptor.length));
        }
        byDescriptor[fd] = connection;
        Interest interest = connection.onOpen();
        deadlines.add(connection);
        return settle(connection, interest);
    }

    /// There is something to read: bytes, the end, or an error.
    ///
    /// @param fd which is ready
    /// @return what to watch for next; CLOSED also for one that was closed in this round
    public Interest onReadable(int fd) {
        Connection connection = at(fd);
        return connection == null ? Interest.CLOSED : settle(connection, connection.onReadable());
    }

    /// There is room to write.
    ///
    /// @param fd which is ready
    /// @return what to watch for next; CLOSED also for one that was closed in this round
    public Interest onWritable(int fd) {
        Connection connection = at(fd);
        return connection == null ? Interest.CLOSED : settle(connection, connection.onWritable());
    }

    /// The server is to stop: no newcomers, and every connection is told in its turn, by
    /// [#nextDue].
    ///
    /// @param stopped which was reported ready
    /// @param listener is shut; clients in its queue are still accepted
    public void onStop(StopDescriptor stopped, ListeningSocket listener) {
        stopped.clear();
        listener.shut();
        onStop();
    }

    /// The same where nothing listens.
    public void onStop() {
        toStop.addAll(deadlines.all());
    }

    /// The next connection whose deadline has passed, or that must be told of the stop.
    ///
    /// @return its descriptor, for [#onDue]; [#NONE] when there is no more in this round
    public int nextDue() {
        for (Connection told; (told = toStop.poll()) != null;) {
            if (at(told.fd) == told) { // else it was closed in this round
                return told.fd;
            }
        }
        Connection due = deadlines.due(now);
        return due == null ? NONE : due.fd;
    }

    /// Tells a connection that it is due, or of the stop.
    ///
    /// @param fd from [#nextDue]
    /// @return what to watch for next
    public Interest onDue(int fd) {
        Connection connection = at(fd);
        return connection == null ? Interest.CLOSED : settle(connection, connection.onDue());
    }

    /// What to watch the listener for. One that may not accept now stays readable, or
    /// hung up where another process has shut it down: a loop that watched it would spin.
    ///
    /// @param listener of this loop
    /// @return READ, or NOTHING while it pauses or there is no room, or CLOSED
    public Interest interestIn(ListeningSocket listener) {
        if (listener.isAccepting()) {
            return isFull() ? Interest.NOTHING : Interest.READ;
        }
        return listener.isOpen() ? Interest.NOTHING : Interest.CLOSED;
    }

    /// Whether the loop's work is done: a stop was requested, and no client is left or
    /// the grace is over.
    ///
    /// @param listener once it is closed no client can come
    /// @return whether to end the loop
    public boolean isDone(ListeningSocket listener) {
        return stop.requested()
                && (stop.graceIsOver() || (!listener.isOpen() && deadlines.size() == 0));
    }

    /// How long the loop may wait: to the next deadline, the end of the grace, or until
    /// it asks for the listener again.
    ///
    /// @param listener may pause, or be shut
    /// @return milliseconds for poll and epoll_wait; -1 when nothing will happen by
    ///     itself
    public int timeoutMillis(ListeningSocket listener) {
        return listener.timeoutMillis(timeoutMillis());
    }

    /// The same where nothing listens.
    ///
    /// @return milliseconds for poll; -1 when nothing will happen by itself
    public int timeoutMillis() {
        long nanos = deadlines.nanosLeft(now);
        if (stop.requested()) {
            nanos = Math.min(nanos, stop.deadlineNanos() - now);
        }
        if (nanos == Long.MAX_VALUE) {
            return -1;
        }
        // Rounded up: to wake a moment too early would be to wait again for 0 ms, and spin.
        return Math.clamp((nanos + NANOS_PER_MILLI - 1) / NANOS_PER_MILLI, 0, MOST_WAIT_MILLIS);
    }

    /// Makes now what the first connection needs: for a process that will be copied, and
    /// whose copies would each make their own.
    public void reserve() {
        buffers.give(buffers.take());
    }

    boolean isFull() {
        return deadlines.size() >= server.limits().maxConnections();
    }

    @Nullable
    Connection at(int fd) {
        return fd < byDescriptor.length ? byDescriptor[fd] : null;
    }

    long now() {
        return now;
    }

    private Interest settle(Connection connection, Interest interest) {
        if (interest == Interest.CLOSED) {
            close(connection);
        } else {
            deadlines.noteSooner(connection);
        }
        return interest;
    }

    void close(Connection connection) {
        byDescriptor[connection.fd] = null;
        deadlines.remove(connection);
        connection.end();
    }

    /// Closes every connection that is left, and counts those that are owed something.
    @Override
    public void close() {
        for (Connection connection : deadlines.all()) {
            Act _ = connection.exchange.cut();
            close(connection);
        }
        arena.close();
    }

    /// One connection.
    final class Connection extends Deadlines.Entry {
        private final int fd;
        private final Exchange exchange = new Exchange(
                server.service().open(), server.limits(), row);
        private Buffers.@Nullable Buffer in;
        private int file = -1;
        private boolean shut;

        Connection(int fd) {
            this.fd = fd;
        }

        @Override
        long deadlineNanos() {
            return exchange.deadlineNanos();
        }

        private Interest onOpen() {
            if (stop.requested()) {
                Act _ = exchange.stop(stop.requestedNanos(), now);
            }
            return carryOut(exchange.begin(now));
        }

        private Interest onReadable() {
            return switch (exchange.act()) {
                case READ, LINGER -> carryOut(receive());
                // poll and epoll report a hang-up unasked: the client is gone, and its answer
                // with it. Without an error the report is older than the wait.
                case SLEEP -> SysSocket.getsockopt(errno, fd, SOL_SOCKET, SO_ERROR) == 0
                        ? Interest.HANG_UP
                        : Interest.CLOSED;
                case SEND, SEND_FILE, CLOSE -> carryOut(exchange.act());
            };
        }

        private Interest onWritable() {
            return carryOut(exchange.act());
        }

        /// The deadline has passed, or the server is to stop, or both.
        private Interest onDue() {
            Act act = stop.requested()
                    ? exchange.stop(stop.requestedNanos(), now)
                    : exchange.act();
            if (exchange.deadlineNanos() - now >= 0) {
                return carryOut(act);
            }
            if (act == Act.READ) {
                act = receive(); // what has arrived by now is in time
                if (in != null || act != Act.READ) {
                    return carryOut(act);
                }
            }
            return carryOut(exchange.due(now));
        }

        private Interest carryOut(Act first) {
            Act act = first;
            for (int turn = TURN_BYTES; act == Act.SEND || act == Act.SEND_FILE;) {
                if (turn <= 0) { // the others first: a socket with room to write is reported
                    return Interest.WRITE;
                }
                boolean isFile = act == Act.SEND_FILE;
                long wanted = isFile
                        ? Math.min(exchange.fileLeft(), turn)
                        : exchange.bytes().remaining();
                long n = isFile ? sendFile(wanted) : send(exchange.bytes());
                if (n == -Errno.EAGAIN || n == -Errno.EINTR) {
                    return Interest.WRITE;
                }
                if (n < 0) {
                    return Interest.CLOSED; // EPIPE or ECONNRESET: the client is gone
                }
                act = exchange.sent(n, now);
                if (n < wanted) {
                    return Interest.WRITE; // the next one would say EAGAIN
                }
                turn -= (int) Math.max(SEND_BYTES, wanted);
            }
            return switch (act) {
                case READ -> giveBack();
                case LINGER -> shutAndGiveBack();
                case SLEEP -> Interest.HANG_UP;
                case SEND, SEND_FILE, CLOSE -> Interest.CLOSED;
            };
        }

        private Interest giveBack() {
            if (in != null) {
                buffers.give(in);
                in = null;
            }
            return Interest.READ;
        }

        private Interest shutAndGiveBack() {
            if (!shut && SysSocket.shutdown(errno, fd, SHUT_WR) < 0) {
                return Interest.CLOSED;
            }
            shut = true;
            return giveBack();
        }

        /// Reads once.
        private Act receive() {
            Buffers.Buffer buffer = buffers.take();
            long n = SysSocket.recv(errno, fd, buffer.segment(), Buffers.READ_BYTES, 0);
            if (n > 0) {
                in = buffer;
                return exchange.received(buffer.bytes().limit((int) n).position(0), now);
            }
            buffers.give(buffer);
            if (n == 0) {
                return exchange.ended(now);
            }
            return n == -Errno.EAGAIN || n == -Errno.EINTR ? exchange.act() : Act.CLOSE;
        }

        /// Sends, and answers how much, or a negative errno.
        private long send(ByteBuffer bytes) {
            MemorySegment segment = MemorySegment.ofBuffer(bytes);
            long n = SysSocket.send(errno, fd, segment, segment.byteSize(), MSG_NOSIGNAL);
            bytes.position(bytes.position() + (int) Math.max(0, n));
            return n;
        }

        /// The same of a file. EPIPE also where the service has promised more of it than
        /// there is.
        private long sendFile(long most) {
            try (Arena own = Arena.ofConfined()) {
                if (file < 0) {
                    MemorySegment path = own.allocateFrom(exchange.file().file().toString());
                    file = Fcntl.open(errno, path, Fcntl.O_RDONLY | Fcntl.O_CLOEXEC);
                    if (file < 0) {
                        return -Errno.EPIPE;
                    }
                }
                MemorySegment offset = own.allocateFrom(
                        ValueLayout.JAVA_LONG, exchange.fileOffset());
                long n = SysSendfile.sendfile(errno, fd, file, offset, most);
                if (n == exchange.fileLeft()) {
                    closeFile();
                }
                return n == 0 ? -Errno.EPIPE : n;
            }
        }

        private void closeFile() {
            if (file >= 0) {
                Unistd.close(errno, file);
                file = -1;
            }
        }

        private void end() {
            Interest _ = giveBack();
            closeFile();
            // Never repeated: after EINTR the descriptor is gone, close(2).
            Unistd.close(errno, fd);
        }
    }
}
