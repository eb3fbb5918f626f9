// SPDX-License-Identifier: MIT
package csdesign.listen;

import static csdesign.posix.Errno.check;
import static csdesign.posix.SysSocket.IPPROTO_TCP;
import static csdesign.posix.SysSocket.SOCK_CLOEXEC;
import static csdesign.posix.SysSocket.SOCK_NONBLOCK;
import static csdesign.posix.SysSocket.SOCK_STREAM;
import static csdesign.posix.SysSocket.SOL_SOCKET;
import static csdesign.posix.SysSocket.SO_REUSEADDR;
import static csdesign.posix.SysSocket.SO_REUSEPORT;
import static csdesign.posix.SysSocket.TCP_NODELAY;

import csdesign.kit.Limits;
import csdesign.kit.Log;
import csdesign.kit.Server;
import csdesign.posix.Errno;
import csdesign.posix.Fcntl;
import csdesign.posix.SockAddr;
import csdesign.posix.SysSocket;
import csdesign.posix.Unistd;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetSocketAddress;

/// A non-blocking listening socket by FFM, with two policies that every design needs and
/// none is about: what to do when accept fails, and how to stop without losing a client.
///
/// **When accept fails** `AcceptFailures` decides. Through a pause the socket stays
/// readable, and a loop that kept watching it would spin: it asks [#isAccepting]. Where
/// accept fails for good the server is told to stop, with the cause.
///
/// **How to stop.** [#shut] keeps new connections out, and then the queue is emptied.
/// Connections in the queue are still accepted. New ones get no answer, and are refused
/// when the socket is closed. Without this there is always another connection under load,
/// and a connection that arrives between the last accept and close gets a RST. `Door`
/// tells by which means newcomers are kept out, and what happens when the kernel refuses
/// one of these means. The stop goes on in any case.
///
/// A handshake that began before may still be completed by a packet on its way. So an
/// empty queue is looked at again until [Limits#LAST_CALL_MILLIS] after the stop. Then
/// the socket is closed.
public final class ListeningSocket implements AutoCloseable {
    /// What [#accept] answers when there is nothing to accept now.
    public static final int NONE = -1;

    /// How long accepting pauses, in milliseconds.
    public static final long PAUSE_MILLIS = AcceptFailures.PAUSE_MILLIS;

    private final Arena arena = Arena.ofConfined();
    private final Errno errno = Errno.allocate(arena);
    private final Server server;
    private final Log log;
    private final AcceptFailures failures;
    private final int fd;
    private final int port;
    private final boolean alone;
    private final AcceptQueue queue;
    private boolean open = true;
    private boolean nonBlocking = true;
    private Door door = Door.OPEN;

    /// Found empty since the door was shut.
    private boolean empty;

    private long lastCallNanos;
    private boolean paused;
    private long resumeNanos;

    /// @param beside whether others listen at the same port
    /// @param alone whether all who come are accepted through this object
    /// @param flags of the connections that are
    private ListeningSocket(
            Server server, InetSocketAddress address, boolean beside, boolean alone, int flags)
            throws IOException {
        this.server = server;
        this.alone = alone;
        log = new Log(server);
        failures = new AcceptFailures(server, log);
        fd = check(
                SysSocket.socket(
                        errno,
                        SockAddr.family(address),
                        SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
                        0),
                "socket");
        try {
            check(SysSocket.setsockopt(errno, fd, SOL_SOCKET, SO_REUSEADDR, 1), "setsockopt",
                    "SO_REUSEADDR");
            if (beside) {
                check(SysSocket.setsockopt(errno, fd, SOL_SOCKET, SO_REUSEPORT, 1), "setsockopt",
                        "SO_REUSEPORT");
            }
            // Accepted sockets inherit it: one call here instead of one for each connection.
            check(SysSocket.setsockopt(errno, fd, IPPROTO_TCP, TCP_NODELAY, 1), "setsockopt",
                    "TCP_NODELAY");
            MemorySegment name = SockAddr.of(arena, address);
            check(SysSocket.bind(errno, fd, name, (int) name.byteSize()), "bind", address);
            check(SysSocket.listen(errno, fd, server.limits().backlog()), "listen", address);
            port = boundPort();
            queue = new AcceptQueue(errno, fd, flags, server.scoreboard());
        } catch (IOException e) {
            Unistd.close(errno, fd);
            arena.close();
            throw e;
        }
    }

