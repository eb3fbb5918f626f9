// SPDX-License-Identifier: MIT
package csdesign.evidence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import csdesign.evidence.Capture.Segment;
import csdesign.lab.Sockets;
import csdesign.lab.TimeWaitWatch;
import csdesign.posix.Errno;
import csdesign.posix.Signal;
import csdesign.posix.SysEventfd;
import csdesign.posix.SysSocket;
import csdesign.posix.Unistd;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/// The kernel's figures against what was done. In a network of its own where the test may make one.
class EvidenceTest {
    /// Nobody listens on it in a new network.
    private static final int CLOSED_PORT = 9;

    /// Nobody uses it, and it does nothing by default.
    private static final int SIGURG = 23;

    @Test
    void shouldCountTheRstOfAClosedPortExactly() throws Exception {
        PrivateNetwork.run(network -> {
            assumeTrue(network.isPrivate(), network.refusal());
            try (Sockets sockets = new Sockets()) {
                NetCounters before = NetCounters.read();
                assertThat(sockets.connect(sockets.newTcpSocket(), CLOSED_PORT))
                        .isEqualTo(-Errno.ECONNREFUSED);
                NetCounters after = NetCounters.read();
                assertThat(after.since(before, "Tcp.OutRsts")).isOne();
                assertThat(after.since(before, "Tcp.ActiveOpens")).isOne();
                assertThat(after.get("TcpExt.ListenOverflows")).isZero();
                assertThat(after.get("Tcp.NoSuchName")).isZero();
            }
        });
    }

    @Test
    void shouldSeeEachSegmentOnceInItsOrder() throws Exception {
        PrivateNetwork.run(_ -> {
            try (Sockets sockets = new Sockets()) {
                int listener = sockets.listen(0, 2);
                int port = sockets.port(listener);
                try (Capture capture = begin(port)) {
                    int client = sockets.connect(port);
                    int other = sockets.connect(port); // at the same port, but not the same
                    int server = sockets.accept(listener);
                    sockets.send(client, "hello", 0);
                    sockets.send(other, "goodbye", 0);
                    assertThat(sockets.recv(server)).isEqualTo(5);
                    FourTuple name = FourTuple.of(sockets.errno(), client);
                    List<Segment> seen = capture.segments(name.otherEnd());
                    assertThat(seen.stream().map(Segment::flags))
                            .startsWith("SYN", "SYN ACK", "ACK", "PSH ACK");
                    assertThat(seen).extracting(Segment::dataBytes).doesNotContain(7);
                    assertThat(seen.get(3).dataBytes()).isEqualTo(5);
                    assertThat(seen.get(3).name()).isEqualTo(name);
                    assertThat(seen.get(1).name()).isEqualTo(name.otherEnd());
                    assertThat(seen.get(3).has("RST")).isFalse();
                }
            }
        });
    }

    private static Capture begin(int port) throws IOException {
        try {
            return Capture.begin(port);
        } catch (NotHereException e) {
            assumeTrue(false, e.getMessage());
            throw e;
        }
    }

    @Test
    void shouldReadTheCountsOfAConnection() throws IOException {
        try (Sockets sockets = new Sockets()) {
            int listener = sockets.listen(0, 1);
            int client = sockets.connect(sockets.port(listener));
            int server = sockets.accept(listener);
            sockets.send(client, "hello", 0);
            assertThat(sockets.recv(server)).isEqualTo(5);

            assertThat(TcpInfo.of(client).state()).isEqualTo("ESTABLISHED");
            assertThat(TcpInfo.of(client).dataSegmentsOut()).isOne();
            assertThat(TcpInfo.of(server).dataSegmentsIn()).isOne();
            assertThat(TcpInfo.of(server).dataSegmentsOut()).isZero();
            assertThat(TcpInfo.of(client).sendMss()).isGreaterThan(500);
            assertThat(TcpInfo.of(listener).state()).isEqualTo("LISTEN");
            assertThat(TcpInfo.of(listener).acceptBacklog()).isOne();
            int other = sockets.listen(0, 3);
            FourTuple name = FourTuple.of(sockets.errno(), other);
            assertThat(TcpInfo.of(name).acceptBacklog()).isEqualTo(3);
            assertThat(TcpInfo.of(FourTuple.of(sockets.errno(), server)).dataSegmentsIn())
                    .as("not its listener, which has the same port").isOne();
            sockets.close(other);
            assertThatThrownBy(() -> TcpInfo.of(name)).hasMessageContaining("no socket");
            assertThatThrownBy(() -> TcpInfo.of(-1)).hasMessageContaining("EBADF");
        }
    }

