// SPDX-License-Identifier: MIT
package csdesign.drive;

/// What a loop must watch a descriptor for from now on. The loop only obeys.
public enum Interest {
    /// Until there is something to read.
    READ,
    /// Until there is room to write: the answer did not fit into the socket's buffer.
    WRITE,
    /// For nothing: an answer waits for its time, or the listener pauses. The loop's
    /// timeout wakes it.
    NOTHING,
    /// Nothing any more: the descriptor is closed, and the next client may get its
    /// number.
    CLOSED
}
