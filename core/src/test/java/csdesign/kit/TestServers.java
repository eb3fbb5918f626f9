// SPDX-License-Identifier: MIT
package csdesign.kit;

import csdesign.service.Bytes;
import csdesign.service.Service;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/// Servers, as tests of all rooms need them.
public final class TestServers {
    public static final Limits PATIENT = new Limits(16, 100, 60_000, 60_000, 10_000, 256, 64);

    /// Everything as large as it may be.
    public static final Limits LARGEST = new Limits(
            (int) Limits.BACKLOG.most(),
            (int) Limits.CONNECTIONS.most(),
            Limits.IDLE.most(),
            Limits.REQUEST.most(),
            Limits.GRACE.most(),
            (int) Limits.CHILDREN.most(),
            (int) Limits.QUEUE.most());

    /// Everything as small as it may be.
    public static final Limits LEAST = new Limits(1, 1, 1, 1, 0, 0, 1);

    public static final long DAY_NANOS = 86_400_000_000_000L;
    public static final Service BYTES = new Bytes(Bytes.Options.DEFAULT);

    private TestServers() {}

    public static Server server(Service service, Limits limits) throws IOException {
        return new Server("test", loopback(0), 1, false, false, limits, service,
                Scoreboard.create(1),
                new Stop(limits.graceMillis()), new PrintStream(OutputStream.nullOutputStream()));
    }

    public static InetSocketAddress loopback(int port) {
        return new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port);
    }

    /// How many descriptors this process has open, sockets, files and all.
    public static long descriptors() {
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            return all.count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
