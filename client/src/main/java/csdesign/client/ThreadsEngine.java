// SPDX-License-Identifier: MIT
package csdesign.client;

import csdesign.evidence.ResourceUsage;
import csdesign.client.Progress.Phase;
import csdesign.kit.Nullable;
import csdesign.listen.SelfConnection;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.BindException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.AbstractHistogram;
import org.HdrHistogram.AtomicHistogram;

/// A platform thread for each client, blocking in plain JDK channels: the original's
/// child processes as threads.
///
/// A thread that is blocked in read(2) cannot look at the clock. The thread that runs the
/// engine looks for all of them. When one has waited too long it closes the channel of
/// that thread, whose read then ends with an exception.
final class ThreadsEngine {
    private static final int READ_BYTES = 16 * 1024;

    /// The deepest call needs a few KiB; the usual 1 MiB would be 10 GiB of address space
    /// for 10,000 clients.
    private static final long STACK_BYTES = 256 * 1024;

    /// How exact timeouts are, and how soon a stop is noticed.
    private static final long TICK_NANOS = 20_000_000;

    private static final long NANOS_PER_MILLI = 1_000_000;

    private final Load load;
    private final InetSocketAddress server;
    private final Progress progress;
    private final Patience patience;
    private final AbstractHistogram latencyNanos;
    private final List<Worker> workers = new ArrayList<>();
    private final CountDownLatch ended;
    private final long timeoutNanos;

    private volatile boolean measuring;

    /// Until when requests are made; those that come later wait for the next phase, or
    /// leave.
    private volatile long untilNanos;

    private volatile boolean leaving;

    ThreadsEngine(
            Load load, InetSocketAddress server, Progress progress, Patience patience) {
        this.load = load;
        this.server = server;
        this.progress = progress;
        this.patience = patience;
        timeoutNanos = load.timeoutMillis() * NANOS_PER_MILLI;
        latencyNanos = new AtomicHistogram(1_000, Math.max(2_000, timeoutNanos), 3);
        ended = new CountDownLatch(load.clients());
        try {
            while (workers.size() < load.clients()) {
                workers.add(new Worker(workers.size()));
            }
        } catch (OutOfMemoryError full) {
            throw tooMany(workers.size(), full, "a buffer", "give the JVM more memory");
        }
    }

    Window run() {
        ResourceUsage cpu = ResourceUsage.NONE;
        long nanos = 0;
        boolean started = false;
        try {
            if (load.warmupMillis() > 0) {
                progress.begin(Phase.WARM_UP, load.warmupMillis() * NANOS_PER_MILLI);
                long end = System.nanoTime() + load.warmupMillis() * NANOS_PER_MILLI;
                go(end);
                start();
                started = true;
                watchUntil(end, false);
                if (progress.hasGate()) {
                    watchUntil(System.nanoTime() + Client.DRAIN_NANOS, true);
                }
            }
            if (!progress.hasGate() || progress.pass()) {
                progress.begin(Phase.MEASURING, load.durationMillis() * NANOS_PER_MILLI);
                ResourceUsage before = ResourceUsage.self();
                long began = System.nanoTime();
                long end = began + (load.timed()
                        ? load.durationMillis() * NANOS_PER_MILLI
                        : Long.MAX_VALUE / 2);
                measuring = true;
                go(end);
                if (!started) {
                    start();
                }
                watchUntil(end, false);
                measuring = false;
                nanos = Math.min(System.nanoTime(), end) - began;
                cpu = ResourceUsage.self().minus(before);
            }
            progress.begin(Phase.ENDING, 0);
            leave();
            if (load.timed()) {
                watchUntil(System.nanoTime() + Client.DRAIN_NANOS, true);
            }
        } finally {
            leave();
            end();
        }
        Tally sum = new Tally(latencyNanos);
        workers.forEach(worker -> sum.add(worker.tally));
        return new Window(sum, nanos, cpu, workers.stream().mapToLong(Worker::unfinished).sum());
    }

    private void start() {
        for (Worker worker : workers) {
            try {
                worker.thread.start();
            } catch (OutOfMemoryError noThread) {
                throw tooMany(worker.index, noThread, "a thread", "raise the limit (ulimit -u)");
            }
        }
    }

    private IllegalArgumentException tooMany(
            int had, OutOfMemoryError cause, String each, String remedy) {
        return new IllegalArgumentException(
                "--child-num is " + load.clients() + ", " + each + " each: no more than " + had
                        + " could be had (" + cause.getMessage() + "). Use " + had
                        + " or fewer, --engine epoll, or " + remedy,
                cause);
    }

