// SPDX-License-Identifier: MIT
package csdesign.lab;

import csdesign.evidence.FourTuple;
import csdesign.evidence.Look;
import csdesign.evidence.NetCounters;
import csdesign.evidence.NotHereException;
import csdesign.evidence.ProcNet;
import csdesign.evidence.TcpTable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/// Watches what becomes of connections that are closed after it began.
///
/// The kernel keeps at most net.ipv4.tcp_max_tw_buckets connections that no process has
/// any more, and counts them for all who share a network. Where the table is full, a
/// connection ends without FIN_WAIT2 and without TIME_WAIT, which looks as if it had
/// never had them. The kernel counts that too, so it can be told.
///
/// @see <a href="https://docs.kernel.org/networking/ip-sysctl.html">ip-sysctl, tcp_max_tw_buckets</a>
public final class TimeWaitWatch {
    private static final String OVERFLOWS = "TcpExt.TCPTimeWaitOverflow";
    private static final Path LIMIT = Path.of("/proc/sys/net/ipv4/tcp_max_tw_buckets");

    private final NetCounters before;

    private TimeWaitWatch(NetCounters before) {
        this.before = before;
    }

    /// Begins, before the connection is closed.
    ///
    /// @return the watch
    /// @throws IOException when the kernel's counters cannot be read
    public static TimeWaitWatch begin() throws IOException {
        return new TimeWaitWatch(NetCounters.read());
    }

    /// Waits for an end that was closed to come into a state.
    ///
    /// @param end by its addresses and ports
    /// @param state `FIN_WAIT2`, `TIME_WAIT`
    /// @return its entry in the table of sockets
    /// @throws IOException when it does not come: see [Look]; a [NotHereException] when
    ///     the table had no room for it
    public TcpTable.Entry await(FourTuple end, String state) throws IOException {
        return Look.until(end + " is in " + state, () -> {
            Optional<TcpTable.Entry> entry = TcpTable.find(end);
            if (entry.isEmpty()) {
                expectRoom();
            }
            return entry;
        }, entry -> entry.isPresent() && entry.get().state().equals(state)).orElseThrow();
    }

    /// Whether an end is in TIME_WAIT.
    ///
    /// @param end by its addresses and ports
    /// @return false where that is sure
    /// @throws IOException when the table of sockets cannot be read; a
    ///     [NotHereException] when it is not there, and the table may have had no room
    public boolean isInTimeWait(FourTuple end) throws IOException {
        boolean isThere = TcpTable.isIn(end, "TIME_WAIT");
        if (!isThere) {
            expectRoom();
        }
        return isThere;
    }

    private void expectRoom() throws IOException {
        if (NetCounters.read().since(before, OVERFLOWS) > 0) {
            throw new NotHereException(
                    "this network's table of TIME_WAIT is full (net.ipv4.tcp_max_tw_buckets is "
                            + ProcNet.number(LIMIT)
                            + "): the kernel keeps no more of them; try again in a minute");
        }
    }
}
