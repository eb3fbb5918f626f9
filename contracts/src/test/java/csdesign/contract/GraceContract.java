// SPDX-License-Identifier: MIT
package csdesign.contract;

import static org.assertj.core.api.Assertions.assertThat;

import csdesign.harness.Client;
import csdesign.harness.Crowd;
import csdesign.harness.EveryDesign;
import csdesign.harness.Largest;
import csdesign.harness.ServerProcess;
import csdesign.harness.Subject;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;

/// The grace of a stop has an end: after `--grace`, or at a second signal, a server cuts those
/// that are still served, says how many they were, and ends with exit code 1.
@Order(7)
@EveryDesign
record GraceContract(Subject subject) {
    private static final long LONG_ANSWER = 32L * 1024 * 1024;

    @Test
    void shouldCutTheEndlessWhenTheGraceIsOverAndCountThoseBehindIt() throws Exception {
        ServerProcess server = subject.ownServer("--grace", "0.5", "--max-connections", "1");
        try (Client client = Client.withSmallWindow(server);
                Crowd behind = new Crowd(server, 0)) {
            client.send(LONG_ANSWER + "\n").expectPart(0, 1_000_000); // and reads no more
            behind.join(server, 3);
            behind.send("3000\n");
            long begin = System.nanoTime();
            server.terminate();
            assertThat(server.awaitExit(ServerProcess.PROMPT)).as("a client was cut").isEqualTo(1);
            assertThat((System.nanoTime() - begin) / 1_000_000).isGreaterThanOrEqualTo(500);
            assertThat(client.drain()).isLessThan(LONG_ANSWER - 1_000_000);
        }
        assertThat(server.distributionSum()).isBetween(1L, 4L); // some accept ahead
        expectSaysThatWereCut(server, "4 connections");
    }

    @Test
    void shouldEndAtOnceOnASecondSignal() throws Exception {
        ServerProcess server = subject.ownServer(Largest.limits(subject.entry()));
        try (Client client = Client.withSmallWindow(server)) {
            client.send(2 * LONG_ANSWER + "\n").expectPart(0, 1_000_000);
            // The end of the terminal is a stop too.
            server.signal(ServerProcess.ignoresHangup() ? "TERM" : "HUP");
            server.awaitSignalDelivered();
            client.expectPart(1_000_000, LONG_ANSWER); // the grace lasts; and reads no more
            server.terminate();
            assertThat(server.awaitExit(ServerProcess.PROMPT)).as("a client was cut").isEqualTo(1);
        }
        expectSaysThatWereCut(server, "1 connection ");
    }

    private static void expectSaysThatWereCut(ServerProcess server, String connections) {
        assertThat(server.err()).singleElement().asString()
                .contains("cut " + connections, "--grace");
    }
}
