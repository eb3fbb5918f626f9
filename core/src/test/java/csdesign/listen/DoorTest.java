// SPDX-License-Identifier: MIT
package csdesign.listen;

import static csdesign.posix.SysSocket.IPPROTO_TCP;
import static csdesign.posix.SysSocket.TCP_DEFER_ACCEPT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import csdesign.kit.Limits;
import csdesign.kit.Log;
import csdesign.kit.Server;
import csdesign.kit.TestServers;
import csdesign.lab.Sockets;
import csdesign.posix.Errno;
import csdesign.posix.Fcntl;
import csdesign.posix.SockAddr;
import csdesign.posix.SysSocket;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The means that needs no privilege, and what is left when there is none. [ListeningTest] shuts a door as the
/// kernel allows it here.
@Timeout(30)
class DoorTest {
    private static Server server(String host) throws IOException {
        return TestServers.server(TestServers.BYTES, TestServers.PATIENT)
                .withAddress(new InetSocketAddress(InetAddress.ofLiteral(host), 0));
    }

    private static ListeningSocket open(String host) throws IOException {
        try {
            return ListeningSocket.openForOthers(server(host));
        } catch (IOException e) {
            assumeTrue(host.equals("127.0.0.1"), "no IPv6 here: " + e.getMessage());
            throw e;
        }
    }

    private static int family(String host) {
        return SockAddr.family(new InetSocketAddress(InetAddress.ofLiteral(host), 0));
    }

    @ParameterizedTest
    @CsvSource({"127.0.0.1, 127.0.0.1", "::1, ::1", "::, ::1", "::, 127.0.0.1"})
    void shouldKeepOutNewcomersAloneByTheLeastTtl(String host, String address) throws Exception {
        try (ListeningSocket listener = open(host);
                Sockets server = new Sockets();
                Socket accepted = new Socket();
                Socket queued = new Socket();
                Socket late = new Socket()) {
            InetSocketAddress where = new InetSocketAddress(
                    InetAddress.ofLiteral(address), listener.port());
            accepted.connect(where);
            int first = server.keep(listener.accept());
            queued.connect(where);

            assertThat(Door.requireTtl(server.errno(), listener.fd(), family(host)))
                    .isNotNegative();

            assertThatThrownBy(() -> late.connect(where, 100))
                    .as("no answer at all").isInstanceOf(SocketTimeoutException.class);
            expectTalk(server, first, accepted);
            expectTalk(server, server.keep(listener.accept()), queued);
            assertThat(listener.accept()).isEqualTo(ListeningSocket.NONE);
        }
    }

    private static void expectTalk(Sockets server, int fd, Socket client) throws IOException {
        client.getOutputStream().write("asked".getBytes(StandardCharsets.US_ASCII));
        server.recvWhole(fd, "asked".length());
        server.send(fd, "answered", 0);
        assertThat(client.getInputStream().readNBytes(8))
                .asString(StandardCharsets.US_ASCII).isEqualTo("answered");
    }

    /// The client's last step of the handshake comes after the door was shut: deferred, it comes with its first
    /// bytes. To the client the connection was made before.
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldHearAConnectionThatWasHalfOpenWhenTheDoorWasShut(boolean byTtl) throws Exception {
        Server server = server("127.0.0.1");
        try (ListeningSocket listener = ListeningSocket.openForOthers(server);
                Sockets sockets = new Sockets();
                Socket client = new Socket()) {
            sockets.set(listener.fd(), IPPROTO_TCP, TCP_DEFER_ACCEPT, 5);
            client.connect(TestServers.loopback(listener.port()));
            if (byTtl) {
                Door.requireTtl(sockets.errno(), listener.fd(), SysSocket.AF_INET);
                Door.SHUT_BY_TTL.recordIn(server.scoreboard());
            } else {
                listener.shut();
                assumeTrue(Door.of(server.scoreboard()) == Door.SHUT_BY_FILTER, "no filter here");
                assertThat(listener.accept()).as("its queue is empty").isNegative();
                assertThat(listener.isOpen()).as("it has a last call").isTrue();
                assertThat(listener.timeoutMillis(-1))
                        .isBetween(0, (int) Limits.LAST_CALL_MILLIS);
            }
            client.getOutputStream().write(1);
            int fd = await().pollInSameThread().until(listener::accept, n -> n >= 0);
            sockets.keep(fd);
            sockets.recvWhole(fd, 1);
            expectTalk(sockets, fd, client);
        }
    }

    /// Where nothing closes the door, the queue is taken whole. Each means is refused for what is no socket.
    @Test
    void shouldSayWhatIsMissingWhereNothingCloses() throws Exception {
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        PrintStream err = System.err;
        try (Arena arena = Arena.ofConfined()) {
            System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
            assertThat(Door.shut(Errno.allocate(arena), -1, SysSocket.AF_INET, new Log("test")))
                    .isEqualTo(Door.STAYS_OPEN);
        } finally {
            System.setErr(err);
        }
        assertThat(said.toString(StandardCharsets.UTF_8))
                .contains("SO_ATTACH_FILTER: EBADF", "IP_MINTTL: EBADF", "CAP_NET_ADMIN", "reset");
    }

    @Test
    void shouldTakeTheQueueWholeAndCloseTheDoorForAllWhoShareTheSocket() throws Exception {
        Server server = server("127.0.0.1");
        Door.STAYS_OPEN.recordIn(server.scoreboard());
        try (ListeningSocket listener = ListeningSocket.openShared(server);
                Sockets sockets = new Sockets()) {
            List<Integer> clients = List.of(
                    sockets.connect(listener.port()),
                    sockets.connect(listener.port()),
                    sockets.connect(listener.port()));
            int shared = sockets.keep(
                    Fcntl.fcntl(sockets.errno(), listener.fd(), Fcntl.F_DUPFD_CLOEXEC, 0));
            AcceptQueue mine = new AcceptQueue(
                    sockets.errno(), listener.fd(), 0, server.scoreboard());
            AcceptQueue anothers = new AcceptQueue(sockets.errno(), shared, 0, server.scoreboard());
            for (int client : clients) {
                int fd = sockets.keep(mine.take());
                assertThat(sockets.peerPort(fd)).as("in order").isEqualTo(sockets.port(client));
                assertThat(sockets.connect(sockets.newTcpSocket(), listener.port()))
                        .isEqualTo(-Errno.ECONNREFUSED);
            }
            assertThat(mine.take()).as("empty").isEqualTo(-Errno.EAGAIN);
            assertThat(anothers.take()).as("empty for all").isEqualTo(-Errno.EAGAIN);
        }
    }
}
