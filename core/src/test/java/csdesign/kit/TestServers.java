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
    public static final Limits PATIENT = Limits.DEFAULT
            .withBacklog(16).withMaxConnections(100).withRequestMillis(60_000);

    /// Everything as large as it may be.
    public static final Limits LARGEST = new Limits(
            (int) Limits.BACKLOG.most(),
            (int) Limits.CONNECTIONS.most(),
            Limits.IDLE.most(),
            Limits.REQUEST.most(),
            Limits.GRACE.most());

    /// Everything as small as it may be.
    public static final Limits LEAST = new Limits(1, 1, 1, 1, 0);

    public static final long DAY_NANOS = 86_400_000_000_000L;
    public static final Service BYTES = new Bytes(Bytes.Options.DEFAULT);

    private TestServers() {}

    public static Server server(Service service, Limits limits) throws IOException {
        return Server.local("test", 0)
                .withWorkers(1)
                .withLimits(limits)
                .withService(service)
                .withOut(new PrintStream(OutputStream.nullOutputStream()));
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
