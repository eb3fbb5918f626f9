// SPDX-License-Identifier: MIT
package csdesign.evidence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import csdesign.evidence.Capture.Segment;
import csdesign.evidence.SendMeter.Cost;
import csdesign.evidence.SendMeter.Way;
import csdesign.kit.Sockets;
import csdesign.posix.Errno;
import csdesign.posix.Signal;
import csdesign.posix.SysEventfd;
import csdesign.posix.SysSocket;
import csdesign.posix.Unistd;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

/// The kernel's figures against what was done. In a network of its own where the test may make one.
class EvidenceTest {
    /// Nobody listens on it in a new network.
    private static final int CLOSED_PORT = 9;

    /// Nobody uses it, and it does nothing by default.
    private static final int SIGURG = 23;

    @Test
    void shouldCountTheRstOfAClosedPortExactly() throws Exception {
        PrivateNetwork.run(isPrivate -> {
            assumeTrue(isPrivate, "CAP_SYS_ADMIN is needed for a network of its own");
            try (Sockets sockets = new Sockets()) {
                NetCounters before = NetCounters.read();
                assertThat(sockets.connect(sockets.tcp(), CLOSED_PORT))
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
        PrivateNetwork.run(isPrivate -> {
            Optional<Capture> begun = Capture.begin();
            assumeTrue(begun.isPresent(), "CAP_NET_RAW is needed for a packet socket");
            try (Capture capture = begun.get(); Sockets sockets = new Sockets()) {
                int listener = sockets.listen(0, 1);
                int port = sockets.port(listener);
                int client = sockets.connect(port);
                int server = sockets.accept(listener);
                sockets.send(client, "hello", 0);
                assertThat(sockets.recv(server)).isEqualTo(5);
                List<Segment> seen = capture.segments(port);
                assertThat(seen.stream().map(Segment::flags))
                        .startsWith("SYN", "SYN ACK", "ACK", "PSH ACK");
                assertThat(seen.get(3).dataBytes()).isEqualTo(5);
                assertThat(seen.get(3).to()).isEqualTo(port);
                assertThat(seen.get(3).from()).isEqualTo(sockets.port(client));
                assertThat(seen.get(3).has("RST")).isFalse();
            }
        });
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
            assertThat(TcpInfo.of(listener).sacked()).as("its backlog").isOne();
            int other = sockets.listen(0, 3);
            assertThat(TcpInfo.ofPort(sockets.port(other)).sacked()).isEqualTo(3);
            int free = sockets.port(other);
            sockets.close(other);
            assertThatThrownBy(() -> TcpInfo.ofPort(free)).hasMessageContaining("has port");
            assertThatThrownBy(() -> TcpInfo.of(-1)).hasMessageContaining("EBADF");
        }
    }

    @Test
    void shouldSeeHowLongTheTimerOfATimeWaitHasLeft() throws IOException {
        try (Sockets sockets = new Sockets()) {
            int listener = sockets.listen(0, 1);
            int port = sockets.port(listener);
            int client = sockets.connect(port);
            sockets.close(sockets.accept(listener));
            TcpInfo.await(client, "CLOSE_WAIT");
            sockets.close(client);
            TcpTable.await(port, "TIME_WAIT");
            assertThat(TcpTable.read()).filteredOn(entry -> entry.localPort() == port)
                    .extracting(TcpTable.Entry::state)
                    .containsExactlyInAnyOrder("LISTEN", "TIME_WAIT");
            assertThat(TcpTable.read()).filteredOn(entry -> entry.localPort() == port)
                    .allSatisfy(
                            entry -> assertThat(entry.timerSeconds()).isBetween(
                                    entry.state().equals("LISTEN") ? 0.0 : 30.0,
                                    entry.state().equals("LISTEN") ? 0.0 : 60.0));
        }
    }

    @Test
    void shouldGiveUpWaitingForWhatDoesNotComeOrWhenItShallEnd() {
        assertThatThrownBy(() -> Condition.await("the moon is blue", 1_000_000, () -> false))
                .isInstanceOf(IOException.class)
                .hasMessage("not so after 1 ms: the moon is blue");
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> Condition.await("the moon is blue", () -> false))
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
    void shouldMeasureOnlyWhatTheSendingThreadDoes() throws Exception {
        try (SendMeter meter = new SendMeter(); Sockets sockets = new Sockets()) {
            int listener = sockets.listen(0, 1);
            sockets.set(listener, SysSocket.SOL_SOCKET, SysSocket.SO_RCVBUF, 4 * 1024);
            int client = sockets.connect(sockets.port(listener));
            int server = sockets.accept(listener);
            int bytes = 16 * 1024 * 1024;
            MemorySegment memory = Arena.ofAuto().allocate(bytes);
            Way write = new Way("write", server, (errno, count) -> {
                Errno.check(Unistd.write(errno, client, memory, count), "write");
                return 1;
            });
            CRC32C zeros = new CRC32C();
            zeros.update(new byte[3]);
            Way failing = new Way("failing", server, (errno, count) -> {
                throw new IOException("cannot");
            });

            Cost cost = meter.compare(List.of(write), 3, 2, bytes).of(write);
            assertThat(cost.calls()).isEqualTo(2);
            assertThat(cost.reads()).isZero();
            assertThat(cost.writes()).isIn(2L, 0L); // 0: a kernel that does not count
            assertThat(cost.cpuNanos()).isBetween(1L, cost.nanos());
            assertThat(meter.sleepsIn(write, bytes)).as("write on x86-64, on aarch64")
                    .isIn(1L, 64L, -1L);
            assertThat(meter.checksum(meter.begin(write, 3), write, 3)).isEqualTo(zeros.getValue());
            assertThatThrownBy(() -> meter.compare(List.of(failing), 1, 1, bytes))
                    .hasMessageContaining("cannot");
        }
    }

    @Test
    void shouldMakeAFileOfWhichNoPartIsLikeAnother() throws IOException {
        try (Sockets sockets = new Sockets(); Arena arena = Arena.ofConfined()) {
            int file = sockets.file(128 * 1024);
            try (FileChannel channel = FileChannel.open(Path.of("/proc/self/fd/" + file))) {
                MemorySegment all = channel.map(MapMode.READ_ONLY, 0, channel.size(), arena);
                assertThat(all.byteSize()).isEqualTo(128 * 1024);
                assertThat(all.asSlice(0, 64 * 1024).mismatch(all.asSlice(64 * 1024)))
                        .isNotNegative();
                CRC32C sum = new CRC32C();
                sum.update(all.asSlice(0, 9).asByteBuffer());
                assertThat(SendMeter.checksum(channel, 9)).isEqualTo(sum.getValue());
            }
        }
    }

    @Test
    void shouldReachNobodyOutsideOfAPrivateNetwork() throws Exception {
        try (Sockets outside = new Sockets()) {
            int port = outside.port(outside.listen(0, 1));
            PrivateNetwork.run(isPrivate -> {
                try (Sockets inside = new Sockets()) {
                    assertThat(inside.connect(inside.tcp(), port))
                            .isEqualTo(isPrivate ? -Errno.ECONNREFUSED : 0);
                }
            });
            assertThat(outside.connect(outside.tcp(), port)).isZero();
        }
    }

    @Test
    void shouldThrowWhatTheExperimentThrows() {
        assertThatThrownBy(() -> PrivateNetwork.run(_ -> {
            throw new IOException("the experiment's own");
        })).isInstanceOf(IOException.class).hasMessage("the experiment's own");
    }
}
