// SPDX-License-Identifier: MIT
package csdesign.drive;

import csdesign.kit.Limits;
import csdesign.kit.Nullable;
import csdesign.kit.Scoreboard;
import csdesign.kit.Server;
import csdesign.listen.ListeningSocket;
import csdesign.posix.Errno;
import csdesign.posix.Unistd;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// The connections of one readiness loop: found by descriptor, ordered by deadline, and
/// sharing what none of them needs while it is idle. Owned by the loop's thread.
///
/// An idle connection costs a few small objects. The read buffer of [#READ_BYTES] is lent
/// to a connection while it has bytes that were not consumed or sent, and goes back then.
public final class Connections implements AutoCloseable {
    /// How much is read at once. A request is some digits; an echo of 16 KiB is one call
    /// each way.
    static final int READ_BYTES = 16 * 1024;

    final Arena arena = Arena.ofConfined();
    final Errno errno = Errno.allocate(arena);
    final Limits limits;
    final Scoreboard.Row row;
    private final Server server;
    private final ArrayDeque<Buffer> spares = new ArrayDeque<>();
    private @Nullable Connection[] byDescriptor = new @Nullable Connection[64];
    private int count;

    /// A binary heap, the earliest deadline first.
    private @Nullable Connection[] heap = new @Nullable Connection[64];

    /// The loop's clock: read once for each return from waiting, not once for each
    /// request.
    private long nowNanos = System.nanoTime();

    /// A buffer and the same memory as the system calls take it.
    record Buffer(ByteBuffer bytes, MemorySegment segment) {}

    /// No connections yet.
    ///
    /// @param server limits, service and the wish to stop
    /// @param row where this loop counts
    public Connections(Server server, Scoreboard.Row row) {
        this.server = server;
        this.limits = server.limits();
        this.row = row;
    }

    /// Begins a connection that was just accepted.
    ///
    /// @param fd its descriptor, non-blocking; closed by [#close(Connection)]
    /// @return the connection, whose [Connection#onOpen] says what to watch for first
    public Connection open(int fd) {
        row.accept();
        return adopt(fd);
    }

    /// The same for a connection that another process has accepted, and counted.
    ///
    /// @param fd its descriptor, non-blocking; closed by [#close(Connection)]
    /// @return the connection, whose [Connection#onOpen] says what to watch for first
    public Connection adopt(int fd) {
        Connection connection = new Connection(this, fd, server.service().open());
        if (fd >= byDescriptor.length) {
            byDescriptor = Arrays.copyOf(byDescriptor, Math.max(fd + 1, 2 * byDescriptor.length));
        }
        byDescriptor[fd] = connection;
        insert(connection);
        return connection;
    }

    /// The connection on a descriptor.
    ///
    /// @param fd a descriptor that the loop was told of
    /// @return the connection; null when it was closed earlier in the same round
    public @Nullable Connection at(int fd) {
        return fd < byDescriptor.length ? byDescriptor[fd] : null;
    }

    /// Ends a connection and closes its descriptor.
    ///
    /// @param connection one of ours
    public void close(Connection connection) {
        byDescriptor[connection.fd()] = null;
        remove(connection);
        connection.end();
        // Never repeated: after EINTR the descriptor is gone, close(2).
        Unistd.close(errno, connection.fd());
    }

    /// Whether no further connection may be accepted now.
    ///
    /// @return whether `--max-connections` are open
    public boolean isFull() {
        return count >= limits.maxConnections();
    }

    /// Whether the loop's work is done: a stop was wished for, and nobody is left or the
    /// grace is over.
    ///
    /// @param listener once it is closed nobody can come
    /// @return whether to end the loop
    public boolean isDone(ListeningSocket listener) {
        return server.stop().requested()
                && (server.stop().graceIsOver() || (!listener.isOpen() && count == 0));
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
        long nanos = Long.MAX_VALUE;
        Connection first = heap[0];
        if (count > 0 && first != null) {
            nanos = Math.min(nanos, first.heapNanos - nowNanos);
        }
        if (server.stop().requested()) {
            nanos = Math.min(nanos, server.stop().deadlineNanos() - nowNanos);
        }
        if (nanos == Long.MAX_VALUE) {
            return -1;
        }
        // Rounded up: to wake a moment too early would be to wait again for 0 ms, and spin.
        return Math.clamp((nanos + 999_999) / 1_000_000, 0, 60_000);
    }

