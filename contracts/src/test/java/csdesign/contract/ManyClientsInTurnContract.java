// SPDX-License-Identifier: MIT
package csdesign.contract;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import csdesign.harness.Client;
import csdesign.harness.Crowd;
import csdesign.harness.EveryDesign;
import csdesign.harness.Subject;
import org.junit.jupiter.api.Test;

/// More clients than a design serves at once wait in the backlog, however many they are, and each
/// is served when one before it has left.
@EveryDesign
record ManyClientsInTurnContract(Subject subject) {
    @Test
    void shouldServeManyOneAfterTheOther() throws Exception {
        int many = ManyClientsContract.CLIENTS;
        assumeTrue(subject.atOnce(many) < many, "it serves all of them at once");
        ManyClientsContract.assumeDescriptors();
        try (Crowd crowd = new Crowd(subject.server(), subject.crowd(many))) {
            for (Client client : crowd.clients()) {
                client.send("64\n").expectAnswer(64);
                client.leave();
            }
        }
    }
}
