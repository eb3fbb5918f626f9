// SPDX-License-Identifier: MIT
package csdesign.posix;

import static csdesign.posix.Sandbox.text;
import static csdesign.posix.SysSocket.IPPROTO_IP;
import static csdesign.posix.SysSocket.IPPROTO_TCP;
import static csdesign.posix.SysSocket.IP_BIND_ADDRESS_NO_PORT;
import static csdesign.posix.SysSocket.MSG_DONTWAIT;
import static csdesign.posix.SysSocket.MSG_NOSIGNAL;
import static csdesign.posix.SysSocket.SHUT_RD;
import static csdesign.posix.SysSocket.SHUT_RDWR;
import static csdesign.posix.SysSocket.SHUT_WR;
import static csdesign.posix.SysSocket.SOCK_CLOEXEC;
import static csdesign.posix.SysSocket.SOCK_DGRAM;
import static csdesign.posix.SysSocket.SOCK_NONBLOCK;
import static csdesign.posix.SysSocket.SOCK_STREAM;
import static csdesign.posix.SysSocket.SOL_SOCKET;
import static csdesign.posix.SysSocket.SO_ERROR;
import static csdesign.posix.SysSocket.SO_LINGER;
import static csdesign.posix.SysSocket.SO_RCVBUF;
import static csdesign.posix.SysSocket.SO_RCVTIMEO;
import static csdesign.posix.SysSocket.SO_REUSEADDR;
import static csdesign.posix.SysSocket.TCP_NODELAY;
import static java.lang.foreign.MemorySegment.NULL;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Field;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Every function of `<sys/socket.h>`, called, and its effect looked at from the other side.
class SocketCallsTest {
    private final Sandbox box = new Sandbox();
    private final Errno errno = box.errno;

    @AfterEach
    void close() {
        box.close();
    }

    @Test
    void shouldSendAndReceiveOverASocketPair() throws IOException {
        int[] pair = box.pair();
        MemorySegment buffer = box.arena.allocate(64);

        assertThat(SysSocket.send(errno, pair[0], box.bytes("hello"), 5, MSG_NOSIGNAL))
                .isEqualTo(5);
        assertThat(SysSocket.recv(errno, pair[1], buffer, 64, 0)).isEqualTo(5);
        assertThat(text(buffer, 5)).isEqualTo("hello");
        assertThat(SysSocket.recv(errno, pair[1], buffer, 64, MSG_DONTWAIT))
                .isEqualTo(-Errno.EAGAIN);
    }

    @Test
    void shouldGatherAndScatterWithIovecs() throws IOException {
        int[] pair = box.pair();
        MemorySegment first = box.arena.allocate(3);
        MemorySegment second = box.arena.allocate(8);

        assertThat(SysSocket.sendmsg(
                errno, pair[0], message(box.bytes("abc"), box.bytes("defgh")), MSG_NOSIGNAL))
                .isEqualTo(8);
        assertThat(SysSocket.recvmsg(errno, pair[1], message(first, second), 0)).isEqualTo(8);
        assertThat(text(first, 3)).isEqualTo("abc");
        assertThat(text(second, 5)).isEqualTo("defgh");
    }

    /// A `struct msghdr` that points at two `struct iovec`.
    private MemorySegment message(MemorySegment... buffers) {
        MemorySegment vector = box.arena.allocate((long) SysSocket.IOVEC_BYTES * buffers.length, 8);
        for (int i = 0; i < buffers.length; i++) {
            vector.set(ADDRESS, (long) i * SysSocket.IOVEC_BYTES, buffers[i]);
            vector.set(JAVA_LONG, (long) i * SysSocket.IOVEC_BYTES + 8, buffers[i].byteSize());
        }
        MemorySegment message = box.arena.allocate(SysSocket.MSGHDR_BYTES, 8);
        message.set(ADDRESS, 16, vector);
        message.set(JAVA_LONG, 24, buffers.length);
        return message;
    }

