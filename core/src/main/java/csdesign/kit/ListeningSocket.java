// SPDX-License-Identifier: MIT
package csdesign.kit;

import static csdesign.posix.Errno.check;
import static csdesign.posix.SysSocket.IPPROTO_TCP;
import static csdesign.posix.SysSocket.SOCK_CLOEXEC;
import static csdesign.posix.SysSocket.SOCK_NONBLOCK;
import static csdesign.posix.SysSocket.SOCK_STREAM;
import static csdesign.posix.SysSocket.SOL_SOCKET;
import static csdesign.posix.SysSocket.SO_ATTACH_FILTER;
import static csdesign.posix.SysSocket.SO_REUSEADDR;
import static csdesign.posix.SysSocket.SO_REUSEPORT;
import static csdesign.posix.SysSocket.TCP_NODELAY;

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

/// A non-blocking listening socket by FFM, with the two policies that every design needs
/// and none is about: what to do when accept fails, and how to stop without losing
/// anybody.
///
/// **When accept fails.** A connection that died in the queue is passed over. When the
/// process or the system is out of something (EMFILE, ENFILE, ENOBUFS, ENOMEM), accepting
/// pauses for [#PAUSE_MILLIS] and one line a second says so: the listener stays readable
/// all the while, so a loop that kept watching it would spin.
///
/// **How to stop.** [#shut] closes the door before the queue is emptied: a packet filter
/// that lets nothing in. Connections in the queue are still accepted; new ones are not
/// answered, and refused once the socket is closed. Without it there is always one more
/// connection under load, and those that arrive between the last accept and close get a
/// RST.
public final class ListeningSocket implements AutoCloseable {
    /// What [#accept] answers when there is nothing to accept now.
    public static final int NONE = -1;

    /// How long accepting pauses, in milliseconds. HAProxy pauses 100 at most, nginx 500.
    public static final long PAUSE_MILLIS = 100;

    private final Arena arena = Arena.ofConfined();
    private final Errno errno = Errno.allocate(arena);
    private final Log log;
    private final int fd;
    private final int port;
    private boolean open = true;
    private boolean shut;
    private boolean paused;
    private long resumeNanos;

