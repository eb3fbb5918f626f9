// SPDX-License-Identifier: MIT
package csdesign.kit;

import static csdesign.posix.Errno.check;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import csdesign.posix.Errno;
import csdesign.posix.SysMman;
import csdesign.posix.Unistd;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/// What each worker did: a table with a row for each process or thread, in memory that
/// processes can share.
///
/// Each row has two cache lines for itself, so that one worker's counting does not slow
/// down another's. Every count is a 64-bit atomic add. The original counted in 8 bits and
/// lost updates: it showed 1482 of 1500 connections. Here the sums equal what the clients
/// counted.
///
/// The table of a single process is ordinary memory. A shared table is a file in memory
/// without a name (memfd). Its descriptor is handed to the workers, and nothing is left
/// behind, however the server ends.
///
/// ```text
///   | 64 bytes for a mutex | 64 bytes of the pool as a whole | row 0: 128 bytes | row 1 | ...
/// ```
public final class Scoreboard {
    private static final long ROW_BYTES = 128;

    /// What stands before the first row.
    private static final long COMMON_BYTES = 128;

    /// How much of it is a design's.
    private static final long MUTEX_BYTES = 64;
    private static final List<State> STATES = List.of(State.values());
    private static final VarHandle CELL = JAVA_LONG.varHandle();

    // Where that stands which concerns the whole pool, in bytes.
    private static final long DOOR = 64;
    private static final long ACCEPT_ERROR = 72;
    private static final long QUIET_UNTIL = 80;

    // Where each count stands in its row, in bytes.
    private static final long PID = 0;
    private static final long ACCEPTED = 8;
    private static final long REQUESTS = 16;
    private static final long BYTES = 24;
    private static final long WAKE_UPS = 32;
    private static final long EMPTY_WAKE_UPS = 40;
    private static final long STATE = 48;
    private static final long CUT = 56;

    private final MemorySegment table;
    private final int workers;
    private final int fd;

    private Scoreboard(MemorySegment table, int workers, int fd) {
        this.table = table;
        this.workers = workers;
        this.fd = fd;
    }

    /// What a worker does.
    public enum State {
        /// Not there, or not yet ready.
        ABSENT,
        /// Waits for a client.
        WAITING,
        /// A client is owed something: it has begun to ask, and its answer is not all
        /// sent.
        SERVING,
        /// Was there, and has ended.
        ENDED
    }

    /// A new table for the threads of this process, all zeros.
    ///
    /// @param workers how many rows, 1 or more
    /// @return the table, which lives as long as the process
    public static Scoreboard create(int workers) {
        return new Scoreboard(Arena.global().allocate(bytes(workers), 128), workers, -1);
    }