    /// Binds and listens.
    ///
    /// @param server where, and with which backlog
    /// @return the socket, whose connections are in non-blocking mode
    /// @throws IOException when the address is taken, or not ours
    public static ListeningSocket open(Server server) throws IOException {
        return new ListeningSocket(server, server.address(), false, true, SOCK_NONBLOCK);
    }

    /// The same for a loop that accepts for others, who block.
    ///
    /// @param server where, and with which backlog
    /// @return the socket, whose connections are in blocking mode
    /// @throws IOException when the address is taken, or not ours
    public static ListeningSocket openForOthers(Server server) throws IOException {
        return new ListeningSocket(server, server.address(), false, true, 0);
    }

    /// The same for [Acceptor#tryAccept], of several.
    ///
    /// @param server where, and with which backlog
    /// @return the socket, in non-blocking mode
    /// @throws IOException when the address is taken, or not ours
    public static ListeningSocket openShared(Server server) throws IOException {
        return new ListeningSocket(server, server.address(), false, false, 0);
    }

    /// The same for [Acceptor#accept], which waits. [#shut] ends the waiting.
    ///
    /// @param server where, and with which backlog
    /// @return the socket, in blocking mode
    /// @throws IOException when the address is taken, or not ours
    public static ListeningSocket openBlocking(Server server) throws IOException {
        return openShared(server).blocking();
    }

    /// One of several that listen on the same port: the kernel shards the connections.
    ///
    /// @param server where, and with which backlog for each
    /// @param port of the first one, or 0 for the first one itself
    /// @return the socket, in blocking mode
    /// @throws IOException when the address is taken by another user's or without
    ///     SO_REUSEPORT, or is not ours
    public static ListeningSocket openReusePort(Server server, int port) throws IOException {
        InetSocketAddress address = port == 0
                ? server.address()
                : new InetSocketAddress(server.address().getAddress(), port);
        return new ListeningSocket(server, address, true, false, 0).blocking();
    }

    private ListeningSocket blocking() throws IOException {
        int blocking = setNonBlocking(false);
        if (blocking < 0) {
            close();
        }
        check(blocking, "fcntl", "F_SETFL");
        return this;
    }

    private int setNonBlocking(boolean wanted) {
        int flags = Fcntl.fcntl(errno, fd, Fcntl.F_GETFL, 0);
        int other = wanted ? flags | Fcntl.O_NONBLOCK : flags & ~Fcntl.O_NONBLOCK;
        int result = flags < 0 || other == flags
                ? flags
                : Fcntl.fcntl(errno, fd, Fcntl.F_SETFL, other);
        nonBlocking = result < 0 ? nonBlocking : wanted;
        return result;
    }

    /// The descriptor to watch for reading while [#isAccepting].
    ///
    /// @return the descriptor
    public int fd() {
        return fd;
    }

    /// The port, also when port 0 was asked for.
    ///
    /// @return 1 to 65,535
    public int port() {
        return port;
    }

    /// Takes the next connection of the queue.
    ///
    /// @return its descriptor, close-on-exec, or [#NONE]
    public int accept() {
        for (int i = 0; open && i <= AcceptFailures.MOST_AT_ONCE; i++) {
            int client = queue.take();
            if (client >= 0) {
                failures.success();
                return client;
            }
            AcceptFailures.Verdict verdict = failures.judge(-client);
            if (verdict != AcceptFailures.Verdict.AGAIN) {
                obey(verdict);
                return NONE;
            }
        }
        return NONE; // the loop looks at the stop
    }

