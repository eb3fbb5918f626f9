// SPDX-License-Identifier: MIT
package csdesign.lab;

import csdesign.evidence.Look;
import csdesign.evidence.Task;
import csdesign.evidence.TcpInfo;
import csdesign.kit.Scoreboard;
import csdesign.posix.Errno;
import csdesign.posix.SysSocket;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/// A pool of threads that wait for connections in the way that a lab looks at. Threads
/// stand for processes here: the kernel's wait queues hold threads, and it does not
/// matter to which process a thread belongs.
///
/// The threads begin one after the other, each when the one before it sleeps in the
/// kernel. So their order in the kernel's queues is known: a waiter's number is its place
/// in that order.
final class Waiters implements AutoCloseable {
    private static final long LOOK_NANOS = 50_000;

    /// Whether /proc tells in which function a thread sleeps. The first thread of a JVM
    /// sleeps until all others have ended, so it must be told of that one.
    private static final boolean KERNEL_TELLS = !Task.of(ProcessHandle.current().pid()).sleepsIn()
            .equals("0");

    private final Arena arena = Arena.ofShared();
    private final List<Waiter> waiters = new ArrayList<>();
    private final Scoreboard scoreboard;

    /// How a pool waits.
    ///
    /// @param listeners where: at one socket, or at one for each
    /// @param loop what each thread does
    record Pool(Listeners listeners, Waiter.Loop loop) {}

    /// The sockets that a pool listens on.
    @FunctionalInterface
    interface Listeners {
        /// Makes them.
        ///
        /// @param sockets what closes them
        /// @param waiters how many threads there will be
        /// @return a descriptor for each thread; all of them may be the same
        /// @throws IOException when a socket cannot be made
        int[] open(Sockets sockets, int waiters) throws IOException;
    }

    private Waiters(int count) {
        scoreboard = Scoreboard.create(count);
    }

    /// Starts a pool, and waits until all of its threads sleep.
    ///
    /// @param pool how it waits
    /// @param count how many threads
    /// @param sockets what closes its listeners
    /// @return the pool
    /// @throws IOException when one of them fails
    /// @throws InterruptedException when this thread is told to end
    static Waiters start(Pool pool, int count, Sockets sockets)
            throws IOException, InterruptedException {
        int[] listeners = pool.listeners.open(sockets, count);
        Waiters started = new Waiters(count);
        try {
            for (int i = 0; i < count; i++) {
                Waiter waiter = new Waiter(
                        i, listeners[i], started.scoreboard.row(i), started.arena, pool.loop);
                started.waiters.add(waiter);
                waiter.thread().start();
                started.awaitFirstSleep(waiter);
            }
            return started;
        } catch (IOException | InterruptedException | OutOfMemoryError e) {
            // OutOfMemoryError: the system gives no further thread.
            started.close();
            throw e;
        }
    }

    /// How often one of them returned from waiting, whether or not there was a
    /// connection.
    ///
    /// @return the sum of all
    long wakeUps() {
        return waiters.stream().mapToLong(waiter -> waiter.row().wakeUps()).sum();
    }

    /// How often they went to sleep: once for each time that one of them was woken.
    ///
    /// @return the sum of their voluntary context switches
    long switches() {
        return waiters.stream().mapToLong(waiter -> waiter.task().voluntarySwitches()).sum();
    }

    /// Where one of them accepts.
    ///
    /// @param waiter its number
    /// @return the descriptor
    int listener(int waiter) {
        return waiters.get(waiter).listener();
    }

    /// How many connections wait to be accepted.
    ///
    /// @return the sum of all listeners
    /// @throws IOException when a listener cannot be asked
    long queued() throws IOException {
        long queued = 0;
        for (int fd : waiters.stream().mapToInt(Waiter::listener).distinct().toArray()) {
            queued += TcpInfo.of(fd).acceptQueue();
        }
        return queued;
    }

    /// How many connections they have accepted.
    ///
    /// @return the sum of all
    long accepted() {
        return scoreboard.accepted();
    }

    /// Waits until so many connections have been accepted since the pool began.
    ///
    /// @param count how many
    /// @throws IOException when one of the waiters fails
    /// @throws InterruptedException when this thread is told to end
    void awaitAccepted(long count) throws IOException, InterruptedException {
        await("%d connections are accepted", count, this::accepted);
    }

    /// Waits until so many connections have been served to their end.
    ///
    /// @param count how many
    /// @throws IOException when one of the waiters fails
    /// @throws InterruptedException when this thread is told to end
    void awaitServed(long count) throws IOException, InterruptedException {
        await("%d connections are served", count, scoreboard::requests);
    }

    /// Waits until so many connections have been accepted or lie in a queue.
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

    /// Waits until all of them sleep in the kernel.
    ///
    /// State S in /proc is not enough. A thread that lost its processor when it was about
    /// to sleep is in state S too; woken at that moment it does not sleep at all, and no
    /// switch is counted. Such a thread sleeps in no function yet.
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

    /// A thread that begins may sleep in a lock of the JVM before it waits for
    /// connections.
    private void awaitFirstSleep(Waiter waiter) throws IOException, InterruptedException {
        String runs = "waiter " + (waiter.index() + 1) + " runs";
        await(runs, 1, () -> waiter.hasBegun() ? 1L : 0L);
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
            Throwable failure = waiter.failure();
            if (failure != null) {
                throw new IOException("waiter %d of %d: %s".formatted(
                        waiter.index() + 1, waiters.size(), Journal.sentence(failure)), failure);
            }
        }
    }

    /// Shuts the listeners, which wakes every waiter: from then on accept4 answers
    /// EINVAL. A waiter that serves a connection notices that when its client has ended.
    @Override
    public void close() {
        try (Arena confined = Arena.ofConfined()) {
            Errno errno = Errno.allocate(confined);
            // A socket that several waiters share is shut several times: the second time
            // changes nothing.
            waiters.forEach(
                    waiter -> SysSocket.shutdown(errno, waiter.listener(), SysSocket.SHUT_RDWR));
        }
        boolean interrupted = false;
        for (Waiter waiter : waiters) {
            while (waiter.thread().isAlive()) {
                try {
                    waiter.thread().join();
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
}
