// SPDX-License-Identifier: MIT
package csdesign.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// `<sys/socket.h>`: sockets.
public final class SysSocket {
    /// Sockets of one machine.
    public static final int AF_UNIX = 1;

    /// IPv4.
    public static final int AF_INET = 2;

    /// IPv6.
    public static final int AF_INET6 = 10;

    /// A stream of bytes: TCP.
    public static final int SOCK_STREAM = 1;

    /// Packets of a network interface, see [NetpacketPacket].
    public static final int AF_PACKET = 17;

    /// Messages that may be lost: UDP. Of a packet socket, packets without their
    /// link-layer header.
    public static final int SOCK_DGRAM = 2;

    /// Packets with their headers; needs CAP_NET_RAW.
    public static final int SOCK_RAW = 3;

    /// Answer EAGAIN where a call would block.
    public static final int SOCK_NONBLOCK = 0x800;

    /// Close on execve.
    public static final int SOCK_CLOEXEC = 0x80000;

    /// What a socket's buffers hold, and what was dropped at it, since Linux 4.12: an
    /// array of `int`, [#MEMINFO_BYTES] long.
    public static final int SO_MEMINFO = 55;

    /// Size of what [#SO_MEMINFO] answers, in bytes.
    public static final int MEMINFO_BYTES = 36;

    /// Offset in it of the count of segments that were dropped.
    public static final int MEMINFO_DROPS = 32;

    /// The level of options that every socket has.
    public static final int SOL_SOCKET = 1;

    /// Bind although connections of an earlier server are in TIME_WAIT.
    public static final int SO_REUSEADDR = 2;

    /// Take the pending error.
    public static final int SO_ERROR = 4;

    /// Send buffer in bytes; the kernel doubles it.
    public static final int SO_SNDBUF = 7;

    /// Receive buffer in bytes; the kernel doubles it.
    public static final int SO_RCVBUF = 8;

    /// What close does with unsent data; 0 seconds make it a RST.
    public static final int SO_LINGER = 13;

    /// Several listeners share a port, the kernel shards.
    public static final int SO_REUSEPORT = 15;

    /// How long a receive or an accept blocks before EAGAIN, a `struct timeval`; 0 is for
    /// ever.
    public static final int SO_RCVTIMEO = 20;

    /// How long a send blocks before EAGAIN, or a connect before EINPROGRESS, a
    /// `struct timeval`; 0 is for ever.
    public static final int SO_SNDTIMEO = 21;

    /// Run a classic BPF program on every arriving packet.
    public static final int SO_ATTACH_FILTER = 26;

    /// The level of IPv4 options.
    public static final int IPPROTO_IP = 0;

    /// The least TTL that an arriving packet must have, 0 to 255; others are dropped. A
    /// connection begins with its listening socket's.
    public static final int IP_MINTTL = 21;

    /// Bind takes the address and leaves the port to connect.
    public static final int IP_BIND_ADDRESS_NO_PORT = 24;

    /// The level of IPv6 options.
    public static final int IPPROTO_IPV6 = 41;

    /// The same as [#IP_MINTTL] for what arrives by IPv6: the least hop limit.
    public static final int IPV6_MINHOPCOUNT = 73;

    /// The level of TCP options.
    public static final int IPPROTO_TCP = 6;

    /// Send small segments at once. Accepted sockets inherit it.
    public static final int TCP_NODELAY = 1;

    /// The largest segment in bytes.
    public static final int TCP_MAXSEG = 2;

    /// Send no segment that is not full, until it is set to 0 or 200 ms are over.
    public static final int TCP_CORK = 3;

    /// Reads what the kernel knows of a connection, see [LinuxTcp#info].
    public static final int TCP_INFO = 11;

    /// Acknowledge at once. The kernel may leave this mode by itself: set it again after
    /// each receive.
    public static final int TCP_QUICKACK = 12;

    /// Accept once data is there.
    public static final int TCP_DEFER_ACCEPT = 9;

    /// Look at the bytes and leave them there.
    public static final int MSG_PEEK = 2;

    /// This call does not block.
    public static final int MSG_DONTWAIT = 0x40;

    /// To recv of a TCP socket: forget the bytes, and copy none of them. Of a datagram,
    /// the answer is its whole length.
    public static final int MSG_TRUNC = 0x20;

    /// EPIPE, and no SIGPIPE.
    public static final int MSG_NOSIGNAL = 0x4000;

    /// More follows: do not send a part of a segment yet.
    public static final int MSG_MORE = 0x8000;

