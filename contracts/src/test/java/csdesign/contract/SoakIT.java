// SPDX-License-Identifier: MIT
package csdesign.contract;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import csdesign.design.Catalog;
import csdesign.design.Design;
import csdesign.harness.Client;
import csdesign.harness.ServerProcess;
import csdesign.harness.ServerProcess.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Runs of minutes, which `mvn verify` leaves out: `mvn -Dquick verify -Psoak`.
@Tag("soak")
class SoakIT {
    private static final int CLIENTS = 20;
    private static final int FORKS = 100_000;
    private static final int CONNECTIONS = 20_000;
    private static final int WORKERS = 10;
    private static final int SAMPLE_MILLIS = 50;
    private static final int FIRST_CHILDREN = 100;

    /// A page here and there, while nothing grows with the connections.
    private static final long MOST_GROWTH_KIB = 1024;

    private static final Pattern RSS = Pattern.compile("(?m)^VmRSS:\\s+([0-9]+) kB$");

    /// Each client asks once, and nothing is tried again: one wrong answer, and the client's exit
    /// code is 1.
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldForkForEachOfManyAndLeaveNoZombieNorGrow(boolean busy) throws Exception {
        Command command = Command.of("fork-per-client", List.of());
        List<Thread> load = busy ? spin(Runtime.getRuntime().availableProcessors()) : List.of();
        try (ServerProcess server = ServerProcess.start("fork-per-client", command)) {
            assertThat(ask(server, FORKS / 100).waitFor()).isZero();
            long rss = rssKib(server);
            Process client = ask(server, FORKS);
            Set<Long> before = Set.of();
            while (!client.waitFor(SAMPLE_MILLIS, MILLISECONDS)) {
                Set<Long> zombies = zombies(server);
                Set<Long> twice = new HashSet<>(zombies);
                twice.retainAll(before);
                assertThat(twice).as("zombies that nobody reaps").isEmpty();
                before = zombies;
                assertThat(rssKib(server)).isLessThan(rss + MOST_GROWTH_KIB);
            }
            assertThat(client.exitValue()).isZero();
            server.stopQuietly();
            assertThat(server.distributionSum()).isEqualTo(FORKS / 100 + FORKS);
        } finally {
            load.forEach(Thread::interrupt);
        }
    }

    /// A lock that another thread holds at the moment of the fork is held for ever in the child, and
    /// most of them are taken in a server's first moments.
    @Test
    void shouldNotHangItsFirstChild() throws Exception {
        List<Thread> load = spin(2 * Runtime.getRuntime().availableProcessors());
        try {
            for (int i = 0; i < FIRST_CHILDREN; i++) {
                Command command = Command.of("fork-per-client", List.of());
                try (ServerProcess server = ServerProcess.start("fork-per-client", command);
                        Client client = Client.of(server)) {
                    client.send("3000").expectAnswer(3000).halfClose().expectEnd();
                    server.stopQuietly();
                }
            }
        } finally {
            load.forEach(Thread::interrupt);
        }
    }

    static Stream<String> pools() {
        return Catalog.ENTRIES.stream().filter(entry -> entry.servedBy().isPool())
                .map(Design::slug);
    }

    @ParameterizedTest
    @MethodSource("pools")
    void shouldCountEachConnectionOnce(String slug) throws Exception {
        Command command = Command.of(slug, List.of("-n", "" + WORKERS));
        try (ServerProcess server = ServerProcess.start(slug, command)) {
            assertThat(ask(server, CONNECTIONS).waitFor()).isZero();
            server.stopQuietly();
            assertThat(server.distribution()).hasSize(WORKERS);
            assertThat(server.distributionSum()).isEqualTo(CONNECTIONS);
        }
    }

    private static Process ask(ServerProcess server, int connections) throws IOException {
        List<String> words = new ArrayList<>(
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-jar",
                        System.getProperty("csdesign.jar"),
                        "client"));
        words.addAll(List.of("-p", "" + server.port(), "-b", "4096"));
        words.addAll(List.of("-c", "" + CLIENTS, "-t", "" + connections / CLIENTS));
        return new ProcessBuilder(words).inheritIO().start();
    }

    private static Set<Long> zombies(ServerProcess server) {
        Set<Long> zombies = new HashSet<>();
        ProcessHandle.of(server.pid()).orElseThrow().children()
                .filter(ServerProcess::isZombie)
                .forEach(child -> zombies.add(child.pid()));
        return zombies;
    }

    private static long rssKib(ServerProcess server) throws IOException {
        String status = Files.readString(Path.of("/proc", "" + server.pid(), "status"));
        Matcher rss = RSS.matcher(status);
        assertThat(rss.find()).as("VmRSS").isTrue();
        return Long.parseLong(rss.group(1));
    }

    private static List<Thread> spin(int threads) {
        return Stream.generate(() -> Thread.ofPlatform().daemon().start(() -> {
            while (!Thread.currentThread().isInterrupted()) {
                Thread.onSpinWait();
            }
        })).limit(threads).toList();
    }
}