    @Test
    void shouldConnectAndAcceptWithTheFlagsAskedFor() throws IOException {
        int listener = box.listener(SOCK_NONBLOCK | SOCK_CLOEXEC);
        InetSocketAddress address = box.name(listener);
        assertThat(address.getPort()).isPositive();
        assertThat(accept(listener, SOCK_NONBLOCK)).isEqualTo(-Errno.EAGAIN);

        int client = box.keep(SysSocket.socket(errno, SysSocket.AF_INET, SOCK_STREAM, 0));
        MemorySegment name = SockAddr.of(box.arena, address);
        assertThat(SysSocket.connect(errno, client, name, (int) name.byteSize())).isZero();

        MemorySegment peer = box.arena.allocate(SockAddr.IN6_BYTES, 8);
        MemorySegment size = box.arena.allocateFrom(JAVA_INT, SockAddr.IN6_BYTES);
        int server = box.keep(
                SysSocket.accept4(errno, listener, peer, size, SOCK_NONBLOCK | SOCK_CLOEXEC));
        assertThat(server).isPositive();
        assertThat(size.get(JAVA_INT, 0)).isEqualTo(SockAddr.IN_BYTES);
        assertThat(SockAddr.read(peer)).isEqualTo(box.name(client));
        assertThat(Fcntl.fcntl(errno, server, Fcntl.F_GETFL, 0) & Fcntl.O_NONBLOCK).isNotZero();
        assertThat(Fcntl.fcntl(errno, server, Fcntl.F_GETFD, 0)).isEqualTo(Fcntl.FD_CLOEXEC);
    }

    private int accept(int listener, int flags) {
        return SysSocket.accept4(errno, listener, MemorySegment.NULL, MemorySegment.NULL, flags);
    }

    @Test
    void shouldTellWhoTheOtherSideIsAndHowTheConnectionFares() throws IOException {
        int listener = box.listener(0);
        int client = box.keep(SysSocket.socket(errno, SysSocket.AF_INET, SOCK_STREAM, 0));
        MemorySegment peer = box.arena.allocate(SockAddr.IN6_BYTES, 8);
        MemorySegment size = box.arena.allocateFrom(JAVA_INT, SockAddr.IN6_BYTES);
        assertThat(SysSocket.getpeername(errno, client, peer, size)).isEqualTo(-Errno.ENOTCONN);
        assertThat(info(client).get(JAVA_BYTE, LinuxTcp.TCPI_STATE))
                .isEqualTo((byte) LinuxTcp.TCP_CLOSE);
        assertThat(info(listener).get(JAVA_BYTE, LinuxTcp.TCPI_STATE))
                .isEqualTo((byte) LinuxTcp.TCP_LISTEN);

        MemorySegment name = SockAddr.of(box.arena, box.name(listener));
        SysSocket.connect(errno, client, name, (int) name.byteSize());
        MemorySegment entry = box.arena.allocate(SysPoll.POLLFD_BYTES, 8);
        SysPoll.set(entry, 0, listener, SysPoll.POLLIN);
        assertThat(SysPoll.poll(errno, entry, 1, 5_000)).isOne();
        assertThat(info(listener).get(JAVA_INT, LinuxTcp.TCPI_UNACKED)).as("waits").isOne();
        int server = box.keep(accept(listener, 0));
        assertThat(SysSocket.getpeername(errno, client, peer, size)).isZero();
        assertThat(size.get(JAVA_INT, 0)).isEqualTo(SockAddr.IN_BYTES);
        assertThat(SockAddr.read(peer)).isEqualTo(box.name(server));

        assertThat(info(listener).get(JAVA_INT, LinuxTcp.TCPI_UNACKED)).as("waits").isZero();
        SysSocket.listen(errno, listener, 7);
        assertThat(info(listener).get(JAVA_INT, LinuxTcp.TCPI_SACKED)).as("backlog").isEqualTo(7);

        for (int i = 0; i < 3; i++) {
            SysSocket.send(errno, client, box.bytes("hello"), 5, MSG_NOSIGNAL);
            SysSocket.recv(errno, server, box.arena.allocate(5), 5, 0);
        }
        MemorySegment sent = info(client);
        assertThat(sent.get(JAVA_BYTE, LinuxTcp.TCPI_STATE))
                .isEqualTo((byte) LinuxTcp.TCP_ESTABLISHED);
        assertThat(sent.get(JAVA_LONG, LinuxTcp.TCPI_BYTES_SENT)).isEqualTo(15);
        assertThat(sent.get(JAVA_INT, LinuxTcp.TCPI_DATA_SEGS_OUT)).isEqualTo(3);
        assertThat(sent.get(JAVA_INT, LinuxTcp.TCPI_SEGS_OUT)).as("SYN, ACK, 3").isEqualTo(5);
        assertThat(sent.get(JAVA_INT, LinuxTcp.TCPI_RTT)).as("µs").isBetween(1, 1_000_000);
        assertThat(sent.get(JAVA_INT, LinuxTcp.TCPI_SND_MSS)).isBetween(500, 65_536);
        MemorySegment received = info(server);
        assertThat(received.get(JAVA_INT, LinuxTcp.TCPI_DATA_SEGS_IN)).isEqualTo(3);
        assertThat(received.get(JAVA_INT, LinuxTcp.TCPI_SEGS_IN)).isGreaterThanOrEqualTo(3);
        SysSocket.shutdown(errno, client, SHUT_WR);
        assertThat(SysSocket.recv(errno, server, box.arena.allocate(1), 1, 0)).isZero();
        assertThat(info(server).get(JAVA_BYTE, LinuxTcp.TCPI_STATE))
                .isEqualTo((byte) LinuxTcp.TCP_CLOSE_WAIT);
        assertThat(LinuxTcp.info(errno, box.pair()[0], sent)).isEqualTo(-Errno.EOPNOTSUPP);
    }

