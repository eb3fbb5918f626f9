// SPDX-License-Identifier: MIT
package csdesign.posix;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// `<linux/tcp.h>`: what the kernel knows of a TCP connection.
///
/// `struct tcp_info` grows with new kernels, but no field of it ever moved. The C
/// library's `<netinet/tcp.h>` has the numbers of the states, and an old version of the
/// struct with fewer fields.
public final class LinuxTcp {
    /// Both sides may send.
    public static final int TCP_ESTABLISHED = 1;

    /// The client asked, and waits for an answer.
    public static final int TCP_SYN_SENT = 2;

    /// The server answered, and waits for the last step of the handshake.
    public static final int TCP_SYN_RECV = 3;

    /// This side closed first, and its FIN is not acknowledged yet.
    public static final int TCP_FIN_WAIT1 = 4;

    /// This side closed first, and waits for the other to close.
    public static final int TCP_FIN_WAIT2 = 5;

    /// Both closed, this side first: the address is kept for 60 s.
    public static final int TCP_TIME_WAIT = 6;

    /// No connection.
    public static final int TCP_CLOSE = 7;

    /// The other side closed, this one did not yet.
    public static final int TCP_CLOSE_WAIT = 8;

    /// Both closed, this side last: its FIN is not acknowledged yet.
    public static final int TCP_LAST_ACK = 9;

    /// A listening socket.
    public static final int TCP_LISTEN = 10;

    /// Both closed at once, the FIN of this side is not acknowledged yet.
    public static final int TCP_CLOSING = 11;

    /// Room for a `struct tcp_info` in bytes: for all that is named here, and more. A
    /// kernel that knows still more leaves its end away.
    public static final int INFO_BYTES = 256;

    /// Offset of the state, one of the `TCP_` numbers here, a byte.
    public static final int TCPI_STATE = 0;

    /// Offset of the largest segment that is sent in bytes, an `int`.
    public static final int TCPI_SND_MSS = 16;

    /// Offset of the count of segments that were sent and are not acknowledged, an `int`;
    /// of a listening socket, of the connections that wait to be accepted.
    public static final int TCPI_UNACKED = 24;

    /// Offset of the count of segments beyond a gap that the other side has, an `int`; of
    /// a listening socket, of its backlog: as it was asked for, or the most there is.
    public static final int TCPI_SACKED = 28;

    /// Offset of the smoothed round-trip time in µs, an `int`.
    public static final int TCPI_RTT = 68;

    /// Offset of the count of retransmitted segments, an `int`.
    public static final int TCPI_TOTAL_RETRANS = 100;

    /// Offset of the count of segments sent, also those without data, an `int`.
    public static final int TCPI_SEGS_OUT = 136;

    /// Offset of the count of segments received, also those without data, an `int`.
    public static final int TCPI_SEGS_IN = 140;

    /// Offset of how many bytes wait to be sent for the first time, an `int`.
    public static final int TCPI_NOTSENT_BYTES = 144;

    /// Offset of the count of segments received with data, an `int`.
    public static final int TCPI_DATA_SEGS_IN = 152;

    /// Offset of the count of segments sent with data, an `int`.
    public static final int TCPI_DATA_SEGS_OUT = 156;

    /// Offset of the count of bytes sent, retransmitted ones too, a `long`.
    public static final int TCPI_BYTES_SENT = 200;

    private LinuxTcp() {}

    /// Reads what the kernel knows of a TCP socket: getsockopt of [SysSocket#TCP_INFO].
    /// For the cold path: it allocates.
    ///
    /// @param errno where the call leaves its errno
    /// @param fd a TCP socket, connected or not
    /// @param info receives a `struct tcp_info`, usually [#INFO_BYTES] bytes; what this
    ///     kernel does not know of is 0
    /// @return 0, or a negative errno: EOPNOTSUPP where it is no TCP socket
    /// @see <a href="https://man7.org/linux/man-pages/man7/tcp.7.html">tcp(7)</a>
    public static int info(Errno errno, int fd, MemorySegment info) {
        info.fill((byte) 0);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment size = arena.allocateFrom(JAVA_INT, (int) info.byteSize());
            return SysSocket.getsockopt(
                    errno, fd, SysSocket.IPPROTO_TCP, SysSocket.TCP_INFO, info, size);
        }
    }

    /// The name of a state.
    ///
    /// @param state [#TCP_ESTABLISHED] and others
    /// @return `ESTABLISHED`, or `state 99` for a number that this class does not name
    public static String stateName(int state) {
        return switch (state) {
            case TCP_ESTABLISHED -> "ESTABLISHED";
            case TCP_SYN_SENT -> "SYN_SENT";
            case TCP_SYN_RECV -> "SYN_RECV";
            case TCP_FIN_WAIT1 -> "FIN_WAIT1";
            case TCP_FIN_WAIT2 -> "FIN_WAIT2";
            case TCP_TIME_WAIT -> "TIME_WAIT";
            case TCP_CLOSE -> "CLOSE";
            case TCP_CLOSE_WAIT -> "CLOSE_WAIT";
            case TCP_LAST_ACK -> "LAST_ACK";
            case TCP_LISTEN -> "LISTEN";
            case TCP_CLOSING -> "CLOSING";
            default -> "state " + state;
        };
    }
}