    private ListeningSocket(
            InetSocketAddress address, int backlog, boolean shared, Log log) throws IOException {
        this.log = log;
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
            if (shared) {
                check(SysSocket.setsockopt(errno, fd, SOL_SOCKET, SO_REUSEPORT, 1), "setsockopt",
                        "SO_REUSEPORT");
            }
            // Accepted sockets inherit it: one call here instead of one for each connection.
            check(SysSocket.setsockopt(errno, fd, IPPROTO_TCP, TCP_NODELAY, 1), "setsockopt",
                    "TCP_NODELAY");
            MemorySegment name = SockAddr.of(arena, address);
            check(SysSocket.bind(errno, fd, name, (int) name.byteSize()), "bind", address);
            check(SysSocket.listen(errno, fd, backlog), "listen", address);
            port = boundPort();
        } catch (IOException e) {
            Unistd.close(errno, fd);
            arena.close();
            throw e;
        }
    }

    /// Binds and listens.
    ///
    /// @param server where, and with which backlog
    /// @return the socket
    /// @throws IOException when the address is taken, or not ours
    public static ListeningSocket open(Server server) throws IOException {
        return new ListeningSocket(
                server.address(), server.limits().backlog(), false, new Log(server.slug()));
    }

    /// The same for accept calls that wait: see [Acceptor]. [#shut] ends their waiting.
    ///
    /// @param server where, and with which backlog
    /// @return the socket, in blocking mode
    /// @throws IOException when the address is taken, or not ours
    public static ListeningSocket openBlocking(Server server) throws IOException {
        ListeningSocket socket = open(server);
        socket.setNonBlocking(false);
        return socket;
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
        ListeningSocket socket = new ListeningSocket(
                address, server.limits().backlog(), true, new Log(server.slug()));
        socket.setNonBlocking(false);
        return socket;
    }

    private void setNonBlocking(boolean nonBlocking) throws IOException {
        int flags = check(Fcntl.fcntl(errno, fd, Fcntl.F_GETFL, 0), "fcntl", "F_GETFL");
        int wanted = nonBlocking ? flags | Fcntl.O_NONBLOCK : flags & ~Fcntl.O_NONBLOCK;
        check(Fcntl.fcntl(errno, fd, Fcntl.F_SETFL, wanted), "fcntl", "F_SETFL");
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
    /// @return its descriptor, non-blocking and close-on-exec, or [#NONE]
    public int accept() {
        while (open) {
            int client = SysSocket.accept4(
                    errno, fd, MemorySegment.NULL, MemorySegment.NULL,
                    SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (client >= 0) {
                return client;
            }
            switch (-client) {
                case Errno.EAGAIN -> {
                    if (shut) {
                        close(); // the door was shut and now the queue is empty
                    }
                    return NONE;
                }
                case Errno.EMFILE, Errno.ENFILE, Errno.ENOBUFS, Errno.ENOMEM -> {
                    pause(-client);
                    return NONE;
                }
                default -> {
                    // EINTR; ECONNABORTED, EPROTO and the network's errors concern one connection
                    // that is gone from the queue: accept(2), "Error handling".
                    continue;
                }
            }
        }
        return NONE;
    }

    private void pause(int cause) {
        paused = true;
        resumeNanos = System.nanoTime() + PAUSE_MILLIS * 1_000_000;
        log.warn(pausing(cause));
    }

    /// What is said when accepting pauses.
    static String pausing(int cause) {
        return "accept: " + Errno.name(cause) + ": " + Errno.description(cause)
                + ": accepting pauses " + PAUSE_MILLIS + " ms; connections wait in the backlog."
                + " Raise the limit (ulimit -n), or lower --max-connections below it";
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

    /// Whether it is open.
    ///
    /// @return false once it was shut and its queue is empty, and after close
    public boolean isOpen() {
        return open;
    }

    /// Whether it is to be asked although it was not reported readable: it is shut, so
    /// nothing can come that would make it readable, but its queue may not be empty.
    ///
    /// @return true from [#shut] until an accept finds the queue empty, but not while it
    ///     pauses
    public boolean isEmptying() {
        return shut && isAccepting();
    }

    /// Lets no new connection in; those in the queue can still be accepted, and the
    /// [#accept] that finds it empty closes the socket.
    ///
    /// @throws IOException when the kernel refuses the filter
    public void shut() throws IOException {
        if (shut || !open) {
            return;
        }
        shut = true;
        setNonBlocking(true); // for all who share it: who finds the queue empty leaves
        try (Arena own = Arena.ofConfined()) {
            // struct sock_filter { u16 code; u8 jt, jf; u32 k; }: BPF_RET|BPF_K 0, "take 0 bytes".
            MemorySegment dropAll = own.allocate(8);
            dropAll.set(ValueLayout.JAVA_SHORT, 0, (short) 0x06);
            // struct sock_fprog { unsigned short len; struct sock_filter *filter; }
            MemorySegment program = own.allocate(16, 8);
            program.set(ValueLayout.JAVA_SHORT, 0, (short) 1);
            program.set(ValueLayout.ADDRESS, 8, dropAll);
            check(
                    SysSocket.setsockopt(errno, fd, SOL_SOCKET, SO_ATTACH_FILTER, program, 16),
                    "setsockopt",
                    "SO_ATTACH_FILTER");
        }
    }

    private int boundPort() throws IOException {
        MemorySegment name = arena.allocate(SockAddr.IN6_BYTES, 8);
        MemorySegment size = arena.allocateFrom(ValueLayout.JAVA_INT, SockAddr.IN6_BYTES);
        check(SysSocket.getsockname(errno, fd, name, size), "getsockname");
        return SockAddr.read(name).getPort();
    }

    @Override
    public void close() {
        if (open) {
            open = false;
            Unistd.close(errno, fd);
            arena.close();
        }
    }
}
