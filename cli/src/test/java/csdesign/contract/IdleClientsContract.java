// SPDX-License-Identifier: MIT
package csdesign.contract;

import static org.assertj.core.api.Assertions.assertThat;

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
        ServerProcess server = subject.server();
        List<Client> idle = new ArrayList<>();
        try {
            for (int i = 0; i < IDLE; i++) {
                idle.add(Client.of(server));
            }
            try (Client active = Client.of(server)) {
                if (Honest.servesOneAtATime(subject.entry())) {
                    active.send("3000\n");
                    assertThat(active.hasBytes()).isFalse();
                    for (Client client : idle) {
                        client.close(); // its turn comes when all before it have left
                    }
                    active.expectAnswer(3000);
                } else {
                    for (int i = 0; i < REQUESTS; i++) {
                        active.send("3000\n").expectAnswer(3000);
                    }
                    idle.getFirst().send("1\n").expectAnswer(1); // they were clients, not dropped
                    idle.getLast().send("1\n").expectAnswer(1);
                }
            }
        } finally {
            for (Client client : idle) {
                client.close();
            }
        }
    }
}
