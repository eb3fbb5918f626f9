// SPDX-License-Identifier: MIT
package csdesign.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// A queue that is full at the last step of a handshake.
class BacklogLastStepIT {
    private static LabRun lab;

    @BeforeAll
    static void run() throws Exception {
        lab = LabRun.of("backlog-last-step");
    }

    @Test
    void shouldShowAllItsClaims() {
        lab.assertShown();
    }

    @Test
    void shouldLeaveAClientConnectedOfWhichTheServerKnowsNothing() {
        String part = "Broken";
        assertThat(lab.value(part, "state of the client").asString()).isEqualTo("ESTABLISHED");
        assertThat(lab.value(part, "server's end in SYN_RECV").asString()).isEqualTo("yes");
    }

    @Test
    void shouldCompleteTheHandshakeWhenThereIsRoom() {
        assertThat(lab.value("Fixed", "received from the client that was too late").asInt())
                .isEqualTo("hello".length());
    }

    @Test
    void shouldResetTheLastStepAndNeverTheFirst() {
        String reset = "reset-with-abort-on-overflow";
        assumeTrue(!lab.verdict(reset).equals("not_here"), "it needs a network of its own");
        String part = "The same with tcp_abort_on_overflow";
        assertThat(lab.value(part, "recv of the client").asString()).startsWith("ECONNRESET");
        assertThat(lab.value(part, "state of the next client").asString()).isEqualTo("SYN_SENT");
        assertThat(lab.evidence("no-reset-for-a-first-syn")).isEqualTo("SYN_SENT, 0 RST");
    }
}
