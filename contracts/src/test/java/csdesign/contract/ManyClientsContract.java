// SPDX-License-Identifier: MIT
package csdesign.contract;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import csdesign.harness.Client;
import csdesign.harness.Crowd;
import csdesign.harness.EveryDesign;
import csdesign.harness.ServerProcess;
import csdesign.harness.Subject;
import org.junit.jupiter.api.Test;

/// More than 1,024 clients at once are served. `select` is the one to watch: C's `fd_set` has no
/// bit for descriptor 1,024, but the kernel takes a larger bitmap.
@EveryDesign
record ManyClientsContract(Subject subject) {
    static final int CLIENTS = 1_100;

    @Test
    void shouldServeMoreThan1024ClientsAtOnce() throws Exception {
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