    @Test
    void shouldForgetBytesOfAConnectionWithoutCopyingThem() throws IOException {
        int listener = box.listener(0);
        int client = box.keep(SysSocket.socket(errno, SysSocket.AF_INET, SOCK_STREAM, 0));
        MemorySegment name = SockAddr.of(box.arena, box.name(listener));
        SysSocket.connect(errno, client, name, (int) name.byteSize());
        int server = box.keep(accept(listener, 0));
        SysSocket.send(errno, client, box.bytes("hello"), 5, MSG_NOSIGNAL);
        MemorySegment buffer = box.arena.allocateFrom("-----");

        assertThat(SysSocket.recv(errno, server, buffer, 4, SysSocket.MSG_TRUNC)).isEqualTo(4);
        assertThat(text(buffer, 5)).isEqualTo("-----");
        assertThat(SysSocket.recv(errno, server, buffer, 4, 0)).isOne();
        assertThat(text(buffer, 1)).isEqualTo("o");
    }

    /// Full of ones before, so that what the kernel does not write shows.
    private MemorySegment info(int fd) throws IOException {
        MemorySegment info = box.arena.allocate(2L * LinuxTcp.INFO_BYTES, 8);
        info.fill((byte) 0xff);
        Errno.check(LinuxTcp.info(errno, fd, info), "getsockopt", "TCP_INFO");
        assertThat(info.asSlice(info.byteSize() - 8).get(JAVA_LONG, 0)).as("beyond").isZero();
        return info;
    }

    @Test
    void shouldNameTheStatesOfAConnection() throws ReflectiveOperationException {
        int states = 0;
        for (Field field : LinuxTcp.class.getFields()) {
            if (field.getName().startsWith("TCP_")) {
                assertThat("TCP_" + LinuxTcp.stateName(field.getInt(null)))
                        .isEqualTo(field.getName());
                states++;
            }
        }
        assertThat(states).isEqualTo(11);
        assertThat(LinuxTcp.stateName(99)).isEqualTo("state 99");
    }