    @Test
    void shouldCountWhatOneListenerDropsThoughOthersDropToo() throws IOException {
        try (Sockets sockets = new Sockets()) {
            int full = sockets.listen(0, 0);
            int roomy = sockets.listen(0, 9);
            int[] ports = {sockets.port(full), sockets.port(roomy)};
            for (int port : ports) {
                sockets.connect(port);
                sockets.beginConnect(port);
            }
            Look.until("the SYN is dropped", () -> TcpInfo.drops(full), drops -> drops > 0);
            assertThat(TcpInfo.drops(roomy)).isZero();
            assertThatThrownBy(() -> TcpInfo.drops(-1)).hasMessageContaining("EBADF");
        }
    }

    @Test
    void shouldSeeHowLongTheTimerOfATimeWaitHasLeft() throws IOException {
        try (Sockets sockets = new Sockets()) {
            int listener = sockets.listen(0, 1);
            int port = sockets.port(listener);
            int client = sockets.connect(port);
            int server = sockets.accept(listener);
            FourTuple end = FourTuple.of(sockets.errno(), server);
            TimeWaitWatch watch = TimeWaitWatch.begin();
            sockets.close(server);
            TcpInfo.await(client, "CLOSE_WAIT");
            sockets.close(client);
            assertThat(watch.await(end, "TIME_WAIT").timerSeconds()).isBetween(30.0, 60.0);
            assertThat(watch.isInTimeWait(end)).isTrue();
            FourTuple listening = FourTuple.of(sockets.errno(), listener);
            assertThat(TcpTable.find(listening).orElseThrow().state()).isEqualTo("LISTEN");
            assertThat(TcpTable.find(listening).orElseThrow().timerSeconds()).isZero();
            assertThat(TcpTable.find(end.otherEnd())).as("the client's end is gone").isEmpty();
        }
    }

    /// Two clients with the same port, at two servers: 127.0.0.2 and 127.0.0.3 have it.
    @Test
    void shouldTellConnectionsApartThatHaveTheSamePort() throws IOException {
        InetAddress one = InetAddress.ofLiteral("127.0.0.2");
        InetAddress two = InetAddress.ofLiteral("127.0.0.3");
        try (ServerSocket server = new ServerSocket(0, 9, InetAddress.ofLiteral("127.0.0.1"));
                Socket first = new Socket();
                Socket second = new Socket()) {
            first.bind(new InetSocketAddress(one, 0));
            second.bind(new InetSocketAddress(two, first.getLocalPort()));
            first.connect(server.getLocalSocketAddress());
            second.connect(server.getLocalSocketAddress());
            try (Socket peer = server.accept()) {
                peer.shutdownOutput();
                Look.until("the FIN has come",
                        () -> TcpInfo.of(name(first)).state(), "CLOSE_WAIT"::equals);
                assertThat(TcpInfo.of(name(second)).state()).isEqualTo("ESTABLISHED");
            }
        }
    }

    private static FourTuple name(Socket socket) {
        return new FourTuple(
                (InetSocketAddress) socket.getLocalSocketAddress(),
                (InetSocketAddress) socket.getRemoteSocketAddress());
    }