    /// A new table that other processes can be let into, all zeros.
    ///
    /// @param workers how many rows, 1 or more
    /// @return the table, which lives as long as the process
    /// @throws IOException when there is no memory or descriptor for it
    public static Scoreboard shared(int workers) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Errno errno = Errno.allocate(arena);
            int fd = SysMman.memfd_create(
                    errno, arena.allocateFrom("csdesign-scoreboard"), SysMman.MFD_CLOEXEC);
            if (fd < 0) {
                throw new IOException("memfd_create: " + Errno.say(fd) + ": processes can share no"
                        + " memory here. Take a design of threads, or of one thread, such as"
                        + " thread-per-client or epoll");
            }
            check(Unistd.ftruncate(errno, fd, bytes(workers)), "ftruncate");
            return attach(fd);
        }
    }

    /// The table of another process, or of the one that this one was forked from.
    ///
    /// @param fd its descriptor, which stays open
    /// @return the table
    /// @throws IOException when it cannot be mapped
    public static Scoreboard attach(int fd) throws IOException {
        // By its name under /proc the JDK maps it: no mmap(2) of our own.
        Path file = Path.of("/proc/self/fd/" + fd);
        try (FileChannel channel = FileChannel
                .open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            long size = channel.size();
            return new Scoreboard(
                    channel.map(FileChannel.MapMode.READ_WRITE, 0, size, Arena.global()),
                    (int) ((size - COMMON_BYTES) / ROW_BYTES),
                    fd);
        }
    }

    private static long bytes(int workers) {
        return COMMON_BYTES + workers * ROW_BYTES;
    }

    /// What another process needs to [#attach].
    ///
    /// @return the descriptor; -1 when it is not shared
    public int fd() {
        return fd;
    }

    /// Memory that all workers share, for a design's mutex.
    ///
    /// @return 64 bytes, zeros at first
    public MemorySegment common() {
        return table.asSlice(0, MUTEX_BYTES);
    }

    /// Says how the listening socket was shut.
    ///
    /// @param state 0 while it is open; the others are the listening socket's own
    public void door(int state) {
        CELL.setVolatile(table, DOOR, (long) state);
    }

    /// How the listening socket that all accept from was shut.
    ///
    /// @return 0 while it is open
    public int door() {
        return (int) (long) CELL.getVolatile(table, DOOR);
    }

    /// Says why no client can be accepted any more.
    ///
    /// @param errno of accept
    public void acceptError(int errno) {
        CELL.setVolatile(table, ACCEPT_ERROR, (long) errno);
    }

    /// Why no client can be accepted any more.
    ///
    /// @return the errno of accept; 0 while it works
    public int acceptError() {
        return (int) (long) CELL.getVolatile(table, ACCEPT_ERROR);
    }

    /// Asks for leave to say a line, of which all who accept together say one in a while.
    ///
    /// @param now by [System#nanoTime], which all processes share
    /// @param pauseNanos for how long it is quiet then
    /// @return whether to say it
    boolean maySpeak(long now, long pauseNanos) {
        long until = (long) CELL.getVolatile(table, QUIET_UNTIL);
        return (until == 0 || now - until >= 0)
                && CELL.compareAndSet(table, QUIET_UNTIL, until, now + pauseNanos);
    }

    /// The row of a worker.
    ///
    /// @param worker 0 to one less than the number of workers
    /// @return its row
    public Row row(int worker) {
        return new Row(table.asSlice(COMMON_BYTES + worker * ROW_BYTES, ROW_BYTES));
    }

    /// How many rows there are.
    ///
    /// @return the number of workers
    public int workers() {
        return workers;
    }

    /// All rows added up.
    ///
    /// @return the connections accepted
    public long accepted() {
        return sum(ACCEPTED);
    }

    /// All rows added up.
    ///
    /// @return the requests answered
    public long requests() {
        return sum(REQUESTS);
    }

    /// All rows added up.
    ///
    /// @return the bytes of answers written to sockets
    public long bytes() {
        return sum(BYTES);
    }

    /// All rows added up.
    ///
    /// @return the connections that a stop cut although something was owed to them
    public long cut() {
        return sum(CUT);
    }

    private long sum(long column) {
        long sum = 0;
        for (int worker = 0; worker < workers; worker++) {
            sum += row(worker).get(column);
        }
        return sum;
    }

    /// What one worker did. Its owner writes it; any process or thread may read it.
    public static final class Row {
        private final MemorySegment cells;

        private Row(MemorySegment cells) {
            this.cells = cells;
        }

        /// Says who works here.
        ///
        /// @param pid the process id
        public void ownedBy(long pid) {
            CELL.setVolatile(cells, PID, pid);
        }

        /// Says what the worker does now.
        ///
        /// @param state from now on
        public void state(State state) {
            // Twice for each request: no reader of it needs the fence of a volatile write.
            CELL.setRelease(cells, STATE, (long) STATES.indexOf(state));
        }

        /// What the worker does.
        ///
        /// @return ABSENT at first
        public State state() {
            return STATES.get((int) get(STATE));
        }

        /// Counts a connection accepted.
        public void accept() {
            add(ACCEPTED, 1);
        }

        /// Counts requests answered.
        ///
        /// @param count how many
        public void answer(long count) {
            add(REQUESTS, count);
        }

        /// Counts bytes written.
        ///
        /// @param count how many
        public void write(long count) {
            add(BYTES, count);
        }

        /// Counts connections that were cut at the end of the grace, or never taken out
        /// of a queue, although something was owed to them.
        ///
        /// @param count how many
        public void cut(long count) {
            add(CUT, count);
        }

        /// Counts a return from waiting.
        ///
        /// @param empty whether there was nothing to accept after all
        public void wakeUp(boolean empty) {
            add(WAKE_UPS, 1);
            if (empty) {
                add(EMPTY_WAKE_UPS, 1);
            }
        }

        /// The process that works here.
        ///
        /// @return the process id, 0 before there is one
        public long pid() {
            return get(PID);
        }

        /// How many connections were accepted.
        ///
        /// @return the count
        public long accepted() {
            return get(ACCEPTED);
        }

        /// How often it returned from waiting.
        ///
        /// @return the count
        public long wakeUps() {
            return get(WAKE_UPS);
        }

        /// How often there was nothing to accept after all.
        ///
        /// @return the count
        public long emptyWakeUps() {
            return get(EMPTY_WAKE_UPS);
        }

        private void add(long column, long count) {
            CELL.getAndAdd(cells, column, count);
        }

        private long get(long column) {
            return (long) CELL.getVolatile(cells, column);
        }
    }
}
