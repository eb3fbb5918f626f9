// SPDX-License-Identifier: MIT
package csdesign.evidence;

import static csdesign.posix.Errno.check;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import csdesign.posix.Errno;
import csdesign.posix.SockAddr;
import csdesign.posix.SysSocket;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/// The name of one end of a connection: both addresses and both ports. A port alone is no
/// name on a machine with other traffic. All connections of a server have the server's
/// port, and a client of another server may have the same port as ours.
///
/// @param local its own address and port
/// @param remote those of the other end; all zero of a socket that listens
public record FourTuple(InetSocketAddress local, InetSocketAddress remote) {
    private static final InetSocketAddress ANY = new InetSocketAddress(
            InetAddress.ofLiteral("0.0.0.0"), 0);

    /// Of a socket that is bound, listens, or is connected.
    ///
    /// @param errno of the calling thread
    /// @param fd the socket
    /// @return its name
    /// @throws IOException when it is no TCP socket
    public static FourTuple of(Errno errno, int fd) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocate(SockAddr.IN6_BYTES, 8);
            MemorySegment size = arena.allocateFrom(JAVA_INT, SockAddr.IN6_BYTES);
            check(SysSocket.getsockname(errno, fd, name, size), "getsockname");
            InetSocketAddress local = SockAddr.read(name);
            size.set(JAVA_INT, 0, SockAddr.IN6_BYTES);
            int result = SysSocket.getpeername(errno, fd, name, size);
            if (result == -Errno.ENOTCONN) {
                return listening(local);
            }
            check(result, "getpeername");
            return new FourTuple(local, SockAddr.read(name));
        }
    }

    /// Of a socket that listens.
    ///
    /// @param local where
    /// @return its name
    public static FourTuple listening(InetSocketAddress local) {
        return new FourTuple(local, ANY);
    }

    /// The name of the other end.
    ///
    /// @return the same connection as the other end calls it
    public FourTuple otherEnd() {
        return new FourTuple(/* local= */ remote, /* remote= */ local);
    }

    @Override
    public String toString() {
        return words(local) + " to " + words(remote);
    }

    private static String words(InetSocketAddress end) {
        return end.getAddress().getHostAddress() + ":" + end.getPort();
    }
}
