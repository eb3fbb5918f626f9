// SPDX-License-Identifier: MIT
package csdesign.lab;

import csdesign.evidence.Look;
import csdesign.evidence.Task;
import csdesign.evidence.TcpInfo;
import csdesign.kit.Nullable;
import csdesign.kit.Scoreboard;
import csdesign.posix.Errno;
import csdesign.posix.Fcntl;
import csdesign.posix.SysEpoll;
import csdesign.posix.SysSocket;
import csdesign.posix.Unistd;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/// Threads that wait for connections, each in the way that a lab looks at. The kernel's
/// wait queues hold threads, and do not care whose process they are in.
///
/// They begin one after the other: each when the one before it sleeps in the kernel, so
/// that their order in its queues is known. A waiter's number is its place in that order.
final class Waiters implements AutoCloseable {
    private static final long LOOK_NANOS = 50_000;

    /// Where they sleep. The JVM's first thread sleeps until the end of the others.
    private static final boolean KERNEL_TELLS = !Task.of(ProcessHandle.current().pid()).sleepsIn()
            .equals("0");

    private final Arena arena = Arena.ofShared();
    private final List<Waiter> waiters = new ArrayList<>();
    private final Scoreboard scoreboard;

    /// A way to wait.
    @FunctionalInterface
    interface Way {
        /// Waits and accepts, again and again, until the listener is shut.
        ///
        /// @param waiter what the thread has for itself
        /// @throws IOException when a call fails that should not
        void run(Waiter waiter) throws IOException;
    }

    private Waiters(int count) {
        scoreboard = Scoreboard.create(count);
    }

    /// Starts them, and waits until all of them sleep.
    ///
    /// @param listeners one for each; it may be the same one
    /// @param way how they wait
    /// @return the pool
    /// @throws IOException when one of them fails
    /// @throws InterruptedException when this thread is told to end
    static Waiters start(int[] listeners, Way way) throws IOException, InterruptedException {
        Waiters pool = new Waiters(listeners.length);
        try {
            for (int i = 0; i < listeners.length; i++) {
                Waiter waiter = new Waiter(pool, i, listeners[i], way);
                pool.waiters.add(waiter);
                waiter.thread.start();
                pool.awaitFirstSleep(waiter);
            }
            return pool;
        } catch (IOException | InterruptedException | OutOfMemoryError e) {
            pool.close(); // OutOfMemoryError: the system gives no further thread
            throw e;
        }
    }

    /// How often one of them returned from waiting, whether or not there was something.
    ///
    /// @return the sum of all
    long wakeUps() {
        long sum = 0;
        for (int i = 0; i < scoreboard.workers(); i++) {
            sum += scoreboard.row(i).wakeUps();
        }
        return sum;
    }

    /// How often they went to sleep, all together: once for each time that one was woken.
    ///
    /// @return their voluntary context switches
    long switches() {
        return waiters.stream().mapToLong(waiter -> waiter.task().voluntarySwitches()).sum();
    }

    /// Where one of them accepts.
    ///
    /// @param waiter its number
    /// @return the descriptor
    int listener(int waiter) {
        return waiters.get(waiter).listener;
    }

    /// How many connections wait to be accepted. Of a listener TCP_INFO says it where, of
    /// a connection, it says how much is not acknowledged.
    ///
    /// @return the sum of all listeners
    /// @throws IOException when one cannot be asked
    long queued() throws IOException {
        long queued = 0;
        for (int fd : waiters.stream().mapToInt(waiter -> waiter.listener).distinct().toArray()) {
            queued += TcpInfo.of(fd).unacknowledged();
        }
        return queued;
    }

    /// How many connections they have accepted.
    ///
    /// @return the sum of all
    long accepted() {
        return scoreboard.accepted();
    }

    /// Waits until so many connections have been accepted, ever.
    ///
    /// @param count how many
    /// @throws IOException when one of the waiters fails
    /// @throws InterruptedException when this thread is told to end
    void awaitAccepted(long count) throws IOException, InterruptedException {
        await("%d connections are accepted", count, this::accepted);
    }

    /// Waits until so many have been served to their end.
    ///
    /// @param count how many
    /// @throws IOException when one of the waiters fails
    /// @throws InterruptedException when this thread is told to end
    void awaitServed(long count) throws IOException, InterruptedException {
        await("%d connections are served", count, scoreboard::requests);
    }

    /// Waits until as many connections have been accepted, or lie in a queue.
    ///
    /// @param count how many
    /// @throws IOException when one of the waiters fails
    /// @throws InterruptedException when this thread is told to end
    void awaitArrived(long count) throws IOException, InterruptedException {
        await("%d connections are accepted or wait", count, () -> accepted() + queued());
    }

    private void await(String what, long count, Look<Long> look)
            throws IOException, InterruptedException {
        try {
            Look.until(what.formatted(count), () -> {
                check();
                return look.now();
            }, seen -> seen >= count);
        } catch (InterruptedIOException e) {
            Thread.interrupted();
            throw (InterruptedException) new InterruptedException(e.getMessage()).initCause(e);
        }
    }