    @Test
    void shouldReceiveAMessageAndWhoSentIt() throws IOException {
        int receiver = box.keep(SysSocket.socket(errno, SysSocket.AF_INET, SOCK_DGRAM, 0));
        int sender = box.keep(SysSocket.socket(errno, SysSocket.AF_INET, SOCK_DGRAM, 0));
        MemorySegment any = SockAddr.of(box.arena, Sandbox.loopback(0));
        SysSocket.bind(errno, receiver, any, (int) any.byteSize());
        MemorySegment name = SockAddr.of(box.arena, box.name(receiver));
        SysSocket.connect(errno, sender, name, (int) name.byteSize());
        SysSocket.send(errno, sender, box.bytes("hello"), 5, 0);

        MemorySegment from = box.arena.allocate(SockAddr.IN6_BYTES, 8);
        MemorySegment size = box.arena.allocateFrom(JAVA_INT, SockAddr.IN6_BYTES);
        MemorySegment buffer = box.arena.allocate(8);
        assertThat(SysSocket.recvfrom(errno, receiver, buffer, 4, 0, from, size)).isEqualTo(4);
        assertThat(text(buffer, 4)).isEqualTo("hell");
        assertThat(SockAddr.read(from)).isEqualTo(box.name(sender));
        assertThat(SysSocket.recvfrom(errno, receiver, buffer, 8, MSG_DONTWAIT, NULL, NULL))
                .as("the rest is lost").isEqualTo(-Errno.EAGAIN);
        MemorySegment timeval = box.arena.allocate(16, 8);
        timeval.set(JAVA_LONG, 8, 20_000);
        assertThat(SysSocket.setsockopt(errno, receiver, SOL_SOCKET, SO_RCVTIMEO, timeval, 16))
                .isZero();
        assertThat(SysSocket.recvfrom(errno, receiver, buffer, 8, 0, NULL, NULL))
                .as("in time").isEqualTo(-Errno.EAGAIN);
        assertThat(SysSocket.recvfrom(errno, -1, buffer, 8, 0, NULL, NULL))
                .isEqualTo(-Errno.EBADF);
    }

    @Test
    void shouldTellAddressesApartByFamilyHostAndPort() throws IOException {
        MemorySegment one = address("127.0.0.1", 7);
        assertThat(SockAddr.isSame(one, address("127.0.0.1", 7))).isTrue();
        assertThat(SockAddr.isSame(one, address("127.0.0.1", 7 << 8))).isFalse();
        assertThat(SockAddr.isSame(one, address("127.0.1.1", 7))).isFalse();
        assertThat(SockAddr.isSame(one, address("::1", 7))).isFalse();
        assertThat(SockAddr.isSame(address("::1", 7), address("::1", 7))).isTrue();
        assertThat(SockAddr.isSame(address("::2", 7), address("::1", 7))).isFalse();
        MemorySegment none = box.arena.allocate(SockAddr.IN_BYTES, 8);
        assertThat(SockAddr.isSame(none, none)).as("AF_UNSPEC").isFalse();
    }

    private MemorySegment address(String host, int port) {
        return SockAddr.of(
                box.arena, new InetSocketAddress(InetAddress.ofLiteral(host), port));
    }

    @Test
    void shouldRefuseTheAddressThatIsTaken() throws IOException {
        int listener = box.listener(0);
        int second = box.keep(SysSocket.socket(errno, SysSocket.AF_INET, SOCK_STREAM, 0));
        MemorySegment name = SockAddr.of(box.arena, box.name(listener));

        assertThat(SysSocket.bind(errno, second, name, (int) name.byteSize()))
                .isEqualTo(-Errno.EADDRINUSE);
    }

