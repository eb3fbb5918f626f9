// SPDX-License-Identifier: MIT
package csdesign.listen;

import csdesign.kit.Interrupter;
import csdesign.kit.Limits;
import csdesign.kit.Log;
import csdesign.kit.Server;
import csdesign.kit.Stop;
import csdesign.posix.Errno;
import csdesign.posix.SysPoll;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// One of many threads that wait in accept(2) on the same listening socket. Each of them
/// is really blocked in the system call. The thread that makes an acceptor also uses it.
///
/// **When accept fails** `AcceptFailures` decides. During a pause this thread sleeps.
///
/// **How it stops.** [ListeningSocket#shut] makes the socket non-blocking for all threads
/// and processes that share it. A thread that is already blocked in accept is sent a
/// signal, and its accept returns EINTR. Then each thread takes connections until the
/// queue is empty. When one acceptor is told to stop and the socket stays open, only this
/// acceptor leaves.
public final class Acceptor implements AutoCloseable {
    /// What [#accept] answers when there will be nothing more to accept.
    public static final int NONE = -1;

    /// How long it may take until the socket is shut, in milliseconds.
    private static final long SHUT_MILLIS = 500;

    private final Arena arena = Arena.ofConfined();
    private final Errno errno = Errno.allocate(arena);
    private final MemorySegment polled = arena.allocate(SysPoll.POLLFD_BYTES, 8);
    private final int fd;
    private final AcceptQueue queue;
    private final AcceptFailures failures;
    private final Server server;
    private final Stop stop;
    private final Interrupter interrupter;

    /// For the thread that calls this.
    ///
    /// @param fd a listening socket in blocking mode, which stays open
    /// @param server has the stop
    /// @throws IOException when the kernel refuses the handler of a signal
    public Acceptor(int fd, Server server) throws IOException {
        this.fd = fd;
        queue = new AcceptQueue(errno, fd, 0, server.scoreboard());
        failures = new AcceptFailures(server, new Log(server));
        this.server = server;
        stop = server.stop();
        interrupter = new Interrupter(stop);
    }

    /// Waits for the next connection.
    ///
    /// @return its descriptor, in blocking mode and close-on-exec; [#NONE] after a stop,
    ///     once the queue is empty
    public int accept() {
        while (!stop.graceIsOver() && stop.failure() == null) {
            boolean stopping = stop.requested();
            if (stopping && !isShut()) {
                return NONE;
            }
            interrupter.enter();
            int client = queue.take();
            interrupter.leave();
            if (client >= 0) {
                failures.success();
                return client;
            }
            AcceptFailures.Verdict verdict = failures.judge(-client);
            boolean last = verdict == AcceptFailures.Verdict.EMPTY && stopping;
            if (verdict == AcceptFailures.Verdict.GIVE_UP || (last && !awaitLastCall())) {
                return NONE; // it is shut, and all were taken
            }
            rest(verdict);
        }
        return NONE;
    }

    /// Takes the next connection if there is one. For a socket in non-blocking mode.
    ///
    /// @return its descriptor, in blocking mode and close-on-exec; [#NONE] when there is
    ///     nothing to accept, or nothing to accept it with
    public int tryAccept() {
        int client = queue.take();
        if (client >= 0) {
            failures.success();
            return client;
        }
        AcceptFailures.Verdict verdict = failures.judge(-client);
        if (verdict != AcceptFailures.Verdict.EMPTY) {
            rest(verdict);
        }
        return NONE;
    }

    private static void rest(AcceptFailures.Verdict verdict) {
        switch (verdict) {
            case PAUSE -> sleep(AcceptFailures.PAUSE_MILLIS);
            case EMPTY -> sleep(1); // shut: the stop reaches this thread soon
            case AGAIN, GIVE_UP -> {}
        }
    }

    /// Waits for one whose handshake was begun before the door was shut: see
    /// [ListeningSocket].
    ///
    /// @return whether to look again; false when the last call is over
    private boolean awaitLastCall() {
        long left = Limits.LAST_CALL_MILLIS
                - (System.nanoTime() - stop.requestedNanos()) / 1_000_000;
        if (left <= 0 || Door.of(server.scoreboard()) == Door.STAYS_OPEN) {
            return false;
        }
        SysPoll.set(polled, 0, fd, SysPoll.POLLIN);
        int ready = SysPoll.poll(errno, polled, 1, (int) left);
        return ready >= 0 || ready == -Errno.EINTR;
    }

    /// Waits until the socket is shut: a stop reaches threads and processes in any order.
    private boolean isShut() {
        for (long waited = 0; waited < SHUT_MILLIS; waited++) {
            if (Door.of(server.scoreboard()) != Door.OPEN) {
                return true;
            }
            sleep(1);
        }
        return false;
    }

    private static void sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        interrupter.close();
        queue.close();
        arena.close();
    }
}
