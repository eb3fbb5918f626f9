// SPDX-License-Identifier: MIT
package csdesign.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import csdesign.harness.Client;
import csdesign.harness.EveryDesign;
import csdesign.harness.ServerProcess;
import csdesign.harness.SharedMemory;
import csdesign.harness.Subject;
import java.io.IOException;
import java.net.ConnectException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// `kill -9` gives a server no time to clean up, and yet nothing is left of it: no process,
/// no listener, no file.
@EveryDesign
record KillContract(Subject subject) {
    /// By then the kernel has told whoever must know.
    private static final Duration SOON = Duration.ofSeconds(2);

    @Test
    void shouldLeaveNothingBehind() throws Exception {
        Set<Path> before = SharedMemory.ourFiles();
        ServerProcess server = subject.ownServer();
        try (Client client = Client.withSmallWindow(server)) {
            client.send("30000000\n").expectPart(0, 1_000); // it is within an answer
            List<ProcessHandle> processes = server.processes();
            if (subject.entry().servedBy().areProcesses()) {
                assertThat(processes).hasSizeGreaterThan(1);
            }
            try {
                server.signal("KILL");
                await("no process left").atMost(SOON)
                        .until(() -> processes.stream().allMatch(ServerProcess::isGone));
            } finally {
                processes.forEach(ProcessHandle::destroyForcibly);
            }
            assertThat(client.drain()).isLessThan(30_000_000);
        }
        await("nobody listens").atMost(ServerProcess.PATIENCE).until(() -> isRefused(server));
        // Another server that starts beside this test has its file for some milliseconds.
        await("no file of ours in shared memory").atMost(ServerProcess.PATIENCE)
                .untilAsserted(() -> assertThat(SharedMemory.ourFiles()).isSubsetOf(before));
    }

    private static boolean isRefused(ServerProcess server) throws IOException {
        try {
            Client.of(server).close();
            return false;
        } catch (ConnectException refused) {
            return true;
        }
    }
}
