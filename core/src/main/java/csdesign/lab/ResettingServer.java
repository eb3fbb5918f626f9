// SPDX-License-Identifier: MIT
package csdesign.lab;

import csdesign.evidence.TcpInfo;
import csdesign.posix.Errno;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;

/// A server that resets its connections: a listener of this process, or a server that
/// runs already.
///
/// @param sockets what makes its sockets
/// @param port where it listens
/// @param listener its descriptor; -1 where it is another process
record ResettingServer(Sockets sockets, int port, int listener) {
    /// Makes a server, or names one that runs already.
    ///
    /// @param sockets what makes its sockets
    /// @param port of the other process; 0 for a server of this one
    /// @return the server
    /// @throws IOException when there is no descriptor left
    static ResettingServer of(Sockets sockets, int port) throws IOException {
        if (port != 0) {
            return new ResettingServer(sockets, port, -1);
        }
        int listener = sockets.listen(0, 3);
        return new ResettingServer(sockets, sockets.port(listener), listener);
    }

    /// Connects, and waits until the RST has arrived.
    ///
    /// @return the client's end
    /// @throws IOException when no server listens, or no RST comes
    int connection() throws IOException {
        int client = sockets.newTcpSocket();
        int result = sockets.connect(client, port);
        if (result < 0) {
            throw unreachable(Errno.say(result));
        }
        resetNext(1);
        TcpInfo.await(client, "CLOSE");
        return client;
    }

    private IOException unreachable(String error) {
        String hint = listener < 0 ? "; does 'csdesign lab rst -p " + port + "' run?" : "";
        return new IOException("connect to 127.0.0.1:" + port + ": " + error + hint);
    }

    /// Connects by the JDK. The RST comes with [#resetNext].
    ///
    /// @return the client's end
    /// @throws IOException when no server listens
    SocketChannel channel() throws IOException {
        try {
            return SocketChannel.open(address());
        } catch (ConnectException e) {
            throw unreachable(String.valueOf(e.getMessage()));
        }
    }

    /// Accepts the connections that come next and resets each: with SO_LINGER of 0
    /// seconds close sends a RST. A server in another process resets them by itself.
    ///
    /// @param connections how many
    /// @throws IOException when fewer come
    void resetNext(int connections) throws IOException {
        for (int i = 0; i < connections && listener >= 0; i++) {
            int connection = sockets.accept(listener);
            sockets.linger(connection, 0);
            sockets.close(connection);
        }
    }

    /// Where it listens.
    ///
    /// @return a port of 127.0.0.1
    InetSocketAddress address() {
        return new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port);
    }
}