    @Test
    void shouldTellAConnectThatWasRefusedThroughSoError() throws IOException {
        int listener = box.listener(0);
        MemorySegment name = SockAddr.of(box.arena, box.name(listener));
        // Shut, it listens no more, and the port stays taken: nobody else can answer there.
        SysSocket.shutdown(errno, listener, SHUT_RDWR);
        int client = box.keep(
                SysSocket.socket(errno, SysSocket.AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));

        int connected = SysSocket.connect(errno, client, name, (int) name.byteSize());
        if (connected == -Errno.EINPROGRESS) {
            MemorySegment entry = box.arena.allocate(SysPoll.POLLFD_BYTES, 8);
            SysPoll.set(entry, 0, client, SysPoll.POLLOUT);
            assertThat(SysPoll.poll(errno, entry, 1, 5_000)).isOne();
            connected = -SysSocket.getsockopt(errno, client, SOL_SOCKET, SO_ERROR);
        }
        assertThat(connected).isEqualTo(-Errno.ECONNREFUSED);
        assertThat(SysSocket.getsockopt(errno, client, SOL_SOCKET, SO_ERROR))
                .as("taken once").isZero();
    }

    @Test
    void shouldSetAndReadOptions() throws IOException {
        int socket = box.listener(0);

        assertThat(SysSocket.getsockopt(errno, socket, IPPROTO_TCP, TCP_NODELAY)).isZero();
        assertThat(SysSocket.setsockopt(errno, socket, IPPROTO_TCP, TCP_NODELAY, 1)).isZero();
        assertThat(SysSocket.getsockopt(errno, socket, IPPROTO_TCP, TCP_NODELAY)).isOne();
        assertThat(SysSocket.setsockopt(errno, socket, SOL_SOCKET, SO_REUSEADDR, 1)).isZero();
        assertThat(SysSocket.getsockopt(errno, socket, SOL_SOCKET, SO_REUSEADDR)).isOne();
        assertThat(SysSocket.setsockopt(errno, socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1))
                .isZero();
        assertThat(SysSocket.setsockopt(errno, socket, SOL_SOCKET, SO_RCVBUF, 8_192)).isZero();
        assertThat(SysSocket.getsockopt(errno, socket, SOL_SOCKET, SO_RCVBUF))
                .as("the kernel doubles it").isEqualTo(16_384);
        assertThat(SysSocket.setsockopt(errno, socket, SOL_SOCKET, 9_999, 1))
                .isEqualTo(-Errno.ENOPROTOOPT);
        assertThat(SysSocket.getsockopt(errno, socket, SOL_SOCKET, 9_999))
                .isEqualTo(-Errno.ENOPROTOOPT);
    }

    @Test
    void shouldSetAndReadAnOptionThatIsAStruct() throws IOException {
        int socket = box.listener(0);
        MemorySegment linger = box.arena.allocateFrom(JAVA_INT, 1, 7);
        MemorySegment read = box.arena.allocate(JAVA_INT, 2);
        MemorySegment size = box.arena.allocateFrom(JAVA_INT, 8);

        assertThat(SysSocket.setsockopt(errno, socket, SOL_SOCKET, SO_LINGER, linger, 8)).isZero();
        assertThat(SysSocket.getsockopt(errno, socket, SOL_SOCKET, SO_LINGER, read, size)).isZero();
        assertThat(size.get(JAVA_INT, 0)).isEqualTo(8);
        assertThat(read.mismatch(linger)).isEqualTo(-1);
    }