    /// Looks at the clock for all, until the time is over, all have ended, or it was
    /// stopped; when draining also until no answer is awaited.
    private void watchUntil(long endNanos, boolean draining) {
        long tick = Math.max(NANOS_PER_MILLI, Math.min(TICK_NANOS, timeoutNanos / 4));
        while (!progress.isOver()) {
            long now = System.nanoTime();
            boolean waiting = false;
            for (Worker worker : workers) {
                waiting |= worker.inFlight;
                worker.endIfLate(now);
            }
            if (!draining) {
                patience.look(now);
            }
            if (now - endNanos >= 0 || (draining && !waiting)) {
                return;
            }
            try {
                long most = draining ? NANOS_PER_MILLI : tick;
                if (ended.await(Math.min(most, endNanos - now), TimeUnit.NANOSECONDS)) {
                    return;
                }
            } catch (InterruptedException e) {
                progress.stop();
                Thread.currentThread().interrupt();
            }
        }
    }

    private synchronized void go(long endNanos) {
        patience.begin(System.nanoTime());
        untilNanos = endNanos;
        notifyAll();
    }

    private synchronized void leave() {
        leaving = true;
        notifyAll();
    }

    /// Waits while no requests are to be made: the time of this phase is over, and the
    /// engine's thread will say what comes next.
    ///
    /// @return false when it is time to leave
    private synchronized boolean awaitTurn() throws InterruptedException {
        while (!leaving && untilNanos - System.nanoTime() <= 0) {
            wait();
        }
        return !leaving;
    }

