// SPDX-License-Identifier: MIT
package csdesign.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import csdesign.design.Catalog;
import csdesign.design.Design;
import csdesign.harness.Client;
import csdesign.harness.ServerProcess;
import csdesign.harness.ServerProcess.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// At its limit of threads a server still hears that it is told to stop, and answers those it serves. The
/// JDK starts a thread for each signal, and would be deaf.
class ThreadLimitIT {
    /// A user that owns nothing here: the kernel counts a user's threads, and spares root.
    private static final int USER = 54_321;

    /// A JVM has some fourteen threads.
    private static final int MOST_THREADS = 22;

    private static final int CLIENTS = 14;

    @Test
    void shouldStopInOrderThoughNoThreadIsLeft(@TempDir Path folder) throws Exception {
        assumeTrue(isRoot(), "only root can become another user, whose threads can be counted");
        Path jar = folder.resolve("csdesign.jar");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.copy(Path.of(System.getProperty("csdesign.jar")), jar);
        Design entry = Catalog.find("thread-per-client").orElseThrow();
        Command command = Command.of(entry.slug(), List.of("--wait", "1000"))
                .inPlaceOf(System.getProperty("csdesign.jar"), jar.toString())
                .withFlag("-Xlog:disable") // what the JVM says of a thread that it cannot start
                .behind("setpriv", "--reuid=" + USER, "--regid=" + USER, "--clear-groups", "--",
                        "prlimit", "--nproc=" + MOST_THREADS);
        List<Client> clients = new ArrayList<>();
        try (ServerProcess server = ServerProcess.start(entry.slug(), command)) {
            for (int i = 0; i < CLIENTS; i++) {
                clients.add(Client.of(server).send("3000\n"));
            }
            await("no thread for a client").atMost(ServerProcess.PATIENCE)
                    .until(() -> !server.err().isEmpty());
            server.terminate();
            int answered = 0;
            for (Client client : clients) {
                answered += client.drain() == 3000 ? 1 : 0;
            }
            assertThat(server.awaitExit(ServerProcess.PATIENCE)).isZero();
            assertThat(answered).isPositive().isLessThan(CLIENTS)
                    .isEqualTo((int) server.distributionSum());
            assertThat(server.err()).allSatisfy(
                    line -> assertThat(line).contains("no thread for a client", "ulimit -u"));
        } finally {
            for (Client client : clients) {
                client.leave();
            }
        }
    }

    private static boolean isRoot() throws IOException {
        return (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0;
    }
}
