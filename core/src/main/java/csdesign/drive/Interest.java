// SPDX-License-Identifier: MIT
package csdesign.drive;

/// What a [Connection] wants its loop to watch for next. The loop only obeys.
public enum Interest {
    /// Tell me when there is something to read.
    READ,
    /// Tell me when I can write: the answer did not fit into the socket's buffer.
    WRITE,
    /// Tell me nothing: my answer waits for its time, and the loop's timeout will find
    /// me.
    WAIT,
    /// Close me.
    CLOSE
}
