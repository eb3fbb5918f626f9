// SPDX-License-Identifier: MIT
package csdesign.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import csdesign.harness.Client;
import csdesign.harness.EveryPool;
import csdesign.harness.HonestDifferences;
import csdesign.harness.ServerProcess;
import csdesign.harness.ServerProcess.Share;
import csdesign.harness.Subject;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// At its end a pool says which worker has served how many: a line for each, and their sum
/// is what the clients counted. The original counted in 8 bits and lost some.
@EveryPool
record DistributionContract(Subject subject) {
    private static final Duration PROMPT = Duration.ofSeconds(5);
    private static final int CLIENTS = 8;
    private static final int CONNECTIONS_EACH = 100;

    @ParameterizedTest
    @ValueSource(strings = {"TERM", "INT"})
    void shouldNameEveryWorkerAndWhatItServed(String signal) throws Exception {
        assumeFalse(signal.equals("INT") && ServerProcess.ignoresInterrupt(),
                "SIGINT is ignored by whatever runs these tests, and so by what they start");
        ServerProcess server = subject.ownServer();
        List<Long> pids = subject.entry().servedBy().areProcesses()
                ? server.workers().stream().map(ProcessHandle::pid).toList()
                : Stream.generate(server::pid).limit(HonestDifferences.WORKERS).toList();
        connectAndAsk(server);
        if (signal.equals("INT")) {
            server.signalAll(signal); // as a terminal's Ctrl-C reaches all of them
        } else {
            server.signal(signal);
        }
        assertThat(server.awaitExit(PROMPT)).isZero();
        assertThat(server.err()).isEmpty();

        List<Share> shares = server.distribution();
        assertThat(shares.stream().map(Share::worker))
                .containsExactlyElementsOf(
                        IntStream.range(0, HonestDifferences.WORKERS).boxed().toList());
        assertThat(shares.stream().map(Share::pid)).containsExactlyInAnyOrderElementsOf(pids);
        assertThat(server.distributionSum()).isEqualTo(CLIENTS * CONNECTIONS_EACH);
    }

    private static void connectAndAsk(ServerProcess server) throws Exception {
        Callable<Void> client = () -> {
            for (int i = 0; i < CONNECTIONS_EACH; i++) {
                try (Client each = Client.of(server)) {
                    each.send("300\n").expectAnswer(300);
                }
            }
            return null;
        };
        try (ExecutorService clients = Executors.newFixedThreadPool(CLIENTS)) {
            for (var done : clients.invokeAll(Stream.generate(() -> client).limit(CLIENTS)
                    .toList())) {
                done.get();
            }
        }
    }
}
