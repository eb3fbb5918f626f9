// SPDX-License-Identifier: MIT
package csdesign.posix;

import static csdesign.posix.NetpacketPacket.ETH_P_ALL;
import static csdesign.posix.NetpacketPacket.ETH_P_IP;
import static csdesign.posix.NetpacketPacket.PACKET_OUTGOING;
import static csdesign.posix.SysSocket.AF_INET;
import static csdesign.posix.SysSocket.MSG_DONTWAIT;
import static csdesign.posix.SysSocket.MSG_NOSIGNAL;
import static csdesign.posix.SysSocket.SOCK_CLOEXEC;
import static csdesign.posix.SysSocket.SOCK_DGRAM;
import static csdesign.posix.SysSocket.SOCK_STREAM;
import static java.lang.foreign.MemorySegment.NULL;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// What sockets hold, and a network that a thread has for itself: its interface, and the packets on it.
class NetworkCallsTest {
    /// The number of the loopback interface in every network.
    private static final int LOOPBACK = 1;

    private static final int PACKET_HOST = 0;

    private static final int ENOTTY = 25;

    private final Sandbox box = new Sandbox();
    private final Errno errno = box.errno;

    @AfterEach
    void close() {
        box.close();
    }

    @Test
    void shouldCountWhatCanBeReadAndWhatIsNotAcknowledged() throws IOException {
        int[] pipe = box.pipe(Fcntl.O_CLOEXEC);
        Unistd.write(errno, pipe[1], box.bytes("hello"), 5);
        assertThat(count(pipe[0], SysIoctl.FIONREAD)).isEqualTo(5);
        assertThat(SysIoctl.ioctl(errno, -1, SysIoctl.FIONREAD, NULL)).isEqualTo(-Errno.EBADF);
        assertThat(SysIoctl.ioctl(errno, pipe[0], SysIoctl.SIOCOUTQ, NULL)).isEqualTo(-ENOTTY);

        int listener = box.listener(SOCK_CLOEXEC);
        int client = box.keep(SysSocket.socket(errno, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        MemorySegment name = SockAddr.of(box.arena, box.name(listener));
        SysSocket.connect(errno, client, name, (int) name.byteSize());
        assertThat(count(client, SysIoctl.SIOCOUTQ)).isZero();
        MemorySegment bytes = box.arena.allocate(1 << 16);
        long sent = 0;
        for (long n = 1; n > 0; sent += Math.max(n, 0)) {
            n = SysSocket.send(errno, client, bytes, 1 << 16, MSG_DONTWAIT | MSG_NOSIGNAL);
        }
        int server = box.keep(SysSocket.accept4(errno, listener, NULL, NULL, SOCK_CLOEXEC));
        int queued = count(client, SysIoctl.SIOCOUTQ);
        assertThat(queued).as("the receiver is full").isBetween(1, (int) sent - 1);
        assertThat(queued + count(server, SysIoctl.FIONREAD))
                .as("here or there, or there and not acknowledged")
                .isGreaterThanOrEqualTo((int) sent);
    }

    private int count(int fd, int request) throws IOException {
        MemorySegment count = box.arena.allocateFrom(JAVA_INT, -1);
        Errno.check(SysIoctl.ioctl(errno, fd, request, count), "ioctl");
        return count.get(JAVA_INT, 0);
    }

    @Test
    void shouldBringUpTheLoopbackOfANetworkOfItsOwn() throws Exception {
        inANetworkOfItsOwn(own -> {
            int fd = own.keep(SysSocket.socket(own.errno, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
            MemorySegment ifreq = ifreq(own, "lo");
            assertThat(ioctl(own, fd, SysIoctl.SIOCGIFFLAGS, ifreq)).isZero();
            assertThat(ifreq.get(JAVA_SHORT, SysIoctl.IFR_FLAGS) & SysIoctl.IFF_UP).isZero();
            MemorySegment name = SockAddr.of(own.arena, Sandbox.loopback(7));
            assertThat(SysSocket.connect(own.errno, fd, name, (int) name.byteSize()))
                    .as("down").isEqualTo(-Errno.ENETUNREACH);

            up(own, fd);
            assertThat(ioctl(own, fd, SysIoctl.SIOCGIFFLAGS, ifreq)).isZero();
            assertThat(ifreq.get(JAVA_SHORT, SysIoctl.IFR_FLAGS) & SysIoctl.IFF_UP).isOne();
            assertThat(SysSocket.connect(own.errno, fd, name, (int) name.byteSize())).isZero();

            ifreq.set(JAVA_INT, SysIoctl.IFR_MTU, 1_500);
            assertThat(ioctl(own, fd, SysIoctl.SIOCSIFMTU, ifreq)).isZero();
            ifreq.set(JAVA_INT, SysIoctl.IFR_MTU, 0);
            assertThat(ioctl(own, fd, SysIoctl.SIOCGIFMTU, ifreq)).isZero();
            assertThat(ifreq.get(JAVA_INT, SysIoctl.IFR_MTU)).isEqualTo(1_500);
            assertThat(ioctl(own, fd, SysIoctl.SIOCGIFMTU, ifreq(own, "absent")))
                    .isEqualTo(-Errno.ENODEV);
        });
        int here = box.keep(SysSocket.socket(errno, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        MemorySegment ifreq = ifreq(box, "lo");
        assertThat(ioctl(box, here, SysIoctl.SIOCGIFMTU, ifreq)).isZero();
        assertThat(ifreq.get(JAVA_INT, SysIoctl.IFR_MTU)).as("of this thread").isNotEqualTo(1_500);
        assertThat(Sched.unshare(errno, 1)).isEqualTo(-Errno.EINVAL);
    }

    @Test
    void shouldSeeAPacketOnTheLoopbackOnceOrOnItsWayInAndOut() throws Exception {
        inANetworkOfItsOwn(own -> {
            int udp = own.keep(SysSocket.socket(own.errno, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
            up(own, udp);
            MemorySegment name = SockAddr.of(own.arena, Sandbox.loopback(0));
            SysSocket.bind(own.errno, udp, name, (int) name.byteSize());
            name = SockAddr.of(own.arena, own.name(udp));
            SysSocket.connect(own.errno, udp, name, (int) name.byteSize()); // to itself
            int unbound = packetSocket(own);
            int arriving = packetSocket(own);
            int all = packetSocket(own);
            bind(own, arriving, ETH_P_IP);
            bind(own, all, ETH_P_ALL);

            assertThat(SysSocket.send(own.errno, udp, own.bytes("hello"), 5, 0)).isEqualTo(5);
            assertThat(SysSocket.recv(own.errno, udp, own.arena.allocate(8), 8, 0)).isEqualTo(5);
            assertThat(packets(own, unbound)).isEmpty();
            assertThat(packets(own, arriving)).containsExactly("hello " + PACKET_HOST);
            assertThat(packets(own, all))
                    .containsExactly("hello " + PACKET_OUTGOING, "hello " + PACKET_HOST);
        });
    }

    private static int packetSocket(Sandbox own) throws IOException {
        return own.keep(Errno.check(SysSocket.socket(
                own.errno, SysSocket.AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket"));
    }

    private static void bind(Sandbox own, int fd, int protocol) throws IOException {
        MemorySegment address = NetpacketPacket.sockaddr_ll(own.arena, protocol, LOOPBACK);
        Errno.check(SysSocket.bind(own.errno, fd, address, (int) address.byteSize()), "bind");
    }

    /// The data and the type of each packet that a socket has received.
    private static List<String> packets(Sandbox own, int fd) {
        List<String> packets = new ArrayList<>();
        MemorySegment packet = own.arena.allocate(1_500);
        MemorySegment from = own.arena.allocate(NetpacketPacket.SOCKADDR_LL_BYTES, 8);
        int headers = 20 + 8; // of IP and UDP
        while (true) {
            MemorySegment size = own.arena.allocateFrom(JAVA_INT, (int) from.byteSize());
            long n = SysSocket.recvfrom(own.errno, fd, packet, 1_500, MSG_DONTWAIT, from, size);
            if (n < 0) {
                assertThat(n).isEqualTo(-Errno.EAGAIN);
                return packets;
            }
            packets.add(Sandbox.text(packet.asSlice(headers), n - headers) + " "
                    + from.get(JAVA_BYTE, NetpacketPacket.SLL_PKTTYPE));
        }
    }

    private interface Body {
        void in(Sandbox own) throws IOException;
    }

    /// A platform thread for the body alone: the network ends with it and its sockets.
    private static void inANetworkOfItsOwn(Body body) throws Exception {
        Callable<Integer> call = () -> {
            try (Sandbox own = new Sandbox()) {
                int result = Sched.unshare(own.errno, Sched.CLONE_NEWNET);
                if (result == 0) {
                    body.in(own);
                }
                return result;
            }
        };
        FutureTask<Integer> task = new FutureTask<>(call);
        Thread.ofPlatform().start(task);
        int result = task.get();
        assumeFalse(result == -Errno.EPERM, "a network of its own needs CAP_SYS_ADMIN");
        assertThat(Errno.say(result)).isEqualTo("0");
    }

    private static void up(Sandbox own, int fd) throws IOException {
        MemorySegment ifreq = ifreq(own, "lo");
        Errno.check(ioctl(own, fd, SysIoctl.SIOCGIFFLAGS, ifreq), "ioctl", "SIOCGIFFLAGS");
        int flags = ifreq.get(JAVA_SHORT, SysIoctl.IFR_FLAGS);
        ifreq.set(JAVA_SHORT, SysIoctl.IFR_FLAGS, (short) (flags | SysIoctl.IFF_UP));
        Errno.check(ioctl(own, fd, SysIoctl.SIOCSIFFLAGS, ifreq), "ioctl", "SIOCSIFFLAGS");
    }

    private static int ioctl(Sandbox own, int fd, int request, MemorySegment ifreq) {
        return SysIoctl.ioctl(own.errno, fd, request, ifreq);
    }

    private static MemorySegment ifreq(Sandbox own, String name) {
        MemorySegment ifreq = own.arena.allocate(SysIoctl.IFREQ_BYTES, 8);
        ifreq.setString(0, name);
        return ifreq;
    }
}