    @Test
    void shouldEndOneDirectionAndKeepTheOther() throws IOException {
        int[] pair = box.pair();
        MemorySegment buffer = box.arena.allocate(8);

        assertThat(SysSocket.shutdown(errno, pair[0], SHUT_WR)).isZero();
        assertThat(SysSocket.recv(errno, pair[1], buffer, 8, 0)).as("the end").isZero();
        assertThat(SysSocket.send(errno, pair[0], buffer, 1, MSG_NOSIGNAL)).isEqualTo(-Errno.EPIPE);
        assertThat(SysSocket.send(errno, pair[1], box.bytes("back"), 4, MSG_NOSIGNAL)).isEqualTo(4);
        assertThat(SysSocket.recv(errno, pair[0], buffer, 8, 0)).isEqualTo(4);
        assertThat(SysSocket.shutdown(errno, pair[0], SHUT_RD)).isZero();
        assertThat(SysSocket.send(errno, pair[1], buffer, 1, MSG_NOSIGNAL)).isEqualTo(-Errno.EPIPE);
    }

    @Test
    void shouldAnswerTheErrorOfEachCallAsANegativeNumber() throws IOException {
        MemorySegment memory = box.arena.allocate(64, 8);
        memory.set(JAVA_INT, 32, 16);
        MemorySegment size = memory.asSlice(32);
        int ebadf = -Errno.EBADF;

        assertThat(SysSocket.socket(errno, 99, SOCK_STREAM, 0)).isNegative();
        assertThat(SysSocket.bind(errno, -1, memory, 16)).isEqualTo(ebadf);
        assertThat(SysSocket.listen(errno, -1, 1)).isEqualTo(ebadf);
        assertThat(accept(-1, 0)).isEqualTo(ebadf);
        assertThat(SysSocket.connect(errno, -1, memory, 16)).isEqualTo(ebadf);
        assertThat(SysSocket.shutdown(errno, -1, SHUT_WR)).isEqualTo(ebadf);
        assertThat(SysSocket.getsockname(errno, -1, memory, size)).isEqualTo(ebadf);
        assertThat(SysSocket.send(errno, -1, memory, 1, 0)).isEqualTo(ebadf);
        assertThat(SysSocket.recv(errno, -1, memory, 1, 0)).isEqualTo(ebadf);
        assertThat(SysSocket.sendmsg(errno, -1, message(memory), 0)).isEqualTo(ebadf);
        assertThat(SysSocket.recvmsg(errno, -1, message(memory), 0)).isEqualTo(ebadf);
        assertThat(SysSocket.socketpair(errno, SysSocket.AF_INET, SOCK_STREAM, 0, memory))
                .isEqualTo(-Errno.EOPNOTSUPP);
        assertThat(SysSocket.shutdown(
                errno, box.keep(SysSocket.socket(errno, SysSocket.AF_INET, SOCK_STREAM, 0)),
                SHUT_WR))
                .isEqualTo(-Errno.ENOTCONN);
    }

    @Test
    void shouldCarryAddressesThereAndBack() throws IOException {
        for (String host : new String[] {"127.0.0.1", "10.1.2.3", "::1", "2001:db8::42"}) {
            InetSocketAddress address = new InetSocketAddress(InetAddress.ofLiteral(host), 40_000);
            MemorySegment segment = SockAddr.of(box.arena, address);

            boolean six = address.getAddress() instanceof Inet6Address;
            assertThat(segment.byteSize()).isEqualTo(six ? SockAddr.IN6_BYTES : SockAddr.IN_BYTES);
            assertThat(SockAddr.family(address))
                    .isEqualTo(six ? SysSocket.AF_INET6 : SysSocket.AF_INET);
            assertThat(SockAddr.read(segment)).isEqualTo(address);
        }
    }

    @Test
    void shouldNotReadAnAddressOfAnotherFamily() {
        MemorySegment unix = box.arena.allocate(SockAddr.IN6_BYTES, 8);
        unix.set(java.lang.foreign.ValueLayout.JAVA_SHORT, 0, (short) SysSocket.AF_UNIX);

        assertThatThrownBy(() -> SockAddr.read(unix))
                .isInstanceOf(UnknownHostException.class)
                .hasMessage("address family 1 is not IPv4 or IPv6");
    }
}
