// SPDX-License-Identifier: MIT
package csdesign.drive;

import java.nio.ByteBuffer;

/// What [CompletionDriver] needs of io_uring: requests go in, and later each of them has one completion or
/// more. A descriptor is in blocking mode, because a request on another one may fail with EAGAIN.
interface Ring {
    /// Receives again and again, each time into a buffer of the ring (multishot, provided buffers). The
    /// last completion is the one without [#hasMore].
    void receive(int fd, long userData);

    /// Sends, perhaps less than all. The bytes must stay as they are until the completion.
    void send(int fd, ByteBuffer bytes, long userData);

    /// Ends a request, which then has a last completion, with ECANCELED unless it had ended before.
    void cancel(long target, long userData);

    /// shutdown(2), at once.
    void shutdown(int fd, boolean bothHalves);

    /// close(2), at once. Nothing may be in flight: the kernel would keep the connection.
    void close(int fd);

    /// Gives a buffer back.
    void giveBack(int buffer);

    /// Takes the next completion.
    ///
    /// @return whether there is one
    boolean next();

    long userData();

    /// As the system call would return it: bytes, 0 at the end, or a negative errno
    int result();

    /// Whether the request goes on (IORING_CQE_F_MORE).
    boolean hasMore();

    /// Which buffer was received into; -1 for none (IORING_CQE_F_BUFFER)
    int buffer();

    /// The bytes of a buffer, from the beginning to its end.
    ByteBuffer bytes(int buffer);
}
