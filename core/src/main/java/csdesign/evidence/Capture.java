// SPDX-License-Identifier: MIT
package csdesign.evidence;

import static csdesign.posix.Errno.check;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import csdesign.posix.Errno;
import csdesign.posix.NetpacketPacket;
import csdesign.posix.SysSocket;
import csdesign.posix.Unistd;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The TCP segments that cross the network of the calling thread, as a packet socket sees
/// them: each once, when it arrives. On the loopback a segment may be as long as 64 KiB,
/// for nothing cuts it there.
///
/// For one thread.
///
/// @see <a href="https://man7.org/linux/man-pages/man7/packet.7.html">packet(7)</a>
public final class Capture implements AutoCloseable {
    /// The headers of a segment, with room for options.
    private static final int HEADER_BYTES = 256;

    /// Where the headers say what is read here: RFC 9293 section 3.1, RFC 791 section
    /// 3.1.
    private static final int IP_LENGTH = 2;
    private static final int IP_PROTOCOL = 9;
    private static final int TCP_OFFSET = 12;
    private static final int TCP_FLAGS = 13;
    private static final List<String> FLAGS = List.of("FIN", "SYN", "RST", "PSH", "ACK");

    private final Arena arena = Arena.ofConfined();
    private final Errno errno = Errno.allocate(arena);
    private final MemorySegment header = arena.allocate(HEADER_BYTES);
    private final int fd;

    private Capture(int fd) {
        this.fd = fd;
    }

    /// A segment.
    ///
    /// @param from the port that sent it
    /// @param to the port that it arrived at
    /// @param flags with a space between them: `RST ACK`
    /// @param dataBytes how much data it carried
    public record Segment(int from, int to, String flags, int dataBytes) {
        /// Whether a flag is set.
        ///
        /// @param flag `FIN`, `SYN`, `RST`, `PSH` or `ACK`
        /// @return whether it is
        public boolean has(String flag) {
            return flags.contains(flag);
        }
    }

    /// Begins.
    ///
    /// @return nothing where this user may not: it needs CAP_NET_RAW
    /// @throws IOException when there is no descriptor for it
    public static Optional<Capture> begin() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            // Of IPv4, as it arrives, and cooked: without the link's header.
            int protocol = Short.toUnsignedInt(
                    Short.reverseBytes((short) NetpacketPacket.ETH_P_IP));
            int fd = SysSocket.socket(
                    Errno.allocate(arena),
                    SysSocket.AF_PACKET,
                    SysSocket.SOCK_DGRAM | SysSocket.SOCK_NONBLOCK | SysSocket.SOCK_CLOEXEC,
                    protocol);
            return fd == -Errno.EPERM
                    ? Optional.empty()
                    : Optional.of(new Capture(check(fd, "socket", "AF_PACKET")));
        }
    }

    /// What has crossed since it began, or since this was last asked.
    ///
    /// @param port one of the two ends
    /// @return in their order
    /// @throws IOException when segments were lost, for there were too many
    public List<Segment> segments(int port) throws IOException {
        List<Segment> segments = new ArrayList<>();
        while (true) {
            long count = SysSocket.recv(errno, fd, header, HEADER_BYTES, 0);
            if (count == -Errno.EAGAIN) {
                return segments;
            }
            if (count < 0) {
                throw new IOException("packet socket: recv: " + Errno.say(count));
            }
            int tcp = (octet(0) & 0xf) * 4;
            if (octet(IP_PROTOCOL) != SysSocket.IPPROTO_TCP || count < tcp + TCP_FLAGS + 1) {
                continue;
            }
            int from = word(tcp);
            int to = word(tcp + 2);
            if (from == port || to == port) {
                int data = word(IP_LENGTH) - tcp - (octet(tcp + TCP_OFFSET) >> 4) * 4;
                segments.add(new Segment(from, to, flags(octet(tcp + TCP_FLAGS)), data));
            }
        }
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
