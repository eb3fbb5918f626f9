// SPDX-License-Identifier: MIT
package csdesign.listen;

import csdesign.posix.Errno;
import csdesign.posix.SockAddr;
import csdesign.posix.SysSocket;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.ConnectException;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;

/// A TCP socket that is connected to itself, and how a client refuses it.
///
/// ```text
///   port 40010, no server there        the kernel chooses 40010 for the client too
///      connect(127.0.0.1:40010) --SYN--> itself --SYN--> itself: connected, name = peer's name
/// ```
///
/// Two sockets that connect to each other at the same moment become one connection
/// (RFC 9293, figure 7, simultaneous open), and nothing forbids that both are the same
/// one. It happens where the server's port is one of those that the kernel gives to
/// clients. Such a client reads what it wrote, counts answers of a server that does not
/// exist, and keeps the port from a server that wants to listen. So it gets the answer of
/// a port without a server: ECONNREFUSED.
public final class SelfConnection {
    /// `sa_family` of no address: connect(2) with it dissolves a connection.
    private static final short AF_UNSPEC = 0;

    private final Errno errno;
    private final MemorySegment name;
    private final MemorySegment size;
    private final MemorySegment none;

    /// For sockets made by FFM.
    ///
    /// @param arena of the thread that asks
    /// @param errno of the thread that asks
    public SelfConnection(Arena arena, Errno errno) {
        this.errno = errno;
        name = arena.allocate(SockAddr.IN6_BYTES, 8);
        size = arena.allocate(ValueLayout.JAVA_INT);
        none = arena.allocate(SockAddr.IN_BYTES, 8);
        none.set(ValueLayout.JAVA_SHORT, 0, AF_UNSPEC);
    }

    /// Dissolves the connection when it is one to itself: no TIME_WAIT keeps its port.
    ///
    /// @param fd a socket whose connect(2) has succeeded, or is under way
    /// @param peer where to
    /// @return 0, or -ECONNREFUSED
    public int refuse(int fd, MemorySegment peer) {
        size.set(ValueLayout.JAVA_INT, 0, SockAddr.IN6_BYTES);
        if (SysSocket.getsockname(errno, fd, name, size) < 0 || !SockAddr.isSame(name, peer)) {
            return 0;
        }
        SysSocket.connect(errno, fd, none, SockAddr.IN_BYTES);
        return -Errno.ECONNREFUSED;
    }

    /// The same for a channel: closes it when it is connected to itself.
    ///
    /// @param channel that is connected
    /// @throws ConnectException when it is connected to itself
    /// @throws IOException when it is closed
    public static void refuse(SocketChannel channel) throws IOException {
        if (channel.getLocalAddress().equals(channel.getRemoteAddress())) {
            channel.setOption(StandardSocketOptions.SO_LINGER, 0); // no TIME_WAIT keeps the port
            channel.close();
            throw new ConnectException("Connection refused");
        }
    }
}
