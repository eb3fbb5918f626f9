// SPDX-License-Identifier: MIT
package csdesign.drive;

import static csdesign.posix.SysSocket.AF_UNIX;
import static csdesign.posix.SysSocket.MSG_DONTWAIT;
import static csdesign.posix.SysSocket.MSG_NOSIGNAL;
import static csdesign.posix.SysSocket.SHUT_WR;
import static csdesign.posix.SysSocket.SOCK_CLOEXEC;
import static csdesign.posix.SysSocket.SOCK_NONBLOCK;
import static csdesign.posix.SysSocket.SOCK_STREAM;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import csdesign.kit.Limits;
import csdesign.kit.Server;
import csdesign.kit.TestServers;
import csdesign.posix.Errno;
import csdesign.posix.SysSocket;
import csdesign.posix.Unistd;
import csdesign.service.Service;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/// A loop of one connection, whose client is the test: it holds the other end of a socket pair.
final class Rig implements AutoCloseable {
    private final Arena arena = Arena.ofConfined();
    private final Errno errno = Errno.allocate(arena);
    private final MemorySegment buffer = arena.allocate(64 * 1024);
    final Server server;
    final ReadinessDriver driver;
    final ReadinessDriver.Connection connection;

    /// What the last event was answered with.
    Interest watched;

    final int fd;
    private final int client;
    private boolean clientIsOpen = true;

    Rig(Service service, Limits limits) throws IOException {
        server = TestServers.server(service, limits);
        driver = new ReadinessDriver(server, server.scoreboard().row(0));
        MemorySegment two = arena.allocate(JAVA_INT, 2);
        int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
        Errno.check(SysSocket.socketpair(errno, AF_UNIX, type, 0, two), "socketpair");
        client = two.getAtIndex(JAVA_INT, 0);
        fd = two.getAtIndex(JAVA_INT, 1);
        watched = driver.open(fd);
        connection = Objects.requireNonNull(driver.at(fd));
    }

    Rig(Service service) throws IOException {
        this(service, TestServers.PATIENT);
    }

    private Interest watch(Interest interest) {
        watched = interest;
        return interest;
    }

    Rig send(String text) {
        return send(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    Rig send(byte[] bytes) {
        try (Arena own = Arena.ofConfined()) {
            MemorySegment segment = own.allocateFrom(JAVA_BYTE, bytes);
            long n = SysSocket.send(errno, client, segment, bytes.length, MSG_NOSIGNAL);
            if (n != bytes.length) {
                throw new AssertionError("the client sent " + n + " of " + bytes.length);
            }
        }
        return this;
    }

    /// The client is readable to the server: the loop would call this.
    Interest readable() {
        return watch(driver.onReadable(fd));
    }

    /// There is room to write: the loop would call this.
    Interest writable() {
        return watch(driver.onWritable(fd));
    }

    /// The server is to stop: the loop would do this.
    Interest stop() {
        server.stop().request();
        driver.tick();
        driver.onStop();
        return dueNow();
    }

    /// The rest of the loop's round.
    private Interest dueNow() {
        while (driver.nextDue() == fd) {
            watch(driver.onDue(fd));
        }
        return watched;
    }

    /// What has arrived at the client so far.
    byte[] arrived() {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        while (true) {
            long n = receive();
            if (n <= 0) {
                return all.toByteArray();
            }
            all.writeBytes(buffer.asSlice(0, n).toArray(JAVA_BYTE));
        }
    }

    String arrivedText() {
        return new String(arrived(), StandardCharsets.ISO_8859_1);
    }

    /// Whether the client reads the end of the stream now.
    boolean clientSeesTheEnd() {
        return receive() == 0;
    }

    private long receive() {
        return SysSocket.recv(errno, client, buffer, buffer.byteSize(), MSG_DONTWAIT);
    }

    /// The client reads, and the loop writes on, for as long as it wants to write.
    byte[] readAll() {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(arrived());
        while (watched == Interest.WRITE) {
            writable();
            all.writeBytes(arrived());
        }
        return all.toByteArray();
    }

    void clientEnds() {
        SysSocket.shutdown(errno, client, SHUT_WR);
    }

    void clientCloses() {
        if (clientIsOpen) {
            clientIsOpen = false;
            Unistd.close(errno, client);
        }
    }

    /// Lets the loop's clock run until the connection is due, and tells it so.
    Interest due() {
        long last = System.nanoTime() + 10_000_000_000L;
        do {
            if (System.nanoTime() - last > 0) {
                throw new AssertionError("no deadline within 10 s");
            }
            Thread.onSpinWait();
            driver.tick();
        } while (driver.nextDue() != fd);
        watch(driver.onDue(fd));
        return dueNow();
    }

    /// How far away the deadline is, on the loop's clock.
    long nanosLeft() {
        return connection.deadlineNanos() - driver.now();
    }

    @Override
    public void close() {
        clientCloses();
        driver.close();
        arena.close();
    }
}
