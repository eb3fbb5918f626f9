// SPDX-License-Identifier: MIT
package csdesign.listen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import csdesign.kit.Server;
import csdesign.kit.TestServers;
import csdesign.posix.Errno;
import csdesign.posix.Fcntl;
import csdesign.posix.PosixException;
import csdesign.posix.SysSocket;
import csdesign.posix.Unistd;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Both listening sockets: what they bind, what they say when they cannot, and how they stop.
@Timeout(30)
class ListeningTest {
    private static Server server(InetSocketAddress address) throws IOException {
        return TestServers.server(TestServers.BYTES, TestServers.PATIENT).withAddress(address);
    }

    private static Server server() throws IOException {
        return server(TestServers.loopback(0));
    }

    private static Socket connect(int port) throws IOException {
        Socket socket = new Socket();
        socket.connect(TestServers.loopback(port), 5_000);
        return socket;
    }

    @Test
    void shouldAcceptNonBlockingDescriptorsThatNoChildInherits() throws IOException {
        try (ListeningSocket listener = ListeningSocket.open(server());
                Arena arena = Arena.ofConfined()) {
            assertThat(listener.port()).isBetween(1, 65_535);
            assertThat(listener.accept()).isEqualTo(ListeningSocket.NONE);
            assertThat(listener.isAccepting()).isTrue();
            assertThat(listener.isPaused()).isFalse();
            try (Socket client = connect(listener.port())) {
                int fd = listener.accept();
                assertThat(fd).isPositive();
                Errno errno = Errno.allocate(arena);
                assertThat(Fcntl.fcntl(errno, fd, Fcntl.F_GETFL, 0) & Fcntl.O_NONBLOCK).isNotZero();
                assertThat(Fcntl.fcntl(errno, fd, Fcntl.F_GETFD, 0)).isEqualTo(Fcntl.FD_CLOEXEC);
                assertThat(SysSocket.getsockopt(
                        errno, fd, SysSocket.IPPROTO_TCP, SysSocket.TCP_NODELAY)).isOne();
                assertThat(client.isConnected()).isTrue();
                Unistd.close(errno, fd);
            }
        }
    }

    @Test
    void shouldListenOnIpv6Too() throws IOException {
        Server six = server(new InetSocketAddress(InetAddress.ofLiteral("::1"), 0));
        try (ListeningSocket listener = ListeningSocket.open(six);
                Socket client = new Socket()) {
            client.connect(new InetSocketAddress(InetAddress.ofLiteral("::1"), listener.port()));
            int fd = listener.accept();
            assertThat(fd).isPositive();
            try (Arena arena = Arena.ofConfined()) {
                Unistd.close(Errno.allocate(arena), fd);
            }
        } catch (PosixException e) {
            org.junit.jupiter.api.Assumptions.assumeTrue(
                    e.errno() != Errno.EADDRNOTAVAIL, "this machine has no IPv6 loopback");
            throw e;
        }
    }

    @Test
    void shouldSayWhichAddressIsTaken() throws IOException {
        try (ListeningSocket first = ListeningSocket.open(server())) {
            long before = TestServers.descriptors();
            Server second = server(TestServers.loopback(first.port()));
            assertThatThrownBy(() -> ListeningSocket.open(second))
                    .isInstanceOfSatisfying(PosixException.class,
                            e -> assertThat(e.errno()).isEqualTo(Errno.EADDRINUSE))
                    .hasMessageContaining("127.0.0.1:" + first.port())
                    .hasMessageEndingWith("EADDRINUSE (98): Address already in use");
            assertThatThrownBy(() -> ListeningChannel.open(second))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("127.0.0.1:" + first.port())
                    .hasMessageEndingWith("Address already in use");
            assertThat(TestServers.descriptors()).isEqualTo(before);
        }
    }