    private void obey(AcceptFailures.Verdict verdict) {
        if (verdict == AcceptFailures.Verdict.EMPTY) {
            empty = door != Door.OPEN;
            if (empty && isLastCallOver()) {
                close();
            }
        } else if (verdict == AcceptFailures.Verdict.GIVE_UP && door != Door.OPEN) {
            close(); // it cannot be emptied
        } else {
            paused = true;
            resumeNanos = System.nanoTime() + PAUSE_MILLIS * 1_000_000;
        }
    }

    /// Without a door there is none: whoever came was taken.
    private boolean isLastCallOver() {
        return door == Door.STAYS_OPEN || System.nanoTime() - lastCallNanos >= 0;
    }

    /// Whether it is open and not pausing.
    ///
    /// @return whether to watch it
    public boolean isAccepting() {
        if (paused && System.nanoTime() - resumeNanos >= 0) {
            paused = false;
        }
        return open && !paused;
    }

    /// Whether it pauses: then the loop must wake in [#PAUSE_MILLIS] at the latest.
    ///
    /// @return true from an accept that failed until [#isAccepting] is true again
    public boolean isPaused() {
        return open && paused;
    }

    /// How long a loop may wait before it asks for the listener again.
    ///
    /// @param most how long it may wait otherwise, as poll takes it; -1 for ever
    /// @return milliseconds for poll and epoll_wait
    public int timeoutMillis(int most) {
        long left = PAUSE_MILLIS;
        if (!paused) {
            left = empty ? (lastCallNanos - System.nanoTime() + 999_999) / 1_000_000 : 0;
        }
        if (!open || left <= 0) { // then it is asked as soon as there is room for another one
            return most;
        }
        return (int) (most < 0 ? left : Math.min(most, left));
    }

    /// Whether it is open.
    ///
    /// @return false once it was shut and its queue is empty, and after close
    public boolean isOpen() {
        return open;
    }

    /// Whether it is to be asked although it was not reported readable: it is shut, and
    /// its queue may not be empty, or its last call is over.
    ///
    /// @return true from [#shut] until an accept finds the queue empty, and at the end
    ///     once more, but not while it pauses
    public boolean isEmptying() {
        return door != Door.OPEN && isAccepting() && (!empty || isLastCallOver());
    }

    /// Lets no new connection in; those in the queue can still be accepted, and the
    /// [#accept] that finds it empty closes the socket. Nothing that the kernel refuses
    /// keeps the server from stopping.
    public void shut() {
        if (door != Door.OPEN || !open) {
            return;
        }
        door = Door.shut(errno, fd, SockAddr.family(server.address()), log);
        lastCallNanos = System.nanoTime() + Limits.LAST_CALL_MILLIS * 1_000_000;
        door.recordIn(server.scoreboard());
        int unblocked = setNonBlocking(true); // all who share it leave when they find it empty
        if (unblocked < 0) {
            log.warn("connections that wait in the backlog may be reset, since those who accept"
                    + " cannot be told to empty it (fcntl: " + Errno.name(-unblocked) + ")");
        }
        if (door == Door.STAYS_OPEN && alone) {
            queue.hold();
        }
    }

    private int boundPort() throws IOException {
        MemorySegment name = arena.allocate(SockAddr.IN6_BYTES, 8);
        MemorySegment size = arena.allocateFrom(ValueLayout.JAVA_INT, SockAddr.IN6_BYTES);
        check(SysSocket.getsockname(errno, fd, name, size), "getsockname");
        return SockAddr.read(name).getPort();
    }

    /// For a forked child, which calls this first: closes its copies of the socket and of
    /// the connections that wait here for others.
    ///
    /// @return how many connections they are
    public int letGo() {
        Unistd.close(errno, fd);
        return queue.close();
    }

    @Override
    public void close() {
        if (open) {
            // Shut and not yet empty: the grace was over before their turn came.
            int waiting = nonBlocking && door != Door.OPEN ? queue.refuse() : 0;
            waiting += letGo();
            if (waiting > 0) {
                server.scoreboard().row(0).cut(waiting);
            }
            open = false;
            arena.close();
        }
    }
}
