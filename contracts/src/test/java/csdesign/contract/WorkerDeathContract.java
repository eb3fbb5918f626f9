// SPDX-License-Identifier: MIT
package csdesign.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import csdesign.harness.Client;
import csdesign.harness.EveryProcessPool;
import csdesign.harness.HonestDifferences;
import csdesign.harness.ServerProcess;
import csdesign.harness.ServerProcess.Share;
import csdesign.harness.Subject;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/// A worker that dies takes the client with it that it was serving, and no other; it is
/// replaced, and what it had done is not forgotten. UNP's and the original's pools of
/// passed descriptors end when one child dies.
@EveryProcessPool
record WorkerDeathContract(Subject subject) {
    private static final long LONG_ANSWER = 64L * 1024 * 1024;

    /// So many that with a queue for each worker they do not all wait in the same one.
    private static final int VICTIMS = 20;

    @Test
    void shouldLoseOnlyTheClientOfTheWorkerThatDied() throws Exception {
        ServerProcess server = subject.ownServer();
        List<ProcessHandle> before = server.workers();
        assertThat(before).hasSize(HonestDifferences.WORKERS);
        long connections = 0;
        ProcessHandle dead;
        try (Client bystander = Client.of(server);
                Load load = new Load(server, subject.atOnce(3) - 1)) {
            bystander.send("3000\n").expectAnswer(3000);
            dead = killTheWorkerOfAnother(server, bystander);
            for (int i = 0; i < 100; i++) {
                bystander.send("3000\n").expectAnswer(3000);
            }
            awaitReplaced(server, dead);
            bystander.send("3000\n").expectAnswer(3000);
            connections += 1 + load.end();
            assertThat(load.errors).isEmpty();
        }
        connections += victims();
        connections += expectAllAtOnce(server);

        assertThat(server.err()).singleElement().asString().containsPattern(
                "worker \\d+ \\(pid " + dead.pid() + "\\) .*(SIGKILL|signal 9)");
        server.terminate();
        assertThat(server.awaitExit(ServerProcess.PATIENCE)).isZero();
        assertThat(server.distribution().stream().map(Share::pid))
                .hasSize(HonestDifferences.WORKERS)
                .doesNotContain(dead.pid())
                .doesNotHaveDuplicates();
        assertThat(server.distributionSum()).isEqualTo(connections);
    }

    /// One of them waits for a client, and may hold what the others wait for.
    @Test
    void shouldReplaceEveryWorkerThatDiesWhileItWaits() throws Exception {
        ServerProcess server = subject.ownServer();
        List<ProcessHandle> before = server.workers();
        long connections = 0;
        for (ProcessHandle worker : before) {
            ServerProcess.signal("KILL", List.of(worker));
            await("its end").atMost(ServerProcess.PATIENCE)
                    .until(() -> ServerProcess.isGone(worker));
            try (Client client = Client.of(server)) {
                client.send("3000\n").expectAnswer(3000); // by whoever is left or new
                connections++;
            }
        }
        await("new workers").atMost(ServerProcess.PATIENCE)
                .until(() -> server.workers().size() == HonestDifferences.WORKERS);
        assertThat(server.workers()).doesNotContainAnyElementsOf(before);
        connections += expectAllAtOnce(server);

        server.terminate();
        assertThat(server.awaitExit(ServerProcess.PATIENCE)).isZero();
        assertThat(server.distributionSum()).isEqualTo(connections);
    }

    private int victims() {
        return subject.atOnce(HonestDifferences.WORKERS) == HonestDifferences.WORKERS ? 1 : VICTIMS;
    }

    /// Kills a worker in the middle of an answer.
    private ProcessHandle killTheWorkerOfAnother(ServerProcess server, Client bystander)
            throws Exception {
        List<Client> victims = new ArrayList<>();
        try {
            for (int i = 0; i < victims(); i++) {
                victims.add(Client.withSmallWindow(server).send(LONG_ANSWER + "\n"));
            }
            await("an answer to begin").atMost(ServerProcess.PATIENCE)
                    .until(() -> victims.stream().anyMatch(WorkerDeathContract::isAnswered));
            Client victim = victims.stream().filter(WorkerDeathContract::isAnswered).findFirst()
                    .orElseThrow();
            ProcessHandle worker = server.workerOf(victim);
            assertThat(worker).isNotEqualTo(server.workerOf(bystander));
            victim.expectPart(0, 1_000_000);
            ServerProcess.signal("KILL", List.of(worker));
            assertThat(victim.drain()).isLessThan(LONG_ANSWER - 1_000_000);
            return worker;
        } finally {
            for (Client client : victims) {
                client.reset();
            }
        }
    }

    private static boolean isAnswered(Client client) {
        try {
            return client.hasBytes();
        } catch (IOException gone) {
            return false;
        }
    }

    private static void awaitReplaced(ServerProcess server, ProcessHandle dead) {
        await("a new worker").atMost(ServerProcess.PATIENCE)
                .until(() -> server.workers().size() == HonestDifferences.WORKERS);
        assertThat(server.workers()).doesNotContain(dead);
    }

    /// Every worker serves: as many clients as there are workers are served at once.
    private int expectAllAtOnce(ServerProcess server) throws IOException {
        List<Client> clients = new ArrayList<>();
        try {
            for (int i = 0; i < subject.atOnce(HonestDifferences.WORKERS); i++) {
                clients.add(Client.of(server).send("3000\n").expectAnswer(3000));
            }
        } finally {
            for (Client client : clients) {
                client.leave();
            }
        }
        return clients.size();
    }

    /// Clients that connect, ask once, and leave, and must all be answered.
    private static final class Load implements AutoCloseable {
        final ConcurrentLinkedQueue<String> errors = new ConcurrentLinkedQueue<>();
        private final AtomicLong connections = new AtomicLong();
        private final AtomicBoolean ended = new AtomicBoolean();
        private final List<Thread> threads = new ArrayList<>();

        Load(ServerProcess server, int clients) {
            for (int i = 0; i < clients; i++) {
                threads.add(Thread.ofPlatform().start(() -> run(server)));
            }
        }

        private void run(ServerProcess server) {
            while (!ended.get()) {
                try (Client client = Client.of(server)) {
                    connections.incrementAndGet();
                    client.send("3000\n").expectAnswer(3000);
                } catch (AssertionError | IOException e) {
                    errors.add(e.toString());
                    return;
                }
            }
        }

        /// @return how many connections were made
        long end() throws InterruptedException {
            ended.set(true);
            for (Thread thread : threads) {
                thread.join();
            }
            return connections.get();
        }

        @Override
        public void close() {
            try {
                long _ = end();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
