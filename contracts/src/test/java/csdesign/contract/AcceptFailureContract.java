// SPDX-License-Identifier: MIT
package csdesign.contract;

import static csdesign.posix.Errno.check;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import csdesign.harness.Client;
import csdesign.harness.EveryDesign;
import csdesign.harness.Refusal;
import csdesign.harness.ServerProcess;
import csdesign.harness.Subject;
import csdesign.posix.Errno;
import csdesign.posix.SysPidfd;
import csdesign.posix.SysSocket;
import csdesign.posix.Unistd;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;

/// accept(2) may fail for good: the listening socket was shut down from outside, a sandbox refuses the call. A
/// server says so once, takes no CPU time for it, ends when it is asked to, and left alone it ends by itself, with
/// the error's name and exit code 1. Those that it serves are answered.
@Order(3)
@EveryDesign
record AcceptFailureContract(Subject subject) {
    /// In half a second, of [ServerProcess#TICKS_PER_SECOND]: a loop that spins takes all 50 of a core.
    private static final long MOST_TICKS = 25;

    /// The second server is looked at while the first one gives up.
    @Test
    void shouldSayItOnceAndEndWhenItIsAskedToOrWhenItLasts() throws Exception {
        ServerProcess server = subject.ownServer("--wait", "200");
        try (Client client = Client.of(server)) {
            client.send("3000\n");
            server.awaitRead(client);
            shutDownFromOutside(server);
            client.expectAnswer(3000).halfClose().expectEnd();
        }
        expectWordAndNoSpinning(server);
        expectEndInOrderWhereEveryAcceptIsRefused();
        assertThat(server.awaitExit(ServerProcess.PATIENCE)).isEqualTo(1);
        assertThat(server.err()).hasSize(2).last().asString()
                .contains("accept", "Invalid argument", "the server ends");
        assertThat(server.distributionSum()).isEqualTo(1);
    }

    private void expectEndInOrderWhereEveryAcceptIsRefused() throws Exception {
        ServerProcess server = Refusal.within(Refusal.accept(Errno.EPERM), subject::ownServer);
        try (Client client = Client.of(server)) {
            client.send("3000\n");
            expectWordAndNoSpinning(server);
            server.terminate();
            assertThat(server.awaitExit(Duration.ofSeconds(5))).isZero();
        }
        assertThat(server.err()).singleElement().asString()
                .contains("accept", "Operation not permitted");
    }

    private static void expectWordAndNoSpinning(ServerProcess server) throws Exception {
        await("a word about it").atMost(ServerProcess.PATIENCE)
                .until(() -> !server.err().isEmpty());
        long ticks = server.cpuTicks();
        TimeUnit.MILLISECONDS.sleep(500); // what is measured: half a second of it
        assertThat(server.cpuTicks() - ticks).as("CPU ticks").isLessThan(MOST_TICKS);
    }

    /// What no user does, and what any process may do that has a copy of the descriptor.
    private static void shutDownFromOutside(ServerProcess server) throws IOException {
        List<Integer> descriptors = server.listeningDescriptors();
        assertThat(descriptors).isNotEmpty();
        try (Arena arena = Arena.ofConfined()) {
            Errno errno = Errno.allocate(arena);
            int pidfd = check(SysPidfd.pidfd_open(errno, (int) server.pid(), 0), "pidfd_open");
            for (int descriptor : descriptors) {
                int copy = SysPidfd.pidfd_getfd(errno, pidfd, descriptor, 0);
                assumeTrue(copy >= 0, "pidfd_getfd(2) is refused here: " + Errno.say(copy));
                check(SysSocket.shutdown(errno, copy, SysSocket.SHUT_RD), "shutdown");
                Unistd.close(errno, copy);
            }
            Unistd.close(errno, pidfd);
        }
    }
}