    @Test
    void shouldSayThatAFullTableHidesWhatItHasNoRoomFor() throws Exception {
        PrivateNetwork.run(network -> {
            assumeTrue(network.isPrivate(), network.refusal());
            Files.writeString(Path.of("/proc/sys/net/ipv4/tcp_max_tw_buckets"), "0");
            try (Sockets sockets = new Sockets()) {
                int listener = sockets.listen(0, 1);
                int client = sockets.connect(sockets.port(listener));
                int server = sockets.accept(listener);
                FourTuple end = FourTuple.of(sockets.errno(), server);
                TimeWaitWatch watch = TimeWaitWatch.begin();
                assertThat(watch.isInTimeWait(end)).as("there was no need of room").isFalse();
                sockets.close(server);
                assertThatThrownBy(() -> watch.await(end, "FIN_WAIT2"))
                        .isInstanceOf(NotHereException.class)
                        .hasMessageContaining("tcp_max_tw_buckets is 0");
                assertThatThrownBy(() -> watch.isInTimeWait(end))
                        .isInstanceOf(NotHereException.class);
                sockets.close(client);
            }
        });
    }

    /// What a client leaves that made a connection from every port that it may have.
    @Test
    void shouldListenThoughEveryPortOfTheKernelsChoiceIsTaken() throws Exception {
        PrivateNetwork.run(network -> {
            assumeTrue(network.isPrivate(), network.refusal());
            Files.writeString(
                    Path.of("/proc/sys/net/ipv4/ip_local_port_range"), "40000 40001");
            try (Sockets sockets = new Sockets()) {
                sockets.listen(40_000, 1);
                sockets.listen(40_001, 1);
                assertThat(sockets.port(sockets.listen(0, 1))).isBetween(1_024, 32_767);
                assertThat(sockets.bind(sockets.newTcpSocket(), 40_000))
                        .isEqualTo(-Errno.EADDRINUSE);
            }
        });
    }

    @Test
    void shouldGiveUpWaitingForWhatDoesNotComeOrWhenItShallEnd() {
        assertThatThrownBy(
                () -> Look.until("the moon is blue", 1_000_000, () -> "grey", "blue"::equals))
                .isInstanceOf(IOException.class)
                .hasMessage("waited 1 ms until the moon is blue; seen last: grey");
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> Look.until("the moon is blue", () -> "grey", "blue"::equals))
                .isInstanceOf(InterruptedIOException.class);
        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void shouldTellWhatASignalWouldDo() {
        Task jvm = Task.of(ProcessHandle.current().pid());
        assertThat(jvm.disposition(Signal.SIGPIPE)).isEqualTo("caught"); // by HotSpot
        assertThat(jvm.disposition(Signal.SIGKILL)).isEqualTo("default");
        try (Arena arena = Arena.ofConfined()) {
            Errno errno = Errno.allocate(arena);
            assertThat(Signal.ignore(errno, SIGURG)).isZero();
            assertThat(jvm.disposition(SIGURG)).isEqualTo("ignored");
            assertThat(Signal.restoreDefault(errno, SIGURG)).isZero();
            assertThat(jvm.disposition(SIGURG)).isEqualTo("default");
        }
    }

