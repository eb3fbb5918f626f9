// SPDX-License-Identifier: MIT
package csdesign.evidence;

import static csdesign.posix.Errno.check;
import static csdesign.posix.SysSocket.AF_INET;
import static csdesign.posix.SysSocket.AF_INET6;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import csdesign.posix.Errno;
import csdesign.posix.LinuxTcp;
import csdesign.posix.SockAddr;
import csdesign.posix.SysSocket;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// One end of a connection, as the kernel sees it.
///
/// @param state its name in RFC 9293: `ESTABLISHED`
/// @param sendMss the largest segment that it sends, in bytes of data
/// @param segmentsOut all that it sent, those without data too
/// @param segmentsIn all that it received
/// @param dataSegmentsOut those that it sent with data, the repeated ones too
/// @param dataSegmentsIn those that it received with data
/// @param unacknowledged segments on their way; of a listening socket, the connections
///     that wait to be accepted
/// @param sacked segments that arrived beyond a gap; of a listening socket, its backlog
/// @param retransmitted segments that were sent again
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
        int retransmitted) {
    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

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
                    info.get(JAVA_INT, LinuxTcp.TCPI_TOTAL_RETRANS));
        }
    }

    /// Reads that of a socket of this process whose descriptor is not known, as the JDK
    /// keeps those of its channels.
    ///
    /// @param port of a TCP socket, the only one here that has it
    /// @return as it is now
    /// @throws IOException when there is none
    public static TcpInfo ofPort(int port) throws IOException {
        try (Arena arena = Arena.ofConfined(); Stream<Path> all = Files.list(DESCRIPTORS)) {
            Errno errno = Errno.allocate(arena);
            MemorySegment name = arena.allocate(SockAddr.IN6_BYTES, 8);
            MemorySegment size = arena.allocate(JAVA_INT);
            for (Path path : all.toList()) {
                int fd = Integer.parseInt(path.getFileName().toString());
                size.set(JAVA_INT, 0, SockAddr.IN6_BYTES);
                if (SysSocket.getsockname(errno, fd, name, size) == 0
                        && List.of(AF_INET, AF_INET6).contains((int) name.get(JAVA_SHORT, 0))
                        && SockAddr.read(name).getPort() == port) {
                    return of(fd);
                }
            }
        }
        throw new IOException("no socket of this process has port " + port);
    }

    /// Waits for a state that the other end brings about.
    ///
    /// @param fd a TCP socket
    /// @param state its name in RFC 9293: `CLOSE_WAIT`
    /// @throws IOException when it does not come: see [Condition]
    public static void await(int fd, String state) throws IOException {
        Condition.await("the connection is in " + state, () -> of(fd).state.equals(state));
    }
}
