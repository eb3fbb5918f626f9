// SPDX-License-Identifier: MIT
package csdesign.lab;

import csdesign.evidence.Capture.Segment;
import csdesign.evidence.Capture;
import csdesign.evidence.FourTuple;
import csdesign.evidence.NotHereException;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/// What ends a connection on the wire: captured where this user may, and where it is not
/// lost in other traffic; otherwise the reason why not.
///
/// @param capture nothing where it is refused
/// @param refusal why; empty where it is not
record Wire(Optional<Capture> capture, String refusal) implements AutoCloseable {
    /// What was captured.
    ///
    /// @param isSeen false where nothing could be
    /// @param words how many RSTs and FINs: `1 RST, 0 FIN`; or why nothing could be seen
    record Count(boolean isSeen, String words) {}

    /// Begins to listen.
    ///
    /// @param port of the server
    /// @return the wire, seen or not
    /// @throws IOException when there is no descriptor left
    static Wire tap(int port) throws IOException {
        try {
            return new Wire(Optional.of(Capture.begin(port)), "");
        } catch (NotHereException e) {
            return new Wire(Optional.empty(), String.valueOf(e.getMessage()));
        }
    }

    /// Counts what ended a connection, from both ends.
    ///
    /// @param connection one of its ends
    /// @return how many RSTs and FINs
    /// @throws IOException when the capture cannot be read
    Count count(FourTuple connection) throws IOException {
        if (capture.isEmpty()) {
            return new Count(false, refusal);
        }
        try {
            List<Segment> all = capture.get().segments(connection);
            return new Count(true,
                    all.stream().filter(one -> one.has("RST")).count() + " RST, "
                            + all.stream().filter(one -> one.has("FIN")).count() + " FIN");
        } catch (NotHereException e) {
            return new Count(false, String.valueOf(e.getMessage()));
        }
    }

    @Override
    public void close() {
        capture.ifPresent(Capture::close);
    }
}