    /// No more reading.
    public static final int SHUT_RD = 0;

    /// No more writing: sends FIN.
    public static final int SHUT_WR = 1;

    /// Neither.
    public static final int SHUT_RDWR = 2;

    /// Size of a `struct msghdr` in bytes.
    public static final int MSGHDR_BYTES = 56;

    /// Size of a `struct iovec` in bytes: address, then length.
    public static final int IOVEC_BYTES = 16;

    /// Messages in order, each whole.
    public static final int SOCK_SEQPACKET = 5;

    /// The ancillary data are descriptors.
    public static final int SCM_RIGHTS = 1;

    /// Descriptors that arrive are close-on-exec.
    public static final int MSG_CMSG_CLOEXEC = 0x40000000;

    private static final class Socket {
        static final MethodHandle CALL = Native.link("socket", JAVA_INT, JAVA_INT, JAVA_INT,
                JAVA_INT);
    }

    private static final class Bind {
        static final MethodHandle CALL = Native.link("bind", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
    }

    private static final class Listen {
        static final MethodHandle CALL = Native.link("listen", JAVA_INT, JAVA_INT, JAVA_INT);
    }

    private static final class Accept4 {
        static final MethodHandle CALL = Native.link("accept4", JAVA_INT, JAVA_INT, ADDRESS,
                ADDRESS, JAVA_INT);
    }

    private static final class Connect {
        static final MethodHandle CALL = Native.link("connect", JAVA_INT, JAVA_INT, ADDRESS,
                JAVA_INT);
    }

    private static final class Shutdown {
        static final MethodHandle CALL = Native.link("shutdown", JAVA_INT, JAVA_INT, JAVA_INT);
    }

    private static final class Getsockname {
        static final MethodHandle CALL = Native.link("getsockname", JAVA_INT, JAVA_INT, ADDRESS,
                ADDRESS);
    }

    private static final class Getpeername {
        static final MethodHandle CALL = Native.link("getpeername", JAVA_INT, JAVA_INT, ADDRESS,
                ADDRESS);
    }

    private static final class Setsockopt {
        static final MethodHandle CALL = Native.link("setsockopt", JAVA_INT, JAVA_INT, JAVA_INT,
                JAVA_INT, ADDRESS, JAVA_INT);
    }

    private static final class Getsockopt {
        static final MethodHandle CALL = Native.link("getsockopt", JAVA_INT, JAVA_INT, JAVA_INT,
                JAVA_INT, ADDRESS, ADDRESS);
    }

    private static final class Send {
        static final MethodHandle CALL = Native.link("send", JAVA_LONG, JAVA_INT, ADDRESS,
                JAVA_LONG, JAVA_INT);
    }

    private static final class Recv {
        static final MethodHandle CALL = Native.link("recv", JAVA_LONG, JAVA_INT, ADDRESS,
                JAVA_LONG, JAVA_INT);
    }

    private static final class Recvfrom {
        static final MethodHandle CALL = Native.link("recvfrom", JAVA_LONG, JAVA_INT, ADDRESS,
                JAVA_LONG, JAVA_INT, ADDRESS, ADDRESS);
    }

    private static final class Sendmsg {
        static final MethodHandle CALL = Native.link("sendmsg", JAVA_LONG, JAVA_INT, ADDRESS,
                JAVA_INT);
    }

    private static final class Recvmsg {
        static final MethodHandle CALL = Native.link("recvmsg", JAVA_LONG, JAVA_INT, ADDRESS,
                JAVA_INT);
    }

    private static final class Socketpair {
        static final MethodHandle CALL = Native.link("socketpair", JAVA_INT, JAVA_INT, JAVA_INT,
                JAVA_INT, ADDRESS);
    }

    private SysSocket() {}

