// SPDX-License-Identifier: MIT
package csdesign.lab;

import static csdesign.posix.Errno.EADDRINUSE;
import static csdesign.posix.Errno.EINPROGRESS;
import static csdesign.posix.Errno.check;
import static csdesign.posix.SysSocket.AF_INET;
import static csdesign.posix.SysSocket.SOCK_CLOEXEC;
import static csdesign.posix.SysSocket.SOCK_NONBLOCK;
import static csdesign.posix.SysSocket.SOCK_STREAM;
import static csdesign.posix.SysSocket.SOL_SOCKET;
import static csdesign.posix.SysSocket.SO_LINGER;
import static csdesign.posix.SysSocket.SO_RCVTIMEO;
import static csdesign.posix.SysSocket.SO_REUSEADDR;
import static csdesign.posix.SysSocket.SO_REUSEPORT;
import static csdesign.posix.SysSocket.SO_SNDTIMEO;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import csdesign.listen.SelfConnection;
import csdesign.posix.Errno;
import csdesign.posix.Fcntl;
import csdesign.posix.SockAddr;
import csdesign.posix.SysMman;
import csdesign.posix.SysSocket;
import csdesign.posix.Unistd;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/// TCP sockets on 127.0.0.1 for an experiment. Each is made in one line, blocks, and is
/// closed on exec. All of them are closed at the end of the experiment, however it ends.
///
/// Where a lab is about what a call answers, the method returns that answer ([#bind],
/// [#connect]). Everywhere else a failure is an exception. A call that waits does so for
/// at most [#LONGEST_SECONDS]. The methods are for one thread; another thread that uses
/// the descriptors has an [Errno] of its own.
public final class Sockets implements AutoCloseable {
    /// Long enough for a busy machine. A lab that waits longer waits for something that
    /// does not come.
    public static final int LONGEST_SECONDS = 30;

    /// Ports that no program has by default: those of servers are below, and those that
    /// the kernel picks for clients above.
    private static final int FIRST_TRY = 12_000;
    private static final int LAST_TRY = 32_000;
    private static final int TRIES = 1_000;

    private final Arena arena = Arena.ofConfined();
    private final Errno errno = Errno.allocate(arena);
    private final MemorySegment buffer = arena.allocate(64 * 1024, 8);
    private final MemorySegment address = arena.allocate(SockAddr.IN6_BYTES, 8);
    private final MemorySegment size = arena.allocate(JAVA_INT);
    private final SelfConnection itself = new SelfConnection(arena, errno);
    private final List<Integer> open = new ArrayList<>();

    /// Has no socket yet.
    public Sockets() {}

    /// Memory that lives as long as the sockets.
    ///
    /// @return of this thread
    public Arena arena() {
        return arena;
    }

    /// Where the calls of this thread leave their errno.
    ///
    /// @return of this thread
    public Errno errno() {
        return errno;
    }