    @Test
    void shouldTellWhoSleepsAndHowOftenItWasWoken() throws Exception {
        AtomicInteger tid = new AtomicInteger();
        CountDownLatch known = new CountDownLatch(1);
        try (Sockets sockets = new Sockets()) {
            int listener = sockets.listen(0, 1);
            Thread waiter = Thread.ofPlatform().start(() -> {
                try (Arena arena = Arena.ofConfined()) {
                    tid.set(Unistd.gettid(Errno.allocate(arena)));
                    known.countDown();
                    SysSocket.accept4(
                            Errno.allocate(arena), listener,
                            MemorySegment.NULL,
                            MemorySegment.NULL, 0);
                }
            });
            known.await();
            Task task = new Task(ProcessHandle.current().pid(), tid.get());
            while (!task.sleepsIn().equals("inet_csk_accept") && !task.sleepsIn().equals("0")) {
                Thread.onSpinWait();
            }
            Task.awaitAsleep(List.of(task));
            assertThat(task.state()).isEqualTo('S');
            assertThat(task.voluntarySwitches()).isPositive();
            assertThat(task.systemCall()).as("accept4 on x86-64, on aarch64")
                    .isIn(288L, 242L, -1L);
            Task self = new Task(ProcessHandle.current().pid(), gettid());
            long reads = self.io("syscr");
            Files.readString(Path.of("/proc/self/cmdline"));
            assertThat(self.io("syscr")).isGreaterThan(reads);
            sockets.connect(sockets.port(listener));
            waiter.join();
            while (task.state() != Task.GONE) {
                Thread.onSpinWait();
            }
            assertThat(task.voluntarySwitches()).isZero();
            Task.awaitAsleep(List.of(task)); // and nobody waits for one that is gone
            assertThat(task.systemCall()).isEqualTo(-1);
            assertThat(task.io("syscr")).isZero();
        }
    }

    private static int gettid() {
        try (Arena arena = Arena.ofConfined()) {
            return Unistd.gettid(Errno.allocate(arena));
        }
    }

    @Test
    void shouldTellWhereAProcessSleepsAndWhatIsPending() throws Exception {
        Process cat = new ProcessBuilder("/bin/cat").start();
        try (Arena arena = Arena.ofConfined()) {
            Errno errno = Errno.allocate(arena);
            int pid = (int) cat.pid();
            Task task = Task.of(pid);
            while (!task.isAsleepIn("pipe_read", "pipe_wait")) {
                Thread.onSpinWait();
            }
            boolean isTold = !task.sleepsIn().equals("0");
            assertThat(task.isAsleepIn("no_such_function")).isEqualTo(!isTold);
            assertThat(task.isPending(Signal.SIGTERM)).isFalse();
            Signal.kill(errno, pid, Signal.SIGSTOP);
            while (task.state() != 'T') {
                Thread.onSpinWait();
            }
            assertThat(task.isAsleepIn("pipe_read", "signal")).as("stopped").isFalse();
            Signal.kill(errno, pid, Signal.SIGTERM); // waits until it goes on
            assertThat(task.isPending(Signal.SIGTERM)).isTrue();
            assertThat(task.isPending(Signal.SIGINT)).isFalse();
        } finally {
            cat.destroyForcibly().waitFor();
        }
        assertThat(Task.of(cat.pid()).isPending(Signal.SIGTERM)).isFalse();
    }

    @Test
    void shouldCountDescriptorsOfAKind() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Errno errno = Errno.allocate(arena);
            Task here = Task.of(ProcessHandle.current().pid());
            long before = here.descriptors("anon_inode:[eventfd]");
            int fd = SysEventfd.eventfd(errno, 0, SysEventfd.EFD_CLOEXEC);
            assertThat(here.descriptors("anon_inode:[eventfd]")).isEqualTo(before + 1);
            Unistd.close(errno, fd);
            assertThat(here.descriptors("anon_inode:[eventfd]")).isEqualTo(before);
        }
    }

    @Test
    void shouldReachNobodyOutsideOfAPrivateNetwork() throws Exception {
        try (Sockets outside = new Sockets()) {
            int port = outside.port(outside.listen(0, 1));
            PrivateNetwork.run(network -> {
                try (Sockets inside = new Sockets()) {
                    assertThat(inside.connect(inside.newTcpSocket(), port))
                            .isEqualTo(network.isPrivate() ? -Errno.ECONNREFUSED : 0);
                }
            });
            assertThat(outside.connect(outside.newTcpSocket(), port)).isZero();
        }
    }

    @Test
    void shouldThrowWhatTheExperimentThrows() {
        assertThatThrownBy(() -> PrivateNetwork.run(_ -> {
            throw new IOException("the experiment's own");
        })).isInstanceOf(IOException.class).hasMessage("the experiment's own");
    }
}
