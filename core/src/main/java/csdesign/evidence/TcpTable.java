// SPDX-License-Identifier: MIT
package csdesign.evidence;

import csdesign.posix.LinuxTcp;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// The TCP sockets of the calling thread's network over IPv4, those too that belong to no
/// process any more.
///
/// @see <a href="https://man7.org/linux/man-pages/man5/proc_pid_net.5.html">proc_pid_net(5), tcp</a>
public final class TcpTable {
    private static final Path FILE = Path.of("/proc/thread-self/net/tcp");
    private static final int HEX = 16;
    private static final double TICKS_PER_SECOND = 100; // USER_HZ, whatever the kernel's own

    private TcpTable() {}

    /// A socket.
    ///
    /// @param localPort here
    /// @param remotePort there; 0 for one that listens
    /// @param state its name in RFC 9293: `TIME_WAIT`
    /// @param queued of one that listens: the connections that wait to be accepted;
    ///     otherwise the bytes that wait to be read
    /// @param timerSeconds until its timer ends, such as that of TIME_WAIT; 0 for none
    public record Entry(
            int localPort, int remotePort, String state, long queued, double timerSeconds) {}

    /// Reads it.
    ///
    /// @return all sockets
    /// @throws IOException when /proc cannot be read
    public static List<Entry> read() throws IOException {
        List<Entry> entries = new ArrayList<>();
        List<String> lines = Files.readAllLines(FILE);
        for (String line : lines.subList(1, lines.size())) { // the first one names the columns
            String[] words = line.strip().split(" +", -1);
            entries.add(
                    new Entry(
                            port(words[1]),
                            port(words[2]),
                            LinuxTcp.stateName(Integer.parseInt(words[3], HEX)),
                            afterColon(words[4]),
                            afterColon(words[5]) / TICKS_PER_SECOND));
        }
        return entries;
    }

    /// The sockets of a port in one state.
    ///
    /// @param localPort whose
    /// @param state its name in RFC 9293
    /// @return how many
    /// @throws IOException when /proc cannot be read
    public static long count(int localPort, String state) throws IOException {
        return read().stream()
                .filter(entry -> entry.localPort == localPort && entry.state.equals(state))
                .count();
    }

    /// Waits for a socket of a port to come into a state.
    ///
    /// @param localPort whose
    /// @param state its name in RFC 9293: `TIME_WAIT`
    /// @throws IOException when none comes into it: see [Condition]
    public static void await(int localPort, String state) throws IOException {
        Condition.await(
                "port " + localPort + " is in " + state, () -> count(localPort, state) > 0);
    }

    private static int port(String address) {
        return Math.toIntExact(afterColon(address));
    }

    private static long afterColon(String word) {
        return Long.parseLong(word.substring(word.indexOf(':') + 1), HEX);
    }
}
