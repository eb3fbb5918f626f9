// SPDX-License-Identifier: MIT
package csdesign.lab;

import static csdesign.posix.Errno.check;
import static csdesign.posix.SysSocket.MSG_TRUNC;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.nio.channels.FileChannel.MapMode.READ_ONLY;
import static java.nio.charset.StandardCharsets.US_ASCII;

import csdesign.evidence.Task;
import csdesign.posix.Errno;
import csdesign.posix.SysSocket;
import csdesign.posix.Time;
import csdesign.posix.Unistd;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.ToLongFunction;
import java.util.zip.CRC32C;

/// Measures what it costs a thread to send. A thread of its own sends, while the calling
/// thread receives at the other end of the connection and counts each byte.
///
/// The receiver uses MSG_TRUNC, with which TCP forgets bytes instead of copying them, so
/// that receiving costs little. On a loopback the sender also pays for what the network
/// does with a segment until the segment lies in the receiver's queue.
///
/// @see <a href="https://man7.org/linux/man-pages/man7/tcp.7.html">tcp(7), MSG_TRUNC</a>
final class SendMeter implements AutoCloseable {
    private static final int BYTES_AT_A_TIME = 64 * 1024;
    private static final long NANOS = 1_000_000_000;

    private final ExecutorService thread = Executors.newSingleThreadExecutor();
    private final Arena arena = Arena.ofShared();
    private final Errno errno = Errno.allocate(arena);
    private final Errno senders = Errno.allocate(arena);
    private final MemorySegment clock = arena.allocate(Time.TIMESPEC_BYTES, 8);
    private final MemorySegment sink = arena.allocate(BYTES_AT_A_TIME);
    private final Task task;

    /// Starts the thread.
    ///
    /// @throws IOException never
    /// @throws InterruptedException when this thread is told to end
    SendMeter() throws IOException, InterruptedException {
        long tid = get(thread.submit(() -> (long) Unistd.gettid(senders)));
        task = new Task(ProcessHandle.current().pid(), tid);
    }

    /// Sends something, in one of the ways that are compared.
    @FunctionalInterface
    interface Send {
        /// Sends, on the thread that is measured.
        ///
        /// @param errno where its calls leave their errno
        /// @param bytes how many
        /// @return how many system calls it made
        /// @throws IOException when it cannot
        long send(Errno errno, long bytes) throws IOException;
    }

    /// One end that sends, and the other end, which receives.
    ///
    /// @param receiver the descriptor of the other end of the connection
    /// @param send how it sends
    record Sender(int receiver, Send send) {}

    /// What the thread did.
    ///
    /// @param calls system calls, by its own count
    /// @param reads calls that read, by the kernel's count: see [Task#io]
    /// @param writes calls that write, by the kernel's count
    /// @param cpuNanos CPU time, in user and kernel mode
    /// @param nanos the time until the last byte was received
    record Cost(long calls, long reads, long writes, long cpuNanos, long nanos) {}

    /// What the ways cost that were compared.
    ///
    /// @param costs of each way, in their order
    record Costs(Map<Way<Sender>, Cost> costs) {
        /// What one costs.
        ///
        /// @param way one of them
        /// @return its cost
        Cost of(Way<Sender> way) {
            return Objects.requireNonNull(costs.get(way));
        }

        /// Compares CPU times.
        ///
        /// @param one of them
        /// @param other of them
        /// @return 0.5 where one needs half of what the other needs
        double ratio(Way<Sender> one, Way<Sender> other) {
            return 1.0 * of(one).cpuNanos / of(other).cpuNanos;
        }
    }

    /// Begins to send.
    ///
    /// @param way how it sends; if it fails, its receiver gets no more
    /// @param bytes how many
    /// @return will be the number of system calls
    Future<Long> begin(Way<Sender> way, long bytes) {
        return thread.submit(() -> {
            try {
                return way.action().send.send(senders, bytes);
            } catch (IOException | RuntimeException e) {
                // The receiver is woken: no more bytes will come.
                SysSocket.shutdown(senders, way.action().receiver, SysSocket.SHUT_RD);
                throw e;
            }
        });
    }

    /// Waits for the end.
    ///
    /// @param <T> of the result
    /// @param sending what was begun
    /// @return its result
    /// @throws IOException the sender's
    /// @throws InterruptedException when this thread is told to end
    static <T> T get(Future<T> sending) throws IOException, InterruptedException {
        try {
            return sending.get();
        } catch (ExecutionException e) {
            throw new IOException(e.getCause());
        }
    }