    /// Makes a TCP socket that is neither bound nor connected.
    ///
    /// @return its descriptor
    /// @throws IOException when the process has no descriptor left
    public int newTcpSocket() throws IOException {
        int fd = keep(
                check(SysSocket.socket(errno, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
        limit(fd, SO_RCVTIMEO);
        limit(fd, SO_SNDTIMEO);
        return fd;
    }

    /// Limits the time that a call waits. A connection that is accepted has the limits of
    /// its listener.
    private void limit(int fd, int option) throws IOException {
        MemorySegment limit = buffer.asSlice(0, 16); // struct timeval
        limit.set(JAVA_LONG, 0, LONGEST_SECONDS);
        limit.set(JAVA_LONG, 8, 0);
        check(SysSocket.setsockopt(errno, fd, SOL_SOCKET, option, limit, 16), "setsockopt",
                "option", option);
    }

    private static void expectInTime(long result, String what) throws IOException {
        if (result == -Errno.EAGAIN) {
            throw new IOException("waited " + LONGEST_SECONDS + " s until " + what
                    + "; nothing came");
        }
    }

    /// Takes a descriptor over, to close it at the end.
    ///
    /// @param fd any
    /// @return the same
    public int keep(int fd) {
        open.add(fd);
        return fd;
    }

    /// Makes a pipe.
    ///
    /// @return its read end, then its write end
    /// @throws IOException when the process has no descriptor left
    public int[] pipe() throws IOException {
        check(Unistd.pipe2(errno, buffer, Fcntl.O_CLOEXEC), "pipe2");
        return new int[] {keep(buffer.get(JAVA_INT, 0)), keep(buffer.get(JAVA_INT, 4))};
    }

    /// Makes a file that has no name in any folder, and whose bytes are in the page cache
    /// alone. No two pieces of 64 KiB are alike.
    ///
    /// @param bytes its size, of whole 64 KiB
    /// @return its descriptor
    /// @throws IOException when there is no memory left
    public int file(long bytes) throws IOException {
        MemorySegment name = arena.allocateFrom("csdesign-experiment");
        int fd = keep(check(
                SysMman.memfd_create(errno, name, SysMman.MFD_CLOEXEC), "memfd_create"));
        buffer.fill((byte) 0);
        for (long written = 0; written < bytes; written += buffer.byteSize()) {
            buffer.set(JAVA_LONG, 0, written);
            check(Unistd.write(errno, fd, buffer, buffer.byteSize()), "write");
        }
        return fd;
    }

    /// Sets an option.
    ///
    /// @param fd a socket
    /// @param level for example [SysSocket#IPPROTO_TCP]
    /// @param name for example [SysSocket#TCP_NODELAY]
    /// @param value its new value
    /// @throws IOException when the kernel refuses it
    public void set(int fd, int level, int name, int value) throws IOException {
        check(SysSocket.setsockopt(errno, fd, level, name, value), "setsockopt", "option", name);
    }

    /// Binds to 127.0.0.1. For port 0 the kernel picks a port from the range that is for
    /// clients. Where all of these are taken, as by the TIME_WAITs of a client that made
    /// 30,000 connections, it is a port below that range.
    ///
    /// @param fd a socket
    /// @param port 0 for any
    /// @return 0, or a negative errno
    public int bind(int fd, int port) {
        int result = bindTo(fd, port);
        for (int i = 0; i < TRIES && port == 0 && result == -EADDRINUSE; i++) {
            result = bindTo(fd, ThreadLocalRandom.current().nextInt(FIRST_TRY, LAST_TRY));
        }
        return result;
    }

    private int bindTo(int fd, int port) {
        MemorySegment name = loopback(port);
        return SysSocket.bind(errno, fd, name, (int) name.byteSize());
    }

    /// Makes a socket that listens, with SO_REUSEADDR.
    ///
    /// @param port 0 for any
    /// @param backlog how many connections may wait
    /// @return its descriptor
    /// @throws IOException when the port is taken
    public int listen(int port, int backlog) throws IOException {
        return listen(port, backlog, SO_REUSEADDR);
    }

    /// Makes a socket that listens, with SO_REUSEPORT: others may listen at the same
    /// port, each with a queue of its own.
    ///
    /// @param port 0 for any
    /// @param backlog how many connections may wait
    /// @return its descriptor
    /// @throws IOException when the port is taken
    public int listenReusePort(int port, int backlog) throws IOException {
        return listen(port, backlog, SO_REUSEPORT);
    }

    private int listen(int port, int backlog, int option) throws IOException {
        int fd = newTcpSocket();
        set(fd, SOL_SOCKET, option, 1);
        check(bind(fd, port), "bind", "port", port);
        check(SysSocket.listen(errno, fd, backlog), "listen");
        return fd;
    }

    /// Connects to a port of 127.0.0.1.
    ///
    /// @param fd a socket
    /// @param port where a socket listens
    /// @return 0, or a negative errno: ECONNREFUSED too when it would be connected to
    ///     itself, see [SelfConnection]
    public int connect(int fd, int port) {
        MemorySegment name = loopback(port);
        int result = SysSocket.connect(errno, fd, name, (int) name.byteSize());
        int self = result == 0 || result == -EINPROGRESS ? itself.refuse(fd, name) : 0;
        return self < 0 ? self : result;
    }

    /// Makes a connection to a port of 127.0.0.1.
    ///
    /// @param port where a socket listens
    /// @return the descriptor of this end
    /// @throws IOException when no socket listens there
    public int connect(int port) throws IOException {
        int fd = newTcpSocket();
        check(connect(fd, port), "connect", "port", port);
        return fd;
    }

    /// Begins to connect to a port of 127.0.0.1, with a socket that does not block.
    ///
    /// @param port where a socket listens
    /// @return its descriptor; whether it is connected is not known yet
    /// @throws IOException when connect answers something else than EINPROGRESS
    public int beginConnect(int port) throws IOException {
        int fd = keep(check(
                SysSocket.socket(errno, AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
                "socket"));
        int result = connect(fd, port);
        check(result == -EINPROGRESS ? 0 : result, "connect", "port", port);
        return fd;
    }

    /// Waits for a connection and takes it.
    ///
    /// @param listener a listening socket
    /// @return its descriptor
    /// @throws IOException when accept fails
    public int accept(int listener) throws IOException {
        int fd = SysSocket.accept4(
                errno, listener, MemorySegment.NULL, MemorySegment.NULL, SOCK_CLOEXEC);
        expectInTime(fd, "accept had a connection");
        return keep(check(fd, "accept"));
    }

    /// The port that a socket has here.
    ///
    /// @param fd a socket that is bound or connected
    /// @return 1 to 65,535
    /// @throws IOException when it is no socket
    public int port(int fd) throws IOException {
        size.set(JAVA_INT, 0, SockAddr.IN6_BYTES);
        check(SysSocket.getsockname(errno, fd, address, size), "getsockname");
        return SockAddr.read(address).getPort();
    }

    /// The port that a socket has at the other end.
    ///
    /// @param fd a connection
    /// @return 1 to 65,535; 0 when it is not connected any more
    /// @throws IOException when it is no socket
    public int peerPort(int fd) throws IOException {
        size.set(JAVA_INT, 0, SockAddr.IN6_BYTES);
        int result = SysSocket.getpeername(errno, fd, address, size);
        if (result == -Errno.ENOTCONN) {
            return 0;
        }
        check(result, "getpeername");
        return SockAddr.read(address).getPort();
    }

    /// Sets SO_LINGER: what close does with a connection.
    ///
    /// @param fd a socket
    /// @param seconds how long close waits for what is unsent; 0 makes close send a RST
    /// @throws IOException when it is no socket
    public void linger(int fd, int seconds) throws IOException {
        MemorySegment linger = buffer.asSlice(0, 8); // struct linger: on, seconds
        linger.set(JAVA_INT, 0, 1);
        linger.set(JAVA_INT, 4, seconds);
        check(SysSocket.setsockopt(errno, fd, SOL_SOCKET, SO_LINGER, linger, 8), "setsockopt",
                "SO_LINGER");
    }

    /// Sends a few bytes.
    ///
    /// @param fd a connection
    /// @param text ASCII
    /// @param flags for example [SysSocket#MSG_NOSIGNAL]
    /// @return how many were taken, or a negative errno
    public long send(int fd, String text, int flags) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        MemorySegment.copy(bytes, 0, buffer, ValueLayout.JAVA_BYTE, 0, bytes.length);
        return SysSocket.send(errno, fd, buffer, bytes.length, flags);
    }

    /// Waits for bytes, and drops them.
    ///
    /// @param fd a connection
    /// @return how many came, at most 65,536; 0 at the end; or a negative errno
    /// @throws IOException when neither bytes nor the end come in time
    public long recv(int fd) throws IOException {
        long count = SysSocket.recv(errno, fd, buffer, buffer.byteSize(), 0);
        expectInTime(count, "recv had bytes, or the end");
        return count;
    }

    /// Sends bytes of any content, all of them in one call.
    ///
    /// @param fd a connection
    /// @param bytes how many, at most 65,536
    /// @param flags for example [SysSocket#MSG_MORE]
    /// @throws IOException when it fails, or the send buffer has no room for them
    public void sendWhole(int fd, int bytes, int flags) throws IOException {
        long sent = SysSocket.send(errno, fd, buffer, bytes, flags);
        if (sent != bytes) {
            throw new IOException("send: " + Errno.say(sent) + " of " + bytes + " bytes");
        }
    }

    /// Waits for a number of bytes, and drops them.
    ///
    /// @param fd a connection
    /// @param bytes how many
    /// @throws IOException when it fails, or the other end closes before
    public void recvWhole(int fd, int bytes) throws IOException {
        for (long left = bytes; left > 0;) {
            long count = SysSocket.recv(
                    errno, fd, buffer, Math.min(left, buffer.byteSize()), 0);
            if (count <= 0) {
                throw new IOException("recv: " + Errno.say(count) + ", " + left + " bytes missing");
            }
            left -= count;
        }
    }

    /// Closes a socket now, because the experiment is about that.
    ///
    /// @param fd a descriptor that this object would have closed at the end
    public void close(int fd) {
        if (open.remove(Integer.valueOf(fd))) {
            Unistd.close(errno, fd);
        }
    }

    private MemorySegment loopback(int port) {
        return SockAddr.of(
                SegmentAllocator.prefixAllocator(address),
                new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port));
    }

    @Override
    public void close() {
        open.forEach(fd -> Unistd.close(errno, fd));
        open.clear();
        arena.close();
    }
}
