// SPDX-License-Identifier: MIT
package csdesign.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
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
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What a client costs a server in memory that has been answered once and is idle. It is printed
/// too. `mvn -Dquick verify -Psoak -pl contracts -am -Dit.test=IdleMemoryIT`, with
/// `-Dtest=None` and both `failIfNoSpecifiedTests` as in the README.
@Tag("soak")
class IdleMemoryIT {
    private static final int CLIENTS = 10_000;

    /// Of the young and of the tenured generation.
    private static final Pattern USED = Pattern
            .compile("(?:DefNew|Tenured) +total \\d+K, used (\\d+)K");

    /// A thread's stack is some pages. The loops keep a few objects for each client, about 0.3 KiB.
    /// What a JVM's own memory does meanwhile, a few MiB up or down, is up to 0.5 KiB for each client.
    @ParameterizedTest
    @CsvSource({"thread-per-client, 150", "poll, 1", "epoll, 1"})
    void shouldKeepLittleForAnIdleClient(String slug, double mostKib) throws Exception {
        assumeTrue(ServerProcess.hardDescriptorLimit() > CLIENTS + 500,
                "the hard limit on descriptors (ulimit -Hn) is too low");
        // All of the heap is resident from the start, and what is live in it is counted apart:
        // resident pages of a heap tell more of its past than of its contents.
        Command command = Command.of(slug, List.of("--idle-timeout", "3600"))
                .withFlag("-Xms128m")
                .withFlag("-Xmx128m")
                .withFlag("-XX:+AlwaysPreTouch");
        try (ServerProcess server = ServerProcess.start(slug, command)) {
            // As many come and go first: what the JVM needs to serve is there then, compiled and
            // resident. Tables that have grown for them keep their size: some bytes for each.
            int descriptors = server.descriptors();
            close(connect(server));
            await("the first ones to be gone").atMost(ServerProcess.PATIENCE)
                    .until(() -> server.descriptors() <= descriptors);
            long before = memoryKib(server);
            List<Socket> clients = connect(server);
            try {
                double each = (double) (memoryKib(server) - before) / CLIENTS;
                System.out.printf("%s: %,d idle clients, %.2f KiB each%n",
                        slug, CLIENTS, each);
                assertThat(each).isLessThan(mostKib);
            } finally {
                close(clients);
            }
            server.stopQuietly();
            assertThat(server.distributionSum()).isEqualTo(2 * CLIENTS);
        }
    }

    private static List<Socket> connect(ServerProcess server) throws IOException {
        List<Socket> clients = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
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

    /// What is live in the heap, and what is resident elsewhere.
    private static long memoryKib(ServerProcess server) throws Exception {
        jcmd(server, "GC.run");
        long live = USED.matcher(jcmd(server, "GC.heap_info")).results()
                .mapToLong(used -> Long.parseLong(used.group(1))).sum();
        assertThat(live).isPositive();
        return live + server.residentKib();
    }

    private static String jcmd(ServerProcess server, String command) throws Exception {
        Process jcmd = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                "" + server.pid(), command).redirectErrorStream(true).start();
        String said = new String(jcmd.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(jcmd.waitFor()).as("jcmd %s: %s", command, said).isZero();
        return said;
    }
}
