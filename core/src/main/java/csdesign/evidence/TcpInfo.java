// SPDX-License-Identifier: MIT
package csdesign.evidence;

import static csdesign.posix.Errno.check;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import csdesign.posix.Errno;
import csdesign.posix.LinuxTcp;
import csdesign.posix.SysSocket;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/// One end of a connection, as the kernel sees it.
///
/// @param state its name in RFC 9293: `ESTABLISHED`
/// @param sendMss the largest segment that it sends, in bytes of data
/// @param segmentsOut all that it sent, those without data too
/// @param segmentsIn all that it received
/// @param dataSegmentsOut those that it sent with data, the repeated ones too
/// @param dataSegmentsIn those that it received with data
/// @param unacknowledged segments on their way; of a listening socket, see [#acceptQueue]
/// @param sacked segments that arrived beyond a gap; of a listening socket, see
///     [#acceptBacklog]
/// @param retransmitted segments that were sent again
/// @param heldBack bytes that were written and have never been sent
/// @see <a href="https://man7.org/linux/man-pages/man7/tcp.7.html">tcp(7), TCP_INFO</a>
public record TcpInfo(
        String state,
        int sendMss,
        int segmentsOut,
        int segmentsIn,
        int dataSegmentsOut,
        int dataSegmentsIn,
        int unacknowledged,
        int sacked,
        int retransmitted,
        int heldBack) {
    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

    /// How many connections wait to be accepted. For a listening socket Linux keeps this
    /// number in the field that holds, for a connection, the segments on their way.
    ///
    /// @return at most one more than [#acceptBacklog]
    public int acceptQueue() {
        return unacknowledged;
    }

    /// How many connections may wait to be accepted: what listen(2) was given, cut to the
    /// system's limit.
    ///
    /// @return of a listening socket
    public int acceptBacklog() {
        return sacked;
    }

    /// Reads it. Counts that this kernel does not have are 0; data segments came with
    /// Linux 4.6.
    ///
    /// @param fd a TCP socket
    /// @return as it is now
    /// @throws IOException when it is none
    public static TcpInfo of(int fd) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment info = arena.allocate(LinuxTcp.INFO_BYTES, 8);
            Errno errno = Errno.allocate(arena);
            check(LinuxTcp.info(errno, fd, info), "getsockopt", "TCP_INFO");
            return new TcpInfo(
                    LinuxTcp.stateName(info.get(JAVA_BYTE, LinuxTcp.TCPI_STATE)),
                    info.get(JAVA_INT, LinuxTcp.TCPI_SND_MSS),
                    info.get(JAVA_INT, LinuxTcp.TCPI_SEGS_OUT),
                    info.get(JAVA_INT, LinuxTcp.TCPI_SEGS_IN),
                    info.get(JAVA_INT, LinuxTcp.TCPI_DATA_SEGS_OUT),
                    info.get(JAVA_INT, LinuxTcp.TCPI_DATA_SEGS_IN),
                    info.get(JAVA_INT, LinuxTcp.TCPI_UNACKED),
                    info.get(JAVA_INT, LinuxTcp.TCPI_SACKED),
                    info.get(JAVA_INT, LinuxTcp.TCPI_TOTAL_RETRANS),
                    info.get(JAVA_INT, LinuxTcp.TCPI_NOTSENT_BYTES));
        }
    }

    /// Reads that of a socket of this process whose descriptor is not known, as the JDK
    /// keeps those of its channels.
    ///
    /// @param name its addresses and ports
    /// @return as it is now
    /// @throws IOException when this process has no such socket
    public static TcpInfo of(FourTuple name) throws IOException {
        try (Arena arena = Arena.ofConfined(); Stream<Path> all = Files.list(DESCRIPTORS)) {
            Errno errno = Errno.allocate(arena);
            for (Path path : all.toList()) {
                int fd = Integer.parseInt(path.getFileName().toString());
                if (isNamed(errno, fd, name)) {
                    return of(fd);
                }
            }
        }
        throw new IOException("this process has no socket from " + name);
    }

    /// Whether a descriptor is a TCP socket of that name. Of a file, of a socket of
    /// another kind, and of the folder's own that is closed by now, it is not.
    private static boolean isNamed(Errno errno, int fd, FourTuple name) {
        try {
            return FourTuple.of(errno, fd).equals(name);
        } catch (IOException other) {
            return false;
        }
    }

    /// What the kernel has dropped at one socket. At one that listens: SYNs, and last
    /// steps of handshakes, that found its queue full. The counters of [NetCounters] say
    /// it for all sockets of the network together.
    ///
    /// @param fd a socket
    /// @return how many segments, since it was made
    /// @throws IOException when it is none; a [NotHereException] on Linux before 4.12
    public static long drops(int fd) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Errno errno = Errno.allocate(arena);
            MemorySegment memory = arena.allocate(SysSocket.MEMINFO_BYTES, 8);
            MemorySegment size = arena.allocateFrom(JAVA_INT, SysSocket.MEMINFO_BYTES);
            int result = SysSocket.getsockopt(
                    errno, fd, SysSocket.SOL_SOCKET, SysSocket.SO_MEMINFO, memory, size);
            if (result == -Errno.ENOPROTOOPT) {
                throw new NotHereException("this kernel does not count what a socket drops");
            }
            check(result, "getsockopt", "SO_MEMINFO");
            return Integer.toUnsignedLong(memory.get(JAVA_INT, SysSocket.MEMINFO_DROPS));
        }
    }

    /// Waits for a state that the other end brings about.
    ///
    /// @param fd a TCP socket
    /// @param state its name in RFC 9293: `CLOSE_WAIT`
    /// @throws IOException when it does not come: see [Look]
    public static void await(int fd, String state) throws IOException {
        Look.until("the connection is in " + state, () -> of(fd).state, state::equals);
    }
}