    @Test
    void shouldStillAcceptTheQueueOnceItIsShutAndRefuseWhoComesThen() throws IOException {
        List<Socket> queued = new ArrayList<>();
        try (ListeningSocket listener = ListeningSocket.open(server());
                Arena arena = Arena.ofConfined()) {
            Errno errno = Errno.allocate(arena);
            for (int i = 0; i < 3; i++) {
                queued.add(connect(listener.port()));
            }
            assertThat(listener.isEmptying()).isFalse();
            listener.shut();
            listener.shut();
            assertThat(listener.isEmptying()).isTrue();
            try (Socket late = new Socket()) {
                assertThatThrownBy(() -> late.connect(TestServers.loopback(listener.port()), 100))
                        .isInstanceOf(SocketTimeoutException.class);
            }
            for (int i = 0; i < 3; i++) {
                int fd = listener.accept();
                assertThat(fd).isPositive();
                Unistd.close(errno, fd);
            }
            // A handshake that was begun before may still be completed, until the last call is over.
            await("its last call to be over").pollInSameThread().until(() -> {
                assertThat(listener.accept()).isEqualTo(ListeningSocket.NONE);
                return !listener.isOpen();
            });
            assertThat(listener.isAccepting()).isFalse();
            assertThat(listener.isEmptying()).isFalse();
            assertThat(listener.accept()).isEqualTo(ListeningSocket.NONE);
            assertThatThrownBy(() -> connect(listener.port()).close())
                    .isInstanceOf(java.net.ConnectException.class);
            for (Socket socket : queued) {
                assertThat(socket.getInputStream().read()).as("FIN, no RST").isEqualTo(-1);
            }
        } finally {
            for (Socket socket : queued) {
                socket.close();
            }
        }
    }

    @Test
    void shouldWakeTheAcceptThatWaitsAtTheStop() throws Exception {
        Server server = server();
        try (ListeningChannel listener = ListeningChannel.open(server)) {
            BlockingQueue<String> answers = new LinkedBlockingQueue<>();
            Thread acceptor = Thread.ofPlatform().daemon().start(
                    () -> answers.add(String.valueOf(listener.accept())));
            // In accept(2): the JVM shows a thread in a system call as runnable, the kernel as asleep.
            await().until(() -> isInAccept(acceptor));
            server.stop().request();
            assertThat(answers.poll(10, TimeUnit.SECONDS)).as("no client, not even its own bell")
                    .isEqualTo("null");
            assertThatThrownBy(() -> connect(listener.port()).close())
                    .isInstanceOf(IOException.class);
        }
    }

    private static boolean isInAccept(Thread thread) {
        for (StackTraceElement frame : thread.getStackTrace()) {
            if (frame.getMethodName().equals("accept")
                    && frame.getClassName().equals("sun.nio.ch.Net")) {
                return true;
            }
        }
        return false;
    }

    @Test
    void shouldHandOutWhoWaitsInTheQueueAfterTheStop() throws Exception {
        Server server = server();
        List<Socket> queued = new ArrayList<>();
        long before = TestServers.descriptors();
        try (ListeningChannel listener = ListeningChannel.open(server)) {
            for (int i = 0; i < 3; i++) {
                queued.add(connect(listener.port()));
            }
            server.stop().request();
            for (Socket socket : queued) {
                try (SocketChannel accepted = listener.accept()) {
                    assertThat(accepted).isNotNull();
                    if (accepted != null) {
                        assertThat(accepted.getRemoteAddress())
                                .isEqualTo(socket.getLocalSocketAddress());
                        assertThat(accepted.getOption(StandardSocketOptions.TCP_NODELAY)).isTrue();
                        assertThat(accepted.isBlocking()).isTrue();
                    }
                }
            }
            assertThat(listener.accept()).as("its own bell is no client").isNull();
            assertThat(listener.accept()).isNull();
        } finally {
            for (Socket socket : queued) {
                socket.close();
            }
        }
        await().untilAsserted(() -> assertThat(TestServers.descriptors()).isEqualTo(before));
    }

    @Test
    void shouldHandOutNobodyWhenTheGraceIsOver() throws Exception {
        Server server = server();
        try (ListeningChannel listener = ListeningChannel.open(server);
                Socket client = connect(listener.port())) {
            server.stop().signal();
            server.stop().signal();
            assertThat(listener.accept()).isNull();
            assertThat(client.isConnected()).isTrue();
        }
    }
}
