// SPDX-License-Identifier: MIT
package csdesign.kit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import csdesign.posix.SysSocket;
import java.io.IOException;
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
            int unconnected = sockets.tcp();

            assertThatThrownBy(() -> sockets.sendWhole(
                    unconnected, 7, SysSocket.MSG_NOSIGNAL))
                    .isInstanceOf(IOException.class)
                    .hasMessage("send: EPIPE (32) of 7 bytes");
        }
    }
}
