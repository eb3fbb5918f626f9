// SPDX-License-Identifier: MIT
package csdesign.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import csdesign.harness.ServerProcess;
import csdesign.harness.ServerProcess.Command;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What a client costs a server that has been answered once and is idle: resident memory, which
/// is printed too. `mvn -Dquick verify -Psoak -pl contracts -am -Dit.test=IdleMemoryIT`, with
/// `-Dtest=None` and both `failIfNoSpecifiedTests` as in the README.
@Tag("soak")
class IdleMemoryIT {
    private static final int CLIENTS = 10_000;

    /// So many come and go first: what the JVM needs to serve is there, compiled and resident.
    private static final int EARLIER_CLIENTS = 1_000;

    /// A thread's stack is some pages. The loops keep a few objects for each client: most KiB.
    @ParameterizedTest
    @CsvSource({"thread-per-client, 150", "poll, 0.5", "epoll, 0.5"})
    void shouldKeepLittleForAnIdleClient(String slug, double mostKib) throws Exception {
        assumeTrue(ServerProcess.hardDescriptorLimit() > CLIENTS + 500,
                "the hard limit on descriptors (ulimit -Hn) is too low");
        // What is not live is collected before it is looked at. With a young generation this small
        // all of it is resident before the clients come.
        Command command = Command.of(slug, List.of("--idle-timeout", "3600")).withFlag("-Xmn8m");
        try (ServerProcess server = ServerProcess.start(slug, command)) {
            close(connect(server, EARLIER_CLIENTS));
            long before = residentKib(server);
            List<Socket> clients = connect(server, CLIENTS);
            try {
                double each = (double) (residentKib(server) - before) / CLIENTS;
                System.out.printf("%s: %,d idle clients, %.2f KiB resident memory each%n",
                        slug, CLIENTS, each);
                assertThat(each).isBetween(0.0, mostKib);
            } finally {
                close(clients);
            }
            server.stopQuietly();
            assertThat(server.distributionSum()).isEqualTo(EARLIER_CLIENTS + CLIENTS);
        }
    }

    private static List<Socket> connect(ServerProcess server, int count) throws IOException {
        List<Socket> clients = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Socket client = new Socket(InetAddress.ofLiteral("127.0.0.1"), server.port());
            clients.add(client);
            client.getOutputStream().write("64\n".getBytes(StandardCharsets.US_ASCII));
            assertThat(client.getInputStream().readNBytes(64)).hasSize(64);
        }
        return clients;
    }

    private static void close(List<Socket> clients) throws IOException {
        for (Socket client : clients) {
            client.close();
        }
    }

    private static long residentKib(ServerProcess server) throws Exception {
        Process collect = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                "" + server.pid(), "GC.run").redirectErrorStream(true).start();
        String said = new String(collect.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(collect.waitFor()).as("jcmd GC.run: %s", said).isZero();
        return server.residentKib();
    }
}