    /// Waits until all of them sleep in the kernel. Who was about to sleep when it lost
    /// its processor is in state S too, and does not go to sleep when it is woken then:
    /// it sleeps in no function yet.
    ///
    /// @throws IOException when one of the waiters fails
    /// @throws InterruptedException when this thread is told to end
    void awaitAsleep() throws IOException, InterruptedException {
        List<Task> tasks = waiters.stream().map(Waiter::task).toList();
        long end = System.nanoTime() + Look.LONGEST_NANOS;
        do {
            check();
            Task.awaitAsleep(tasks);
            check();
        } while (System.nanoTime() < end && KERNEL_TELLS
                && tasks.stream().anyMatch(task -> task.sleepsIn().equals("0")));
    }

    /// A thread that begins may sleep in a lock of the JVM before it comes to wait.
    private void awaitFirstSleep(Waiter waiter) throws IOException, InterruptedException {
        await("waiter %d runs", 1, () -> waiter.tid == 0 ? 0L : 1L);
        long end = System.nanoTime() + Look.LONGEST_NANOS;
        do {
            awaitAsleep();
        } while (System.nanoTime() < end && waiter.task().sleepsIn().contains("futex"));
    }

    /// Waits a little for what the waiters do.
    ///
    /// @throws IOException when one of them has failed
    /// @throws InterruptedException when this thread is told to end
    void pause() throws IOException, InterruptedException {
        LockSupport.parkNanos(LOOK_NANOS);
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        check();
    }

    private void check() throws IOException {
        for (Waiter waiter : waiters) {
            if (waiter.failure != null) {
                throw new IOException("waiter %d of %d: %s".formatted(
                        waiter.index + 1, waiters.size(), Journal.sentence(waiter.failure)),
                        waiter.failure);
            }
        }
    }

    /// Shuts the listeners, which wakes everybody: accept4 answers EINVAL from then on. A
    /// waiter that serves a connection comes to it when its client has ended.
    @Override
    public void close() {
        try (Arena confined = Arena.ofConfined()) {
            Errno errno = Errno.allocate(confined);
            // Once for each waiter; for one that is shut it changes nothing.
            waiters.forEach(
                    waiter -> SysSocket.shutdown(errno, waiter.listener, SysSocket.SHUT_RDWR));
        }
        boolean interrupted = false;
        for (Waiter waiter : waiters) {
            while (waiter.thread.isAlive()) {
                try {
                    waiter.thread.join();
                } catch (InterruptedException e) {
                    interrupted = true; // they end in any case
                }
            }
        }
        arena.close();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /// One of them, and what its thread has for itself.
    static final class Waiter {
        private final int index;
        private final int listener;
        private final Scoreboard.Row row;
        private final Arena arena;
        private final Errno errno;
        private final List<Integer> kept = new ArrayList<>();
        private final Thread thread;
        private volatile int tid;
        private volatile @Nullable Throwable failure;

        private Waiter(Waiters pool, int index, int listener, Way way) {
            this.index = index;
            this.listener = listener;
            row = pool.scoreboard.row(index);
            arena = pool.arena;
            errno = Errno.allocate(arena);
            thread = Thread.ofPlatform().name("waiter " + index).daemon()
                    .unstarted(() -> run(way));
        }

        private void run(Way way) {
            tid = Unistd.gettid(errno);
            try {
                way.run(this);
            } catch (IOException | RuntimeException | Error e) {
                failure = e;
            } finally {
                kept.forEach(fd -> Unistd.close(errno, fd));
            }
        }

        /// Its number.
        ///
        /// @return 0 for the one that began first
        int index() {
            return index;
        }

        /// The socket that it accepts from.
        ///
        /// @return its descriptor
        int listener() {
            return listener;
        }

        /// What it counts in.
        ///
        /// @return a row of its own
        Scoreboard.Row row() {
            return row;
        }

        /// Where its calls leave their errno.
        ///
        /// @return for this thread alone
        Errno errno() {
            return errno;
        }

        /// Memory that lives as long as the pool.
        ///
        /// @param bytes how much
        /// @return zeros
        MemorySegment allocate(long bytes) {
            return arena.allocate(bytes, 8);
        }

        /// Lets accept4 on the listener answer EAGAIN where it would wait.
        ///
        /// @throws IOException when it is closed
        void unblock() throws IOException {
            int flags = Fcntl.fcntl(errno, listener, Fcntl.F_SETFL, Fcntl.O_NONBLOCK);
            Errno.check(flags, "fcntl", "F_SETFL");
        }

        /// A new epoll set of its own, with the listener in it, which blocks no more.
        ///
        /// @param mask for example [SysEpoll#EPOLLIN]
        /// @return its descriptor, closed when the thread ends
        /// @throws IOException when there is no descriptor left
        int watch(int mask) throws IOException {
            unblock();
            int epoll = SysEpoll.epoll_create1(errno, SysEpoll.EPOLL_CLOEXEC);
            kept.add(Errno.check(epoll, "epoll_create1"));
            MemorySegment event = allocate(SysEpoll.EVENT_BYTES);
            SysEpoll.setEvent(event, 0, mask, listener);
            int result = SysEpoll.epoll_ctl(
                    errno, epoll, SysEpoll.EPOLL_CTL_ADD, listener, event);
            Errno.check(result, "epoll_ctl", "ADD");
            return epoll;
        }

        private Task task() {
            return new Task(ProcessHandle.current().pid(), tid);
        }
    }
}
