// SPDX-License-Identifier: MIT
package csdesign.service;

import java.nio.ByteBuffer;
import java.nio.file.Path;

/// What a conversation wants its driver to do now.
public sealed interface Step {
    /// Read, and bring the bytes that arrive.
    ///
    /// @param begun whether a part of a request has arrived already. If so, the deadline
    ///     of a request holds; if not, the timeout of an idle client
    record NeedMore(boolean begun) implements Step {
        /// Nothing of the next request has arrived.
        public static final NeedMore IDLE = new NeedMore(false);

        /// The rest of a request is missing.
        public static final NeedMore REST = new NeedMore(true);
    }

    /// Write these bytes. The driver moves the position forward, perhaps over many
    /// writes.
    ///
    /// @param bytes from the position to the limit, in a direct buffer: the kernel cannot
    ///     be handed another one, because the collector may move it
    record Send(ByteBuffer bytes) implements Step {
        /// Rejects a heap buffer.
        public Send {
            if (!bytes.isDirect()) {
                throw new IllegalArgumentException("only a direct buffer can be sent");
            }
        }
    }

    /// Write a part of a file. Where the system can, the bytes go from the page cache
    /// straight to the socket.
    ///
    /// @param file a regular file
    /// @param offset where to begin, in bytes
    /// @param count how many bytes
    record SendFile(Path file, long offset, long count) implements Step {}

    /// Let time pass, as a server does that waits for its database. In a blocking design
    /// the thread sleeps. A readiness design needs a timer, because its loop must never
    /// sleep for one client.
    ///
    /// @param nanos how long, in nanoseconds
    record Wait(long nanos) implements Step {}

    /// Close the connection, when all bytes that were to be sent have gone.
    record Close() implements Step {
        /// The only one.
        public static final Close NOW = new Close();
    }
}
