// SPDX-License-Identifier: MIT
package csdesign.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import csdesign.harness.AcceptPause;
import csdesign.harness.Client;
import csdesign.harness.EveryDesign;
import csdesign.harness.ServerProcess;
import csdesign.harness.Subject;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// A design that serves few clients at once takes few descriptors, so its limit falls below what
/// it holds already. It pauses and recovers as [DescriptorLimitContract] says, and loses no
/// client.
@EveryDesign
record LastDescriptorContract(Subject subject) {
    /// Designs that serve so many at once run out by themselves.
    private static final int MANY = 100;

    @Test
    void shouldPauseAndRecoverWhenNotOneIsLeft() throws Exception {
        assumeTrue(subject.capacity() < MANY, "it can be given so many clients that none is left");
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
            AcceptPause.expect(server);
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
