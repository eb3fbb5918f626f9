// SPDX-License-Identifier: MIT
package csdesign.lab;

import csdesign.evidence.Capture.Segment;
import csdesign.evidence.Capture;
import csdesign.evidence.FourTuple;
import csdesign.evidence.NotHereException;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/// Sees on the wire how a connection ends. It captures segments where this user may do
/// so, and where other traffic does not hide them. Elsewhere it says why it cannot.
///
/// @param capture empty where the kernel refuses it
/// @param refusal why the kernel refuses it; an empty text where it does not
record Wire(Optional<Capture> capture, String refusal) implements AutoCloseable {
    /// The segments that ended a connection.
    ///
    /// @param isSeen false where none could be captured
    /// @param words how many RSTs and FINs: `1 RST, 0 FIN`; or why nothing could be seen
    record Count(boolean isSeen, String words) {}

    /// Begins to capture.
    ///
    /// @param port of the server
    /// @return the wire, whether or not it can be seen
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
