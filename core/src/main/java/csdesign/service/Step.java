// SPDX-License-Identifier: MIT
package csdesign.service;

import java.nio.ByteBuffer;
import java.nio.file.Path;

/// What a conversation wants done now.
public sealed interface Step {
    /// Read, and bring what arrives.
    ///
    /// @param begun whether a part of a request is here already: the deadline for a
    ///     request runs then, and not the one for an idle client
    record NeedMore(boolean begun) implements Step {
        /// Nothing of the next request has arrived.
        public static final NeedMore IDLE = new NeedMore(false);

        /// The rest of a request is missing.
        public static final NeedMore REST = new NeedMore(true);
    }

    /// Write these bytes. The driver moves the position forward, perhaps over many
    /// writes.
    ///
    /// @param bytes from the position to the limit; best a direct buffer, which is sent
    ///     uncopied
    record Send(ByteBuffer bytes) implements Step {}

    /// Write a part of a file, from the page cache straight to the socket where the
    /// system can.
    ///
    /// @param file a regular file
    /// @param offset where to begin, in bytes
    /// @param count how many bytes
    record SendFile(Path file, long offset, long count) implements Step {}

    /// Let time pass, as a server that waits for its database. A blocking design spends
    /// its thread on it; a readiness design needs a timer and must never sleep in its
    /// loop.
    ///
    /// @param nanos how long, in nanoseconds
    record Wait(long nanos) implements Step {}

    /// Close the connection, once all that was sent has gone.
    record Close() implements Step {
        /// The only one.
        public static final Close NOW = new Close();
    }
}
