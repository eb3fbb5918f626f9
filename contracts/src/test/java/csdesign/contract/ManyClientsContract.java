// SPDX-License-Identifier: MIT
package csdesign.contract;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import csdesign.harness.Client;
import csdesign.harness.Crowd;
import csdesign.harness.EveryDesign;
import csdesign.harness.HonestDifferences;
import csdesign.harness.ServerProcess;
import csdesign.harness.Subject;
import org.junit.jupiter.api.Test;

/// More than 1,024 clients at once are served: nothing ends at that number but select(2), which
/// [DescriptorWallContract] is about.
@EveryDesign
record ManyClientsContract(Subject subject) {
    static final int CLIENTS = 1_100;

    @Test
    void shouldServeMoreThan1024ClientsAtOnce() throws Exception {
        assumeTrue(!HonestDifferences.endsAtDescriptor1024(subject.entry()), "it ends there");
        assumeTrue(subject.atOnce(CLIENTS) == CLIENTS, "it does not serve so many at once");
        assumeDescriptors();
        try (Crowd crowd = new Crowd(subject.server(), CLIENTS)) {
            crowd.send("64\n");
            for (Client client : crowd.clients()) {
                client.expectAnswer(64);
            }
        }
    }

    /// Both ends' descriptors and what a JVM needs besides.
    static void assumeDescriptors() {
        int most = CLIENTS + 200;
        assumeTrue(ServerProcess.hardDescriptorLimit() >= most,
                "needs " + most + " descriptors: the hard limit (ulimit -Hn) is lower");
    }
}
