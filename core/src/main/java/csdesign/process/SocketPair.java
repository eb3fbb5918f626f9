// SPDX-License-Identifier: MIT
package csdesign.process;

import static csdesign.posix.Errno.check;
import static csdesign.posix.SysSocket.AF_UNIX;
import static csdesign.posix.SysSocket.SHUT_WR;
import static csdesign.posix.SysSocket.SOCK_CLOEXEC;
import static csdesign.posix.SysSocket.SOCK_SEQPACKET;

import csdesign.posix.Errno;
import csdesign.posix.SysSocket;
import csdesign.posix.Unistd;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Two connected sockets between a parent and one of its workers. What is sent at one end
/// is received at the other, message by message (SOCK_SEQPACKET).
///
/// The parent keeps both ends open. So a message that a worker did not take before it
/// died is still there for its replacement, which gets the same end.
///
/// @see <a href="https://man7.org/linux/man-pages/man2/socketpair.2.html">socketpair(2)</a>
public final class SocketPair implements AutoCloseable {
    private final Arena arena = Arena.ofConfined();
    private final Errno errno = Errno.allocate(arena);
    private final int parents;
    private final int workers;

    /// Makes it.
    ///
    /// @throws IOException when the process has no descriptors left
    public SocketPair() throws IOException {
        MemorySegment ends = arena.allocate(ValueLayout.JAVA_INT, 2);
        int type = SOCK_SEQPACKET | SOCK_CLOEXEC;
        check(SysSocket.socketpair(errno, AF_UNIX, type, 0, ends), "socketpair");
        parents = ends.getAtIndex(ValueLayout.JAVA_INT, 0);
        workers = ends.getAtIndex(ValueLayout.JAVA_INT, 1);
    }

    /// The parent's end.
    ///
    /// @return a descriptor
    public int parents() {
        return parents;
    }

    /// The worker's end, to be handed to it.
    ///
    /// @return a descriptor
    public int workers() {
        return workers;
    }

    /// Says to the worker that the parent will send no more: it receives the end.
    public void sendNoMore() {
        SysSocket.shutdown(errno, parents, SHUT_WR);
    }

    @Override
    public void close() {
        Unistd.close(errno, parents);
        Unistd.close(errno, workers);
        arena.close();
    }
}
