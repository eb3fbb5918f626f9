// SPDX-License-Identifier: MIT
package csdesign.lab;

import csdesign.evidence.Look;
import csdesign.evidence.TcpInfo;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// A listening socket and its clients.
///
/// @param listener the listening socket
/// @param clients in the order in which they began to connect
record Crowd(int listener, List<Integer> clients) {
    /// No client yet.
    ///
    /// @param listener the listening socket
    static Crowd at(int listener) {
        return new Crowd(listener, new ArrayList<>());
    }

    int last() {
        return clients.getLast();
    }

    /// Waits until so many connections are complete and wait to be accepted.
    void awaitQueued(int count) throws IOException {
        Look.until(
                count + " connections wait to be accepted",
                () -> TcpInfo.of(listener).acceptQueue(), queued -> queued == count);
    }

    /// What the listener has dropped, and no other socket of the network: SYNs and last
    /// steps of handshakes that found its queue full.
    long drops() throws IOException {
        return TcpInfo.drops(listener);
    }

    /// Waits until the listener has dropped more than before.
    void awaitMoreDropsThan(long before) throws IOException {
        Look.until(
                "the listener drops what finds its queue full",
                this::drops, drops -> drops > before);
    }
}
