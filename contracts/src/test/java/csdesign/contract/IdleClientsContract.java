// SPDX-License-Identifier: MIT
package csdesign.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import csdesign.harness.Client;
import csdesign.harness.EveryDesign;
import csdesign.harness.ServerProcess;
import csdesign.harness.Subject;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Clients that are connected and say nothing do not stand in the way of one that does.
@EveryDesign
record IdleClientsContract(Subject subject) {
    private static final int IDLE = 500;
    private static final int REQUESTS = 200;

    @Test
    void shouldServeAnActiveClientAmongIdleOnes() throws IOException {
        int room = subject.atOnce(IDLE + 1) - 1;
        assumeTrue(room > 0, "two clients are not served at once for certain");
        ServerProcess server = subject.server();
        List<Client> idle = new ArrayList<>();
        try {
            for (int i = 0; i < room; i++) {
                idle.add(Client.of(server));
            }
            try (Client active = Client.of(server)) {
                for (int i = 0; i < REQUESTS; i++) {
                    active.send("3000\n").expectAnswer(3000);
                }
                idle.getFirst().send("1\n").expectAnswer(1); // they were clients, not dropped
                idle.getLast().send("1\n").expectAnswer(1);
            }
        } finally {
            for (Client client : idle) {
                client.close();
            }
        }
    }

    /// More idle clients than are served at once: its turn comes when those before it have
    /// left.
    @Test
    void shouldServeAnActiveClientWhenIdleOnesHaveLeft() throws IOException {
        int crowd = subject.crowd(IDLE);
        assumeTrue(subject.capacity() < crowd, "there is room for all of them");
        ServerProcess server = subject.server();
        List<Client> idle = new ArrayList<>();
        try {
            for (int i = 0; i < crowd; i++) {
                idle.add(Client.of(server));
            }
            try (Client active = Client.of(server)) {
                active.send("3000\n");
                assertThat(active.hasBytes()).isFalse();
                for (Client client : idle) {
                    client.close();
                }
                active.expectAnswer(3000);
            }
        } finally {
            for (Client client : idle) {
                client.close();
            }
        }
    }
}