    /// Reads the clock, after a return from waiting.
    public void tick() {
        nowNanos = System.nanoTime();
    }

    /// The next connection whose deadline has passed.
    ///
    /// @return one to call [Connection#onDeadline] of, or null when there is none
    public @Nullable Connection nextDue() {
        while (count > 0) {
            Connection first = at0();
            if (first.heapNanos - nowNanos > 0) {
                return null;
            }
            if (first.deadlineNanos - nowNanos <= 0) {
                return first;
            }
            first.heapNanos = first.deadlineNanos; // it moved on since, as idle deadlines do
            siftDown(0);
        }
        return null;
    }

    /// All connections, to tell each of the stop.
    ///
    /// @return a copy, since some will be closed
    public List<Connection> all() {
        List<Connection> all = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            all.add(at(i, heap));
        }
        return all;
    }

    boolean stopping() {
        return server.stop().requested();
    }

    long nowNanos() {
        return nowNanos;
    }

    /// Sets a deadline. The usual one, later than the last, is only noted: the heap finds
    /// out when the old one comes up. So a request costs no heap operation.
    void deadline(Connection connection, long nanos) {
        connection.deadlineNanos = nanos;
        if (nanos - connection.heapNanos < 0) {
            connection.heapNanos = nanos;
            siftUp(connection.heapIndex);
        }
    }

    /// Makes now what the first connection needs: for a process that will be copied, and
    /// whose copies would each make their own.
    public void reserve() {
        give(take());
    }

    Buffer take() {
        Buffer spare = spares.pollLast();
        if (spare != null) {
            return spare;
        }
        MemorySegment segment = arena.allocate(READ_BYTES, 64);
        return new Buffer(segment.asByteBuffer(), segment);
    }

    void give(Buffer buffer) {
        spares.addLast(buffer);
    }

    private void insert(Connection connection) {
        if (count == heap.length) {
            heap = Arrays.copyOf(heap, 2 * count);
        }
        heap[count] = connection;
        connection.heapIndex = count;
        siftUp(count++);
    }

    private void remove(Connection connection) {
        int hole = connection.heapIndex;
        Connection last = at(--count, heap);
        heap[count] = null;
        if (last != connection) {
            heap[hole] = last;
            last.heapIndex = hole;
            siftDown(hole);
            siftUp(last.heapIndex);
        }
    }

    private void siftUp(int index) {
        Connection moving = at(index, heap);
        while (index > 0) {
            Connection parent = at((index - 1) / 2, heap);
            if (parent.heapNanos - moving.heapNanos <= 0) {
                break;
            }
            index = place(parent, index, (index - 1) / 2);
        }
        place(moving, index, index);
    }

    private void siftDown(int index) {
        Connection moving = at(index, heap);
        for (int child; (child = 2 * index + 1) < count;) {
            if (child + 1 < count
                    && at(child + 1, heap).heapNanos - at(child, heap).heapNanos < 0) {
                child++;
            }
            if (at(child, heap).heapNanos - moving.heapNanos >= 0) {
                break;
            }
            index = place(at(child, heap), index, child);
        }
        place(moving, index, index);
    }

    private int place(Connection connection, int index, int next) {
        heap[index] = connection;
        connection.heapIndex = index;
        return next;
    }

    private Connection at0() {
        return at(0, heap);
    }

    private static Connection at(int index, @Nullable Connection[] heap) {
        Connection connection = heap[index];
        if (connection == null) {
            throw new IllegalStateException("no connection at place " + index + " of the heap");
        }
        return connection;
    }

    /// Closes every connection that is left.
    @Override
    public void close() {
        row.cut(all().stream().filter(Connection::owes).count());
        all().forEach(this::close);
        arena.close();
    }
}
