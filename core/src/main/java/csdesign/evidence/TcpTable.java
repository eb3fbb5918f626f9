// SPDX-License-Identifier: MIT
package csdesign.evidence;

import csdesign.posix.LinuxTcp;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/// The TCP sockets of the calling thread's network over IPv4, those too that belong to no
/// process any more. They are found by both addresses and both ports: the table is
/// everyone's, and may have a hundred thousand entries.
///
/// @see <a href="https://man7.org/linux/man-pages/man5/proc_pid_net.5.html">proc_pid_net(5), tcp</a>
public final class TcpTable {
    private static final Path FILE = Path.of("/proc/thread-self/net/tcp");
    private static final int HEX = 16;
    private static final double TICKS_PER_SECOND = 100; // USER_HZ, whatever the kernel's own

    /// The kernel writes the table in pieces, and an entry that moves meanwhile can be
    /// missed: one that is missing in so many looks is not there.
    private static final int LOOKS = 3;

    private TcpTable() {}

    /// A socket.
    ///
    /// @param name its addresses and ports
    /// @param state its name in RFC 9293: `TIME_WAIT`
    /// @param timerSeconds until its timer ends, such as that of TIME_WAIT; 0 for none
    public record Entry(FourTuple name, String state, double timerSeconds) {}

    /// Finds a socket.
    ///
    /// @param name its addresses and ports
    /// @return nothing where there is none
    /// @throws IOException when /proc cannot be read
    public static Optional<Entry> find(FourTuple name) throws IOException {
        String key = " " + hex(name.local()) + " " + hex(name.remote()) + " ";
        Optional<String> line = Optional.empty();
        for (int i = 0; i < LOOKS && line.isEmpty(); i++) {
            line = ProcNet.lines(FILE, lines -> lines.filter(one -> one.contains(key)).findFirst());
        }
        return line.map(found -> {
            String[] words = found.strip().split(" +", -1);
            return new Entry(
                    name,
                    LinuxTcp.stateName(Integer.parseInt(words[3], HEX)),
                    afterColon(words[5]) / TICKS_PER_SECOND);
        });
    }

    /// Whether a socket is in a state.
    ///
    /// @param name its addresses and ports
    /// @param state its name in RFC 9293
    /// @return false where there is none
    /// @throws IOException when /proc cannot be read
    public static boolean isIn(FourTuple name, String state) throws IOException {
        return find(name).filter(entry -> entry.state.equals(state)).isPresent();
    }

    /// An address and port as the kernel prints them: the address as the number that its
    /// four bytes are in memory, the port as everyone writes it.
    private static String hex(InetSocketAddress end) {
        int address = ByteBuffer.wrap(end.getAddress().getAddress())
                .order(ByteOrder.nativeOrder()).getInt();
        return String.format(Locale.ROOT, "%08X:%04X", address, end.getPort());
    }

    private static long afterColon(String word) {
        return Long.parseLong(word.substring(word.indexOf(':') + 1), HEX);
    }
}
