// SPDX-License-Identifier: MIT
package csdesign.lab;

import static csdesign.posix.Errno.check;
import static csdesign.posix.SysSocket.IOVEC_BYTES;
import static csdesign.posix.SysSocket.IPPROTO_TCP;
import static csdesign.posix.SysSocket.MSG_MORE;
import static csdesign.posix.SysSocket.TCP_CORK;
import static csdesign.posix.SysSocket.TCP_NODELAY;

import csdesign.posix.SysUio;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/// Ways to write a message that lies in pieces. The labs [Cork] and [Nagle] compare them:
/// one counts the segments, the other one measures what they wait for.
final class Pieces {
    /// One of the ways.
    @FunctionalInterface
    interface Writing {
        /// Writes all pieces.
        ///
        /// @param sockets of the calling thread
        /// @param connection where to
        /// @param pieces how many bytes each of them has
        void write(Sockets sockets, int connection, int... pieces) throws IOException;
    }

    private Pieces() {}

    /// A send for each piece.
    static void sends(Sockets sockets, int connection, int... pieces) throws IOException {
        for (int piece : pieces) {
            sockets.sendWhole(connection, piece, 0);
        }
    }

    /// A send for each piece, and TCP_NODELAY: Nagle's rule is off, each piece leaves at
    /// once.
    static void sendsWithoutDelay(Sockets sockets, int connection, int... pieces)
            throws IOException {
        sockets.set(connection, IPPROTO_TCP, TCP_NODELAY, 1);
        sends(sockets, connection, pieces);
    }

    /// A send for each piece between cork and uncork: what is left leaves at the end.
    static void corkedSends(Sockets sockets, int connection, int... pieces) throws IOException {
        sockets.set(connection, IPPROTO_TCP, TCP_CORK, 1);
        sends(sockets, connection, pieces);
        sockets.set(connection, IPPROTO_TCP, TCP_CORK, 0);
    }

    /// A send for each piece, with MSG_MORE at all but the last: more is to come.
    static void sendsWithMore(Sockets sockets, int connection, int... pieces)
            throws IOException {
        for (int i = 0; i < pieces.length; i++) {
            sockets.sendWhole(connection, pieces[i], i < pieces.length - 1 ? MSG_MORE : 0);
        }
    }

    /// One writev of all pieces. They may lie in one place: no one looks at the bytes.
    static void writev(Sockets sockets, int connection, int... pieces) throws IOException {
        MemorySegment bytes = sockets.arena().allocate(sum(pieces));
        MemorySegment iov = sockets.arena().allocate((long) pieces.length * IOVEC_BYTES, 8);
        for (int i = 0; i < pieces.length; i++) {
            iov.set(ValueLayout.ADDRESS, (long) i * IOVEC_BYTES, bytes);
            iov.set(ValueLayout.JAVA_LONG, (long) i * IOVEC_BYTES + 8, pieces[i]);
        }
        long written = SysUio.writev(sockets.errno(), connection, iov, pieces.length);
        check((int) written, "writev", "pieces", pieces.length);
    }

    static int sum(int... pieces) {
        return Arrays.stream(pieces).sum();
    }
}