    /// Ends all threads. A thread that still waits for an answer will not get one.
    private void end() {
        boolean interrupted = false;
        for (Worker worker : workers) {
            worker.abandon();
        }
        for (Worker worker : workers) {
            while (worker.thread.isAlive()) {
                try {
                    worker.thread.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /// One client. What it counts is its own; what the engine's thread looks at is
    /// volatile.
    private final class Worker implements Runnable {
        private final int index;
        private final Thread thread;
        private final Tally tally = new Tally(latencyNanos);
        private final Answer answer = new Answer(load);
        private final ByteBuffer request = ByteBuffer.allocateDirect(32);
        private final ByteBuffer buffer = ByteBuffer.allocateDirect(READ_BYTES);
        private final MemorySegment segment = MemorySegment.ofBuffer(buffer);
        private int left = load.requestsPerClient();
        private boolean connected;
        private boolean answered;
        private boolean served;

        private volatile @Nullable SocketChannel channel;
        private volatile boolean inFlight;
        private volatile long beganNanos;
        private volatile boolean late;
        private volatile boolean abandoned;
        private volatile boolean unanswered;

        Worker(int index) {
            this.index = index;
            thread = Thread.ofPlatform()
                    .daemon()
                    .name("client-" + index)
                    .stackSize(STACK_BYTES)
                    .unstarted(this);
            request.put(load.request().getBytes(StandardCharsets.US_ASCII)).flip();
            progress.watch(tally);
        }

        @Override
        public void run() {
            try {
                while (begin()) {
                    ask();
                    left--;
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } finally {
                close(load.keepAlive());
                ended.countDown();
            }
        }

        /// Waits for its turn.
        ///
        /// @return false when no more requests are to be made
        private boolean begin() throws InterruptedException {
            if (!load.timed() && left == 0) {
                return false;
            }
            do {
                answer.begin();
                late = false;
                beganNanos = System.nanoTime();
                // In flight before it looks at the time: the engine's thread, once that time is
                // over and nothing is in flight, can rely on it.
                inFlight = true;
                if (!leaving && !progress.isOver() && untilNanos - System.nanoTime() > 0) {
                    return true;
                }
                inFlight = false;
            } while (!progress.isOver() && awaitTurn());
            return false;
        }

        /// One request, to its answer or its error.
        private void ask() {
            try {
                // Ends: a new connection that closes without an answer is an error.
                while (!exchange()) {
                    tally.reconnected();
                    close(false);
                }
                inFlight = false;
                if (!load.keepAlive()) {
                    close(load.verify());
                }
            } catch (Failure failure) {
                fail(failure.fault, failure.message);
            } catch (IOException e) {
                fail(e);
            } finally {
                inFlight = false;
            }
        }

        /// Asks and reads.
        ///
        /// @return false when a connection that was answered before has ended at its
        ///     boundary
        private boolean exchange() throws IOException, Failure {
            SocketChannel open = channel == null ? connect() : channel;
            try {
                request.rewind();
                while (request.hasRemaining()) {
                    open.write(request);
                }
                return load.bytesPerRequest() == 0 ? complete() : receive(open);
            } catch (IOException e) {
                // When the request reaches a server that is just closing, the kernel says RST.
                if (isBroken(e) && answered && answer.received() == 0) {
                    return false;
                }
                throw e;
            }
        }

        private boolean receive(SocketChannel open) throws IOException, Failure {
            while (true) {
                int n = open.read(buffer.clear());
                if (n < 0) {
                    if (answered && answer.received() == 0) {
                        return false;
                    }
                    throw new Failure(Fault.SHORT, answer.shortMessage());
                }
                Answer.State state = answer.take(segment, n);
                if (state != Answer.State.RIGHT) {
                    patience.came(answer);
                }
                switch (state) {
                    case RIGHT -> {
                        return complete();
                    }
                    case EXCESS -> throw new Failure(Fault.EXCESS, answer.excessMessage());
                    case WRONG -> throw new Failure(Fault.WRONG_BYTE, answer.wrongByteMessage());
                    case MORE -> {
                        // The next read waits for it.
                    }
                }
            }
        }

        private SocketChannel connect() throws IOException {
            connected = false;
            answered = false;
            served = false;
            SocketChannel open = SocketChannel.open();
            channel = open;
            if (abandoned) {
                open.close(); // abandoned before it was in the field: no one else can close it
            }
            open.connect(server);
            SelfConnection.refuse(open);
            connected = true;
            tally.connected(measuring || load.keepAlive());
            return open;
        }

        private boolean complete() {
            long now = System.nanoTime();
            answered = true;
            tally.right();
            if (measuring && now - untilNanos < 0) {
                tally.answered(load.bytesPerRequest(), now - beganNanos);
                if (!served) {
                    served = true;
                    tally.served();
                }
            }
            return true;
        }

        private void fail(IOException e) {
            String where = (connected ? "" : "connect ") + load.host() + ":" + load.port() + ": "
                    + e.getMessage();
            if (abandoned) {
                unanswered = true;
                close(false);
            } else if (late) {
                fail(Fault.TIMEOUT, answer.timeoutMessage(connected, load.timeoutMillis()));
            } else if (e instanceof BindException) {
                fail(Fault.NO_ADDRESS, where + ": " + Fault.NO_ADDRESS_REMEDY);
            } else if (e instanceof ConnectException) {
                fail(says(e, "timed out") ? Fault.TIMEOUT : Fault.REFUSED, where);
            } else if (isBroken(e)) {
                fail(
                        Fault.RESET,
                        where + ", after " + answer.received() + " of " + load.bytesPerRequest()
                                + " bytes");
            } else {
                fail(Fault.OTHER, where);
            }
        }

        private void fail(Fault fault, String message) {
            tally.failed(fault, message);
            patience.failed(fault);
            inFlight = false;
            close(false);
            if (load.timed()) {
                LockSupport.parkNanos(Client.REST_NANOS);
            }
        }

        /// The JDK tells ECONNRESET and EPIPE by their words alone.
        private boolean isBroken(IOException e) {
            return says(e, "reset") || says(e, "Broken pipe");
        }

        private boolean says(IOException e, String words) {
            String message = e.getMessage();
            return message != null && message.contains(words);
        }

        private void close(boolean lookForExcess) {
            SocketChannel open = channel;
            channel = null;
            if (open == null) {
                return;
            }
            try (open) {
                if (lookForExcess && open.isConnected()) {
                    open.configureBlocking(false);
                    int n = open.read(buffer.clear());
                    if (n > 0) {
                        answer.take(segment, n);
                        tally.failed(Fault.EXCESS, answer.excessMessage());
                    }
                }
            } catch (IOException e) {
                // The connection is closed next, so its error changes nothing.
            }
        }

        /// On the engine's thread.
        void endIfLate(long now) {
            if (inFlight && now - beganNanos >= timeoutNanos) {
                late = true;
                closeFromOutside();
            }
        }

        /// On the engine's thread.
        void abandon() {
            abandoned = true;
            closeFromOutside();
        }

        private void closeFromOutside() {
            SocketChannel open = channel;
            if (open != null) {
                try {
                    open.close();
                } catch (IOException e) {
                    // Its thread will see.
                }
            }
        }

        long unfinished() {
            return load.timed() ? unanswered ? 1 : 0 : left + (unanswered ? 1 : 0);
        }
    }

    /// An answer that is wrong.
    private static final class Failure extends Exception {
        private static final long serialVersionUID = 1L;

        private final Fault fault;
        private final String message;

        Failure(Fault fault, String message) {
            super(message, null, false, false);
            this.fault = fault;
            this.message = message;
        }
    }
}
