// SPDX-License-Identifier: MIT
package csdesign.evidence;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// What the network of the calling thread has counted: `Tcp.OutRsts`,
/// `TcpExt.ListenOverflows`.
///
/// The kernel counts for everything in a network namespace. So the difference of two
/// readings is exact in a [PrivateNetwork] only; elsewhere it is an upper bound of what
/// one program did.
///
/// @see <a href="https://docs.kernel.org/networking/snmp_counter.html">SNMP counter</a>
public final class NetCounters {
    /// Of the thread, not of the process: its namespace may be its own.
    private static final List<Path> FILES = List.of(
            Path.of("/proc/thread-self/net/snmp"), Path.of("/proc/thread-self/net/netstat"));

    private final Map<String, Long> values;

    private NetCounters(Map<String, Long> values) {
        this.values = values;
    }

    /// Reads them all.
    ///
    /// @return as they are now
    /// @throws IOException when /proc cannot be read
    public static NetCounters read() throws IOException {
        Map<String, Long> values = new HashMap<>();
        for (Path file : FILES) {
            List<String> lines = ProcNet.lines(file, Stream::toList);
            for (int i = 0; i + 1 < lines.size(); i += 2) { // a line of names, a line of values
                String[] names = lines.get(i).split(" ", -1);
                String[] numbers = lines.get(i + 1).split(" ", -1);
                String group = names[0].replace(':', '.');
                for (int k = 1; k < names.length; k++) {
                    values.put(group + names[k], Long.parseLong(numbers[k]));
                }
            }
        }
        return new NetCounters(values);
    }

    /// How much one of them has grown.
    ///
    /// @param before an earlier reading
    /// @param name with its group: `Tcp.OutRsts`
    /// @return the difference; 0 where this kernel does not count it
    public long since(NetCounters before, String name) {
        return get(name) - before.get(name);
    }

    /// One of them.
    ///
    /// @param name with its group: `Tcp.OutRsts`
    /// @return since the namespace began; 0 where this kernel does not count it
    public long get(String name) {
        return values.getOrDefault(name, 0L);
    }
}
