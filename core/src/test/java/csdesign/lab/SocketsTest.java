// SPDX-License-Identifier: MIT
package csdesign.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import csdesign.listen.SelfConnection;
import csdesign.posix.Errno;
import csdesign.posix.SysSocket;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import org.junit.jupiter.api.Test;

class SocketsTest {
    @Test
    void shouldSendAllBytesAndWaitForAllOfThem() throws IOException {
        try (Sockets sockets = new Sockets()) {
            int listener = sockets.listen(0, 1);
            int client = sockets.connect(sockets.port(listener));
            int server = sockets.accept(listener);

            sockets.sendWhole(client, 3, 0);
            sockets.sendWhole(client, 5, 0);
            sockets.recvWhole(server, 7);

            assertThat(sockets.recv(server)).as("the eighth").isEqualTo(1);
        }
    }

    @Test
    void shouldSayHowManyBytesAreMissing() throws IOException {
        try (Sockets sockets = new Sockets()) {
            int listener = sockets.listen(0, 1);
            int client = sockets.connect(sockets.port(listener));
            int server = sockets.accept(listener);
            sockets.sendWhole(client, 3, 0);
            sockets.close(client);

            assertThatThrownBy(() -> sockets.recvWhole(server, 7))
                    .isInstanceOf(IOException.class)
                    .hasMessage("recv: 0, 4 bytes missing");
        }
    }

    @Test
    void shouldSayWhyItCannotSend() throws IOException {
        try (Sockets sockets = new Sockets()) {
            int unconnected = sockets.newTcpSocket();

            assertThatThrownBy(() -> sockets.sendWhole(
                    unconnected, 7, SysSocket.MSG_NOSIGNAL))
                    .isInstanceOf(IOException.class)
                    .hasMessage("send: EPIPE (32) of 7 bytes");
        }
    }

    /// A socket that is bound to a port and connects to it: what the kernel makes of any
    /// client to which it gives the server's own port.
    @Test
    void shouldRefuseAConnectionToItself() throws IOException {
        try (Sockets sockets = new Sockets()) {
            int socket = sockets.newTcpSocket();
            assertThat(sockets.bind(socket, 0)).isZero();
            int port = sockets.port(socket);

            assertThat(sockets.connect(socket, port)).isEqualTo(-Errno.ECONNREFUSED);

            assertThat(sockets.peerPort(socket)).as("not connected any more").isZero();
            sockets.close(socket);
            int server = sockets.newTcpSocket(); // without SO_REUSEADDR: a TIME_WAIT would hold the port
            assertThat(sockets.bind(server, port)).isZero();
        }
    }

    @Test
    void shouldRefuseAChannelThatIsConnectedToItself() throws IOException {
        InetAddress loopback = InetAddress.ofLiteral("127.0.0.1");
        try (SocketChannel channel = SocketChannel.open()) {
            channel.bind(new InetSocketAddress(loopback, 0));
            InetSocketAddress name = (InetSocketAddress) channel.getLocalAddress();
            channel.connect(name);

            assertThatThrownBy(() -> SelfConnection.refuse(channel))
                    .isInstanceOf(ConnectException.class);

            assertThat(channel.isOpen()).isFalse();
            try (ServerSocket server = new ServerSocket()) {
                server.setReuseAddress(false);
                server.bind(name);
            }
        }
    }

    @Test
    void shouldLeaveOtherConnectionsAlone() throws IOException {
        try (ServerSocketChannel listener = ServerSocketChannel.open()) {
            listener.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0));
            try (SocketChannel channel = SocketChannel.open(listener.getLocalAddress())) {
                SelfConnection.refuse(channel);
                assertThat(channel.isConnected()).isTrue();
            }
        }
    }
}