    /// Compares ways, in rounds: each has its turn before one has its next.
    ///
    /// @param ways all of them
    /// @param rounds how many
    /// @param times how often one sends at its turn
    /// @param bytes how many each time
    /// @return the medians of each way, one turn
    /// @throws IOException when it cannot be done
    /// @throws InterruptedException when this thread is told to end
    Costs compare(List<Way<Sender>> ways, int rounds, int times, long bytes)
            throws IOException, InterruptedException {
        Map<Way<Sender>, List<Cost>> turns = new LinkedHashMap<>();
        for (int round = 0; round < rounds; round++) {
            for (Way<Sender> way : ways) {
                turns.computeIfAbsent(way, _ -> new ArrayList<>()).add(turn(way, times, bytes));
            }
        }
        Map<Way<Sender>, Cost> medians = new LinkedHashMap<>();
        turns.forEach((way, costs) -> medians.put(way, new Cost(
                median(costs, Cost::calls), median(costs, Cost::reads),
                median(costs, Cost::writes), median(costs, Cost::cpuNanos),
                median(costs, Cost::nanos))));
        return new Costs(medians);
    }

    private static long median(List<Cost> costs, ToLongFunction<Cost> of) {
        return costs.stream().mapToLong(of).sorted().skip(costs.size() / 2).findFirst()
                .orElseThrow();
    }

    private Cost turn(Way<Sender> way, int times, long bytes)
            throws IOException, InterruptedException {
        long reads = task.io("syscr");
        long writes = task.io("syscw");
        long[] cpuNanos = new long[1];
        Send repeated = (errno, _) -> {
            long before = cpuNanos(errno);
            long calls = 0;
            for (int i = 0; i < times; i++) {
                calls += way.action().send.send(errno, bytes);
            }
            cpuNanos[0] = cpuNanos(errno) - before;
            return calls;
        };
        long begun = System.nanoTime();
        Future<Long> sending = begin(
                new Way<>(way.name(), new Sender(way.action().receiver, repeated)), bytes);
        forget(sending, way, times * bytes);
        long nanos = System.nanoTime() - begun;
        long calls = get(sending);
        return new Cost(
                calls, task.io("syscr") - reads, task.io("syscw") - writes, cpuNanos[0], nanos);
    }

    /// Finds the system call in which the sending thread sleeps as long as nothing is
    /// received. Then receives.
    ///
    /// @param way how it sends
    /// @param bytes more than the connection's buffers hold
    /// @return its number: see [Task#systemCall]; -1 also when it never slept
    /// @throws IOException when it cannot be done
    /// @throws InterruptedException when this thread is told to end
    long sleepsIn(Way<Sender> way, long bytes) throws IOException, InterruptedException {
        long idle = asleep();
        Future<Long> sending = begin(way, bytes);
        long call;
        do {
            call = asleep();
        } while (call == idle && idle != -1 && !sending.isDone());
        forget(sending, way, bytes);
        return call == idle ? -1 : call;
    }

    private long asleep() throws IOException, InterruptedException {
        Task.awaitAsleep(List.of(task));
        return task.systemCall();
    }

    private void forget(Future<?> sending, Way<Sender> way, long bytes)
            throws IOException, InterruptedException {
        receive(sending, way, bytes, MSG_TRUNC);
    }

    /// What the beginning of a file would be received as.
    ///
    /// @param file any
    /// @param bytes how many
    /// @return their CRC32C
    /// @throws IOException when it cannot be read
    static long checksum(FileChannel file, long bytes) throws IOException {
        try (Arena mapping = Arena.ofConfined()) {
            CRC32C sum = new CRC32C();
            sum.update(file.map(READ_ONLY, 0, bytes, mapping).asByteBuffer());
            return sum.getValue();
        }
    }

    /// Changes the beginning of a file.
    ///
    /// @param file any
    /// @param text what stands there from now on
    /// @throws IOException when it cannot be written
    static void change(FileChannel file, String text) throws IOException {
        file.write(ByteBuffer.wrap(text.getBytes(US_ASCII)), 0);
    }

    /// Receives, and looks at each byte.
    ///
    /// @param sending what sends
    /// @param way whose receiver
    /// @param bytes how many
    /// @return their CRC32C
    /// @throws IOException when fewer come
    /// @throws InterruptedException when this thread is told to end
    long checksum(Future<?> sending, Way<Sender> way, long bytes)
            throws IOException, InterruptedException {
        return receive(sending, way, bytes, 0);
    }

    private long receive(Future<?> sending, Way<Sender> way, long bytes, int flags)
            throws IOException, InterruptedException {
        CRC32C sum = new CRC32C();
        for (long received = 0; received < bytes;) {
            long most = Math.min(sink.byteSize(), bytes - received);
            long got = check(
                    SysSocket.recv(errno, way.action().receiver, sink, most, flags), "recv");
            if (got == 0) {
                get(sending); // throws the sender's failure
                throw new EOFException(received + " bytes came, not " + bytes);
            }
            received += got;
            if (flags == 0) {
                sum.update(sink.asSlice(0, got).asByteBuffer());
            }
        }
        return sum.getValue();
    }

    private long cpuNanos(Errno errno) throws IOException {
        check(Time.clock_gettime(errno, Time.CLOCK_THREAD_CPUTIME_ID, clock), "clock_gettime");
        return clock.get(JAVA_LONG, 0) * NANOS + clock.get(JAVA_LONG, 8);
    }

    /// Waits for the thread to end. Close the connections before: a thread that sends on
    /// an open one may wait for ever.
    @Override
    public void close() {
        thread.close();
        arena.close();
    }
}
