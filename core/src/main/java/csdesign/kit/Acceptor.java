// SPDX-License-Identifier: MIT
package csdesign.kit;

import static csdesign.posix.SysSocket.SOCK_CLOEXEC;

import csdesign.posix.Errno;
import csdesign.posix.Fcntl;
import csdesign.posix.SysSocket;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// One of many who wait in accept(2) on the same listening socket, each a thread that is
/// really blocked in the system call. Made and used by that thread.
///
/// **When accept fails** it does as [ListeningSocket] does, but sleeps through the pause.
///
/// **How it stops.** [ListeningSocket#shut] makes the socket non-blocking for all who
/// share it; who is blocked in accept already is got out by a signal. Then each takes
/// from the queue until it is empty. An acceptor that is told to stop while the socket
/// stays as it is leaves alone: the others go on.
public final class Acceptor implements AutoCloseable {
    /// What [#accept] answers when there will be nothing more to accept.
    public static final int NONE = -1;

    /// How long whoever shuts the socket may take to do so, in milliseconds.
    private static final long SHUT_MILLIS = 500;

    private final Arena arena = Arena.ofConfined();
    private final Errno errno = Errno.allocate(arena);
    private final int fd;
    private final Stop stop;
    private final Log log;
    private final Interrupter interrupter;

    /// For the thread that calls this, alone in its process.
    ///
    /// @param fd a listening socket in blocking mode, which stays open
    /// @param server the wish to stop
    /// @throws IOException when the kernel refuses the handler of a signal
    public Acceptor(int fd, Server server) throws IOException {
        this(fd, server, new Log(server.slug()));
    }

    /// For the thread that calls this.
    ///
    /// @param fd a listening socket in blocking mode, which stays open
    /// @param server the wish to stop
    /// @param log of all threads together: out of descriptors, they all are
    /// @throws IOException when the kernel refuses the handler of a signal
    public Acceptor(int fd, Server server, Log log) throws IOException {
        this.fd = fd;
        stop = server.stop();
        this.log = log;
        interrupter = new Interrupter(stop);
    }

    /// Waits for the next connection.
    ///
    /// @return its descriptor, in blocking mode and close-on-exec; [#NONE] after a stop,
    ///     once the queue is empty
    public int accept() {
        while (!stop.graceIsOver()) {
            if (stop.requested() && !isShut()) {
                return NONE;
            }
            interrupter.enter();
            int client = SysSocket.accept4(
                    errno, fd, MemorySegment.NULL, MemorySegment.NULL, SOCK_CLOEXEC);
            interrupter.leave();
            if (client >= 0) {
                return client;
            }
            if (client == -Errno.EAGAIN && stop.requested()) {
                return NONE; // it is shut, and the queue is empty
            }
            pause(-client);
        }
        return NONE;
    }

    /// Takes the next connection if there is one. For a socket in non-blocking mode.
    ///
    /// @return its descriptor, in blocking mode and close-on-exec; [#NONE] when there is
    ///     nothing to accept, or nothing to accept it with
    public int tryAccept() {
        int client = SysSocket.accept4(
                errno, fd, MemorySegment.NULL, MemorySegment.NULL, SOCK_CLOEXEC);
        if (client >= 0) {
            return client;
        }
        if (client != -Errno.EAGAIN) {
            pause(-client);
        }
        return NONE;
    }

    private void pause(int cause) {
        switch (cause) {
            case Errno.EAGAIN -> sleep(1); // shut: the wish to stop will be here in a moment
            case Errno.EMFILE, Errno.ENFILE, Errno.ENOBUFS, Errno.ENOMEM -> {
                log.warn(ListeningSocket.pausing(cause));
                sleep(ListeningSocket.PAUSE_MILLIS);
            }
            default -> {
                // EINTR: a stop. ECONNABORTED and the network's errors: see ListeningSocket.
            }
        }
    }

    /// Waits for who shuts it: the wish to stop reaches everybody in no order.
    private boolean isShut() {
        for (long waited = 0; waited < SHUT_MILLIS; waited++) {
            if ((Fcntl.fcntl(errno, fd, Fcntl.F_GETFL, 0) & Fcntl.O_NONBLOCK) != 0) {
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
        arena.close();
    }
}
