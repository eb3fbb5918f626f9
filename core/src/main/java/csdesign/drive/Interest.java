// SPDX-License-Identifier: MIT
package csdesign.drive;

/// What a loop must watch a descriptor for from now on. The loop only obeys.
public enum Interest {
    /// Until there is something to read.
    READ,
    /// Until there is room to write: the answer did not fit into the socket's buffer.
    WRITE,
    /// Only for the client's disappearance, where the kernel reports that unasked: an
    /// answer waits for its time, and the loop's timeout will find it.
    HANG_UP,
    /// For nothing, not even that: a listener that may not accept now. It stays open.
    NOTHING,
    /// Nothing any more: the descriptor is closed, and the next client may get its
    /// number.
    CLOSED;

    /// Whether the kernel is to know of the descriptor.
    ///
    /// @return false for NOTHING and CLOSED
    public boolean isWatched() {
        return this != NOTHING && this != CLOSED;
    }
}