    /// Makes a socket.
    ///
    /// @param errno where the call leaves its errno
    /// @param domain [#AF_INET] and others
    /// @param type [#SOCK_STREAM], with [#SOCK_NONBLOCK] and [#SOCK_CLOEXEC]
    /// @param protocol 0 for the usual one
    /// @return its descriptor, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/socket.2.html">socket(2)</a>
    public static int socket(Errno errno, int domain, int type, int protocol) {
        try {
            return errno
                    .join((int) Socket.CALL.invokeExact(errno.captured, domain, type, protocol));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Gives it a local address.
    ///
    /// @param errno where the call leaves its errno
    /// @param fd the socket
    /// @param addr made by [SockAddr]
    /// @param addrlen its size in bytes
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/bind.2.html">bind(2)</a>
    public static int bind(Errno errno, int fd, MemorySegment addr, int addrlen) {
        try {
            return errno.join((int) Bind.CALL.invokeExact(errno.captured, fd, addr, addrlen));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Makes it a listening socket.
    ///
    /// @param errno where the call leaves its errno
    /// @param fd the socket
    /// @param backlog how many connections may wait to be accepted; net.core.somaxconn
    ///     caps it
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/listen.2.html">listen(2)</a>
    public static int listen(Errno errno, int fd, int backlog) {
        try {
            return errno.join((int) Listen.CALL.invokeExact(errno.captured, fd, backlog));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Takes a connection from the queue. On Linux it inherits no file flags: O_NONBLOCK
    /// must be asked for.
    ///
    /// @param errno where the call leaves its errno
    /// @param fd a listening socket
    /// @param addr receives the peer's address, or NULL
    /// @param addrlen its size, in and out, or NULL
    /// @param flags [#SOCK_NONBLOCK], [#SOCK_CLOEXEC]
    /// @return the descriptor of the connection, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/accept.2.html">accept(2)</a>
    public static int accept4(Errno errno, int fd, MemorySegment addr, MemorySegment addrlen,
            int flags) {
        try {
            return errno
                    .join((int) Accept4.CALL.invokeExact(errno.captured, fd, addr, addrlen, flags));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Connects. A non-blocking socket answers EINPROGRESS; when it is writable, SO_ERROR
    /// tells.
    ///
    /// @param errno where the call leaves its errno
    /// @param fd the socket
    /// @param addr made by [SockAddr]
    /// @param addrlen its size in bytes
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/connect.2.html">connect(2)</a>
    public static int connect(Errno errno, int fd, MemorySegment addr, int addrlen) {
        try {
            return errno.join((int) Connect.CALL.invokeExact(errno.captured, fd, addr, addrlen));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Ends one direction or both; the descriptor stays.
    ///
    /// @param errno where the call leaves its errno
    /// @param fd the socket
    /// @param how [#SHUT_RD], [#SHUT_WR] or [#SHUT_RDWR]
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/shutdown.2.html">shutdown(2)</a>
    public static int shutdown(Errno errno, int fd, int how) {
        try {
            return errno.join((int) Shutdown.CALL.invokeExact(errno.captured, fd, how));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Reads the local address.
    ///
    /// @param errno where the call leaves its errno
    /// @param fd the socket
    /// @param addr receives it
    /// @param addrlen its size, in and out
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/getsockname.2.html">getsockname(2)</a>
    public static int getsockname(Errno errno, int fd, MemorySegment addr, MemorySegment addrlen) {
        try {
            return errno
                    .join((int) Getsockname.CALL.invokeExact(errno.captured, fd, addr, addrlen));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Reads the address of the other side.
    ///
    /// @param errno where the call leaves its errno
    /// @param fd the socket
    /// @param addr receives it
    /// @param addrlen its size, in and out
    /// @return 0, or a negative errno: ENOTCONN where there is no other side
    /// @see <a href="https://man7.org/linux/man-pages/man2/getpeername.2.html">getpeername(2)</a>
    public static int getpeername(Errno errno, int fd, MemorySegment addr, MemorySegment addrlen) {
        try {
            return errno
                    .join((int) Getpeername.CALL.invokeExact(errno.captured, fd, addr, addrlen));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Sets an option.
    ///
    /// @param errno where the call leaves its errno
    /// @param fd the socket
    /// @param level [#SOL_SOCKET] and others
    /// @param optname the option
    /// @param optval its value
    /// @param optlen its size in bytes
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/setsockopt.2.html">setsockopt(2)</a>
    public static int setsockopt(Errno errno, int fd, int level, int optname, MemorySegment optval,
            int optlen) {
        try {
            return errno.join((int) Setsockopt.CALL.invokeExact(errno.captured, fd, level, optname,
                    optval, optlen));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Reads an option.
    ///
    /// @param errno where the call leaves its errno
    /// @param fd the socket
    /// @param level [#SOL_SOCKET] and others
    /// @param optname the option
    /// @param optval receives its value
    /// @param optlen its size, in and out
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/getsockopt.2.html">getsockopt(2)</a>
    public static int getsockopt(Errno errno, int fd, int level, int optname, MemorySegment optval,
            MemorySegment optlen) {
        try {
            return errno.join((int) Getsockopt.CALL.invokeExact(errno.captured, fd, level, optname,
                    optval, optlen));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Writes, perhaps less than asked.
    ///
    /// @param errno where the call leaves its errno
    /// @param fd the descriptor
    /// @param buf off-heap memory of at least `count` bytes
    /// @param count how many bytes at most
    /// @param flags [#MSG_NOSIGNAL] and others
    /// @return the number of bytes, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/send.2.html">send(2)</a>
    public static long send(Errno errno, int fd, MemorySegment buf, long count, int flags) {
        try {
            return errno.join((long) Send.CALL.invokeExact(errno.captured, fd, buf, count, flags));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Reads what is there; 0 is the end of the stream.
    ///
    /// @param errno where the call leaves its errno
    /// @param fd the descriptor
    /// @param buf off-heap memory of at least `count` bytes
    /// @param count how many bytes at most
    /// @param flags [#MSG_DONTWAIT] and others
    /// @return the number of bytes, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/recv.2.html">recv(2)</a>
    public static long recv(Errno errno, int fd, MemorySegment buf, long count, int flags) {
        try {
            return errno.join((long) Recv.CALL.invokeExact(errno.captured, fd, buf, count, flags));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Reads one message, and who sent it. What does not fit into the buffer is lost.
    ///
    /// @param errno where the call leaves its errno
    /// @param fd the socket
    /// @param buf off-heap memory of at least `count` bytes
    /// @param count how many bytes at most
    /// @param flags [#MSG_DONTWAIT] and others
    /// @param addr receives the sender's address, or NULL
    /// @param addrlen its size, in and out, or NULL
    /// @return the number of bytes, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/recvfrom.2.html">recvfrom(2)</a>
    public static long recvfrom(Errno errno, int fd, MemorySegment buf, long count, int flags,
            MemorySegment addr, MemorySegment addrlen) {
        try {
            return errno
                    .join((long) Recvfrom.CALL.invokeExact(errno.captured, fd, buf, count, flags,
                            addr, addrlen));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Writes from several buffers, with control data such as descriptors.
    ///
    /// @param errno where the call leaves its errno
    /// @param fd the socket
    /// @param msg a `struct msghdr`
    /// @param flags [#MSG_NOSIGNAL] and others
    /// @return the number of bytes, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/sendmsg.2.html">sendmsg(2)</a>
    public static long sendmsg(Errno errno, int fd, MemorySegment msg, int flags) {
        try {
            return errno.join((long) Sendmsg.CALL.invokeExact(errno.captured, fd, msg, flags));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Reads into several buffers, with control data such as descriptors.
    ///
    /// @param errno where the call leaves its errno
    /// @param fd the socket
    /// @param msg a `struct msghdr`
    /// @param flags [#MSG_DONTWAIT] and others
    /// @return the number of bytes, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/recvmsg.2.html">recvmsg(2)</a>
    public static long recvmsg(Errno errno, int fd, MemorySegment msg, int flags) {
        try {
            return errno.join((long) Recvmsg.CALL.invokeExact(errno.captured, fd, msg, flags));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Makes two sockets that are connected to each other.
    ///
    /// @param errno where the call leaves its errno
    /// @param domain [#AF_UNIX]
    /// @param type [#SOCK_STREAM]
    /// @param protocol 0
    /// @param fds two ints: receives the descriptors
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/socketpair.2.html">socketpair(2)</a>
    public static int socketpair(Errno errno, int domain, int type, int protocol,
            MemorySegment fds) {
        try {
            return errno.join(
                    (int) Socketpair.CALL.invokeExact(errno.captured, domain, type, protocol, fds));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Sets an option that is an int. For the cold path: it allocates.
    ///
    /// @param errno where the call leaves its errno
    /// @param fd the socket
    /// @param level [#SOL_SOCKET] and others
    /// @param optname the option
    /// @param value its value
    /// @return 0, or a negative errno
    public static int setsockopt(Errno errno, int fd, int level, int optname, int value) {
        try (Arena arena = Arena.ofConfined()) {
            return setsockopt(errno, fd, level, optname, arena.allocateFrom(JAVA_INT, value), 4);
        }
    }

    /// Reads an option that is an int. For the cold path: it allocates.
    ///
    /// @param errno where the call leaves its errno
    /// @param fd the socket
    /// @param level [#SOL_SOCKET] and others
    /// @param optname the option
    /// @return its value, or a negative errno
    public static int getsockopt(Errno errno, int fd, int level, int optname) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(JAVA_INT);
            int result = getsockopt(errno, fd, level, optname, value,
                    arena.allocateFrom(JAVA_INT, 4));
            return result < 0 ? result : value.get(JAVA_INT, 0);
        }
    }
}
