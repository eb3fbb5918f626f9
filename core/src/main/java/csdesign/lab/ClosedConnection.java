// SPDX-License-Identifier: MIT
package csdesign.lab;

import csdesign.evidence.FourTuple;
import csdesign.evidence.TcpTable;
import java.io.IOException;

/// A connection whose both ends were closed, one after the other.
///
/// @param closedFirst which end was closed first
/// @param first that end, which is in TIME_WAIT
/// @param isOtherToo whether the other end is in TIME_WAIT too
record ClosedConnection(Peer closedFirst, TcpTable.Entry first, boolean isOtherToo) {
    /// An end of a connection.
    enum Peer {
        CLIENT, SERVER
    }

    /// Makes a connection, closes both ends, and waits for TIME_WAIT. Connections of
    /// others may have one of its ports: it is known by its addresses and ports, all
    /// four.
    ///
    /// @param sockets of the calling thread
    /// @param listener the server's listening socket
    /// @param closesFirst the end that is closed first
    static ClosedConnection make(Sockets sockets, int listener, Peer closesFirst)
            throws IOException {
        int client = sockets.connect(sockets.port(listener));
        int server = sockets.accept(listener);
        int first = closesFirst == Peer.CLIENT ? client : server;
        int second = closesFirst == Peer.CLIENT ? server : client;
        FourTuple name = FourTuple.of(sockets.errno(), first);
        TimeWaitWatch watch = TimeWaitWatch.begin();
        sockets.close(first);
        // The other end closes when its ACK has arrived: see Rst on RFC 1337.
        watch.await(name, "FIN_WAIT2");
        sockets.close(second);
        TcpTable.Entry entry = watch.await(name, "TIME_WAIT");
        return new ClosedConnection(
                closesFirst, entry, TcpTable.isIn(name.otherEnd(), "TIME_WAIT"));
    }

    /// Whose port is in TIME_WAIT, in words.
    String whose() {
        if (isOtherToo) {
            return "both";
        }
        return closedFirst == Peer.CLIENT ? "the client's" : "the server's";
    }
}
