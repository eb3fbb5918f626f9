// SPDX-License-Identifier: MIT
package csdesign.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import csdesign.harness.Client;
import csdesign.harness.EveryDesign;
import csdesign.harness.ServerProcess;
import csdesign.harness.Subject;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// Out of descriptors (EMFILE), accepting pauses and says so; it does not spin, although
/// the listening socket is readable all the while; and it goes on when there are
/// descriptors again.
@EveryDesign
record DescriptorLimitContract(Subject subject) {
    /// Enough for a JVM to start, few enough to use up.
    private static final int DESCRIPTORS = 80;

    private static final int CLIENTS = 100;

    /// A loop that spins takes all the CPU time it gets: 100 ticks in a second, 33 beside
    /// two busy processes. One that pauses 100 ms takes 1 or 2.
    private static final long MOST_TICKS_A_SECOND = 15;

    /// For each process: ten pauses a second for each of its acceptors, the JVM's own clocks
    /// (about 50) and the deadlines' (20).
    private static final long MOST_SWITCHES_A_SECOND = 500;

    @Test
    void shouldPauseAndRecoverWhenDescriptorsRunOut() throws Exception {
        if (subject.capacity() < CLIENTS) {
            expectPauseAndRecoveryWhenNotOneIsLeft();
            return;
        }
        ServerProcess server = subject.ownServer(
                subject.command().withDescriptors(DESCRIPTORS));
        List<Client> clients = new ArrayList<>();
        try {
            for (int i = 0; i < CLIENTS; i++) {
                clients.add(Client.of(server).send((1000 + i) + "\n"));
            }
            expectPause(server);
            // Each that leaves makes room for another: all who wait are served in their turn.
            for (int i = 0; i < CLIENTS; i++) {
                clients.get(i).expectAnswer(1000 + i);
                clients.get(i).leave();
            }
            expectServed(server);
        } finally {
            for (Client client : clients) {
                client.leave();
            }
        }
        server.terminate();
        assertThat(server.awaitExit(ServerProcess.PATIENCE)).isZero();
        assertThat(server.distributionSum()).isEqualTo(CLIENTS + 1L);
    }

    @Test
    void shouldStopInOrderWhileDescriptorsAreOut() throws Exception {
        assumeTrue(subject.capacity() >= CLIENTS, "it never has so many clients at once");
        ServerProcess server = subject.ownServer(
                subject.command().withDescriptors(DESCRIPTORS));
        List<Client> clients = new ArrayList<>();
        try {
            for (int i = 0; i < CLIENTS; i++) {
                clients.add(Client.of(server).send((1000 + i) + "\n"));
            }
            expectPause(server);
            server.terminate();
            for (int i = 0; i < CLIENTS; i++) {
                clients.get(i).expectAnswer(1000 + i).expectEnd();
                clients.get(i).leave();
            }
        } finally {
            for (Client client : clients) {
                client.leave();
            }
        }
        assertThat(server.awaitExit(Duration.ofSeconds(5))).isZero();
        assertThat(server.distributionSum()).isEqualTo(CLIENTS);
    }

    /// Few clients at once take few descriptors, so the limit must fall below what the
    /// server holds while it runs.
    private void expectPauseAndRecoveryWhenNotOneIsLeft() throws Exception {
        ServerProcess server = subject.ownServer();
        for (int i = 0; i < subject.capacity(); i++) {
            expectServed(server); // what it opens to serve is open now
        }
        long softLimit = server.softDescriptorLimit();
        for (ProcessHandle process : server.processes()) {
            limitDescriptors(process, lowestFree(process));
        }
        // accept(2) takes a descriptor before it waits: whoever waited in it serves one more.
        List<Client> clients = new ArrayList<>();
        try {
            for (int i = 0; i <= subject.capacity(); i++) {
                clients.add(Client.of(server).send("3000\n"));
            }
            await("a word about it").atMost(ServerProcess.PATIENCE).until(() -> {
                letAnsweredLeave(clients);
                return !server.err().isEmpty();
            });
            expectPause(server);
            letAnsweredLeave(clients);
            assertThat(clients).as("who cannot be accepted").isNotEmpty();
            // The parent last: what it passes to a worker that has no room for it is lost.
            for (ProcessHandle process : server.processes().reversed()) {
                limitDescriptors(process, softLimit);
            }
            for (Client client : clients) {
                client.expectAnswer(3000).leave();
            }
        } finally {
            for (Client client : clients) {
                client.leave();
            }
        }
        for (int i = 0; i < subject.capacity(); i++) {
            expectServed(server);
        }
    }

    private static void letAnsweredLeave(List<Client> clients) throws IOException {
        for (Client client : List.copyOf(clients)) {
            if (client.hasBytes()) {
                client.expectAnswer(3000).leave();
                clients.remove(client);
            }
        }
    }

    private static void expectServed(ServerProcess server) throws IOException {
        try (Client client = Client.of(server)) {
            client.send("3000\n").expectAnswer(3000).halfClose().expectEnd();
        }
    }

    private static void expectPause(ServerProcess server) throws InterruptedException {
        await("a word about it").atMost(ServerProcess.PATIENCE)
                .until(() -> !server.err().isEmpty());
        assertThat(server.err().getFirst())
                .containsIgnoringCase("too many open files")
                .contains("ulimit -n");
        int processes = server.processes().size();
        long begun = System.nanoTime();
        // One that spins does so until it is relieved: a second in which nobody does is enough.
        await("a quiet second").atMost(ServerProcess.PATIENCE).untilAsserted(() -> {
            long ticks = server.cpuTicks();
            long switches = server.contextSwitches();
            TimeUnit.SECONDS.sleep(1); // what is measured: a second of it
            assertThat(server.cpuTicks() - ticks).as("CPU ticks")
                    .isLessThan(MOST_TICKS_A_SECOND);
            assertThat(server.contextSwitches() - switches).as("context switches")
                    .isLessThan(processes * MOST_SWITCHES_A_SECOND);
        });
        long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begun);
        assertThat(server.err()).as("one line a second")
                .hasSizeLessThan(processes * (5 + (int) seconds));
    }

    private static int lowestFree(ProcessHandle process) {
        List<Integer> open = ServerProcess.openDescriptors(process);
        return IntStream.iterate(0, fd -> fd + 1).filter(fd -> !open.contains(fd)).findFirst()
                .orElseThrow();
    }

    private static void limitDescriptors(ProcessHandle process, long soft)
            throws IOException, InterruptedException {
        Process prlimit;
        try {
            prlimit = new ProcessBuilder(
                    "prlimit", "--pid", "" + process.pid(), "--nofile=" + soft + ":").start();
        } catch (IOException absent) {
            assumeTrue(false, "prlimit (util-linux) is not here: " + absent.getMessage());
            return;
        }
        boolean limited = prlimit.waitFor() == 0;
        assertThat(limited || ServerProcess.isGone(process)).as("prlimit").isTrue();
    }
}
