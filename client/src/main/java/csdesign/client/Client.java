// SPDX-License-Identifier: MIT
package csdesign.client;

import static csdesign.posix.SysResource.RLIMIT_BYTES;
import static csdesign.posix.SysResource.RLIMIT_NOFILE;

import csdesign.posix.Arch;
import csdesign.posix.Errno;
import csdesign.posix.SysResource;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/// The client's one entry point.
public final class Client {
    /// How long after the end of the measured time an answer that is on its way is waited
    /// for, so that a server sees its answers taken and not its connections broken.
    static final long DRAIN_NANOS = 1_000_000_000;

    /// How long a client rests after an error when time is the bound: a server that
    /// refuses would otherwise be asked a hundred thousand times a second.
    static final long REST_NANOS = 10_000_000;

    /// What a JVM may still open beside the connections: jars, the random device,
    /// sockets.
    private static final int SPARE_DESCRIPTORS = 16;

    private Client() {}

    /// Makes the requests, and returns when all are answered, the time is over, or it was
    /// stopped. By then all connections are closed and all threads have ended.
    ///
    /// @param load what to ask for
    /// @param progress to look at, and to end it with
    /// @return what came of it, also when it was stopped
    /// @throws IllegalArgumentException when the host has no address, or this system
    ///     cannot do it: with the value, the limit and the remedy
    /// @throws IOException when the client's own descriptors fail it; never because of
    ///     the server
    public static Result run(Load load, Progress progress) throws IOException {
        InetSocketAddress server = new InetSocketAddress(resolve(load.host()), load.port());
        checkSourceAddresses(load, server);
        Patience patience = new Patience(load, progress);
        Window window = switch (load.engine()) {
            case THREADS -> {
                checkDescriptors(load);
                yield new ThreadsEngine(load, server, progress, patience).run();
            }
            case EPOLL -> {
                checkNative();
                checkDescriptors(load);
                try (EpollEngine engine = new EpollEngine(load, server, progress, patience)) {
                    yield engine.run();
                }
            }
        };
        return Result.of(load, window, patience);
    }

    private static InetAddress resolve(String host) {
        try {
            InetAddress address = InetAddress.getByName(host);
            if (!address.isAnyLocalAddress()) {
                return address;
            }
            // As connect(2) has it; a channel of the JDK would take one of the machine's own.
            return InetAddress.ofLiteral(address instanceof Inet6Address ? "::1" : "127.0.0.1");
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(
                    "--host " + host + " has no address: give a name that resolves, or an address",
                    e);
        }
    }

    private static void checkSourceAddresses(Load load, InetSocketAddress server) {
        if (load.sourceAddresses() > 1 && !isLoopback4(server)) {
            throw new IllegalArgumentException(
                    "--source-addresses is " + load.sourceAddresses() + " and the server "
                            + server.getAddress().getHostAddress()
                            + ": only connections to 127.0.0.0/8 can have addresses of their own");
        }
    }

    /// Whether the server is in 127.0.0.0/8, all of which is this machine.
    static boolean isLoopback4(InetSocketAddress server) {
        byte[] address = server.getAddress().getAddress();
        return address.length == 4 && address[0] == 127;
    }

    private static void checkNative() {
        try {
            Arch _ = Arch.current();
        } catch (UnsupportedOperationException elsewhere) {
            throw new IllegalArgumentException(
                    "--engine epoll cannot run, " + elsewhere.getMessage()
                            + ": use --engine threads",
                    elsewhere);
        }
        if (!Arch.isUsable()) {
            throw new IllegalArgumentException(
                    "--engine epoll makes system calls: run java with"
                            + " --enable-native-access=ALL-UNNAMED, or use --engine threads");
        }
    }

    /// Better now in one sentence than in the middle by EMFILE.
    private static void checkDescriptors(Load load) throws IOException {
        Path open = Path.of("/proc/self/fd");
        if (!Files.isDirectory(open) || !Arch.isUsable()) {
            return; // no way to know
        }
        long inUse = SPARE_DESCRIPTORS;
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(open)) {
            for (Path _ : entries) {
                inUse++;
            }
        }
        long limit = descriptorLimit();
        if (load.clients() > limit - inUse) {
            throw new IllegalArgumentException(
                    "--child-num is " + load.clients() + ", a descriptor each: the limit is "
                            + limit + ", of which " + inUse + " are in use. Use "
                            + Math.max(1, limit - inUse)
                            + " or fewer, or raise the limit (ulimit -n)");
        }
    }

    private static long descriptorLimit() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment limit = arena.allocate(RLIMIT_BYTES, 8);
            Errno.check(
                    SysResource.getrlimit(Errno.allocate(arena), RLIMIT_NOFILE, limit),
                    "getrlimit");
            long soft = limit.get(ValueLayout.JAVA_LONG, 0);
            return soft < 0 ? Long.MAX_VALUE : soft; // RLIM_INFINITY is all ones
        }
    }
}
