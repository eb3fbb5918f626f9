// SPDX-License-Identifier: MIT
package csdesign.evidence;

import static csdesign.posix.Errno.check;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import csdesign.posix.Errno;
import csdesign.posix.NetpacketPacket;
import csdesign.posix.SysSocket;
import csdesign.posix.Unistd;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;

/// The TCP segments that cross the network of the calling thread, as a packet socket sees
/// them: each segment once, when it arrives. On the loopback a segment may have 64 KiB,
/// because no device cuts it there.
///
/// One thread uses a capture.
///
/// @see <a href="https://man7.org/linux/man-pages/man7/packet.7.html">packet(7)</a>
public final class Capture implements AutoCloseable {
    /// The headers of a segment, with room for options.
    private static final int HEADER_BYTES = 256;

    /// Where the headers say what is read here: RFC 9293 section 3.1, RFC 791 section
    /// 3.1.
    private static final int IP_LENGTH = 2;
    private static final int IP_PROTOCOL = 9;
    private static final int IP_FROM = 12;
    private static final int IP_TO = 16;
    private static final int TCP_OFFSET = 12;
    private static final int TCP_FLAGS = 13;
    private static final int TCP_FROM = 0;
    private static final int TCP_TO = 2;
    private static final List<String> FLAGS = List.of("FIN", "SYN", "RST", "PSH", "ACK");

    private final Arena arena = Arena.ofConfined();
    private final Errno errno = Errno.allocate(arena);
    private final MemorySegment header = arena.allocate(HEADER_BYTES, 4);
    private final int fd;

    private Capture(int fd) {
        this.fd = fd;
    }

    /// A segment.
    ///
    /// @param name the end that sent it: its own address and port, and those that it went
    ///     to
    /// @param flags with a space between them: `RST ACK`
    /// @param dataBytes how much data it carried
    public record Segment(FourTuple name, String flags, int dataBytes) {
        /// Whether a flag is set.
        ///
        /// @param flag `FIN`, `SYN`, `RST`, `PSH` or `ACK`
        /// @return whether it is
        public boolean has(String flag) {
            return flags.contains(flag);
        }
    }

    /// Begins. What is not of this port is left out by the kernel, so that other traffic
    /// fills no buffer.
    ///
    /// @param port one of the two ends
    /// @return what sees all that comes from now on
    /// @throws IOException when there is no descriptor for it; a [NotHereException] where
    ///     this user may not, or this kernel cannot
    public static Capture begin(int port) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            // Of IPv4, as it arrives, and cooked: without the link's header.
            int protocol = Short.toUnsignedInt(
                    Short.reverseBytes((short) NetpacketPacket.ETH_P_IP));
            int fd = SysSocket.socket(
                    Errno.allocate(arena),
                    SysSocket.AF_PACKET,
                    SysSocket.SOCK_DGRAM | SysSocket.SOCK_NONBLOCK | SysSocket.SOCK_CLOEXEC,
                    protocol);
            if (fd == -Errno.EMFILE || fd == -Errno.ENFILE) {
                check(fd, "socket", "AF_PACKET");
            }
            if (fd == -Errno.EPERM) {
                throw new NotHereException("a capture needs CAP_NET_RAW: run it as root");
            }
            if (fd < 0) {
                throw new NotHereException(
                        "this kernel has no packet sockets for it: " + Errno.say(fd));
            }
            Capture capture = new Capture(fd);
            capture.leaveOutAllBut(port);
            return capture;
        }
    }

    /// The filter only saves work: [#segments] checks every segment again, and notices
    /// when segments were lost.
    private void leaveOutAllBut(int port) {
        long[][] filter = { // code, jump if so, jump if not, operand: bpf(4) of the BSDs
                {0xb1, 0, 0, 0}, // X = how long the IP header is
                {0x48, 0, 0, TCP_FROM}, {0x15, 2, 0, port}, // from it: take
                {0x48, 0, 0, TCP_TO}, {0x15, 0, 1, port}, // to it: take
                {0x06, 0, 0, HEADER_BYTES}, {0x06, 0, 0, 0}};
        MemorySegment code = arena.allocate(8L * filter.length, 8); // struct sock_filter
        for (int i = 0; i < filter.length; i++) {
            code.set(JAVA_SHORT, 8L * i, (short) filter[i][0]);
            code.set(JAVA_BYTE, 8L * i + 2, (byte) filter[i][1]);
            code.set(JAVA_BYTE, 8L * i + 3, (byte) filter[i][2]);
            code.set(JAVA_INT, 8L * i + 4, (int) filter[i][3]);
        }
        MemorySegment program = arena.allocate(16, 8); // struct sock_fprog
        program.set(JAVA_SHORT, 0, (short) filter.length);
        program.set(ADDRESS, 8, code);
        SysSocket.setsockopt(
                errno, fd, SysSocket.SOL_SOCKET, SysSocket.SO_ATTACH_FILTER, program, 16);
    }

    /// What has crossed of one connection since the capture began.
    ///
    /// @param connection one of its ends
    /// @return the segments of both ends, in their order; those of other connections are
    ///     forgotten
    /// @throws IOException when it cannot be read; a [NotHereException] when segments
    ///     were lost, since there were too many
    public List<Segment> segments(FourTuple connection) throws IOException {
        List<Segment> segments = new ArrayList<>();
        while (true) {
            long count = SysSocket.recv(errno, fd, header, HEADER_BYTES, 0);
            if (count == -Errno.EAGAIN) {
                expectNoLoss();
                return segments;
            }
            if (count < 0) {
                throw new IOException("packet socket: recv: " + Errno.say(count));
            }
            int tcp = (octet(0) & 0xf) * 4;
            if (octet(IP_PROTOCOL) != SysSocket.IPPROTO_TCP || count < tcp + TCP_FLAGS + 1) {
                continue;
            }
            FourTuple name = new FourTuple(
                    end(IP_FROM, tcp + TCP_FROM), end(IP_TO, tcp + TCP_TO));
            if (name.equals(connection) || name.equals(connection.otherEnd())) {
                int data = word(IP_LENGTH) - tcp - (octet(tcp + TCP_OFFSET) >> 4) * 4;
                segments.add(new Segment(name, flags(octet(tcp + TCP_FLAGS)), data));
            }
        }
    }

    private void expectNoLoss() throws IOException {
        MemorySegment size = arena.allocateFrom(JAVA_INT, 8);
        check(
                SysSocket.getsockopt(errno, fd, NetpacketPacket.SOL_PACKET,
                        NetpacketPacket.PACKET_STATISTICS, header, size),
                "getsockopt", "PACKET_STATISTICS");
        int lost = header.get(JAVA_INT, 4); // after the count of those that came
        if (lost > 0) {
            throw new NotHereException(
                    lost + " packets were lost to the capture: there is too much other traffic");
        }
    }

    private InetSocketAddress end(int address, int port) throws UnknownHostException {
        byte[] bytes = header.asSlice(address, 4).toArray(JAVA_BYTE);
        return new InetSocketAddress(InetAddress.getByAddress(bytes), word(port));
    }

    private static String flags(int bits) {
        List<String> set = new ArrayList<>();
        for (int i = 0; i < FLAGS.size(); i++) {
            if ((bits >> i & 1) != 0) {
                set.add(FLAGS.get(i));
            }
        }
        return String.join(" ", set);
    }

    private int octet(long offset) {
        return Byte.toUnsignedInt(header.get(JAVA_BYTE, offset));
    }

    private int word(long offset) {
        return octet(offset) << 8 | octet(offset + 1);
    }

    @Override
    public void close() {
        Unistd.close(errno, fd);
        arena.close();
    }
}
