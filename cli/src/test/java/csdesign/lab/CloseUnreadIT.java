// SPDX-License-Identifier: MIT
package csdesign.lab;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// What becomes of an answer when its server closes with a request unread.
class CloseUnreadIT {
    private static final String SENT = "bytes that send took";
    private static final String RECEIVED = "bytes that the client received";
    private static final String LAST = "recv after them";

    private static LabRun lab;

    @BeforeAll
    static void run() throws Exception {
        lab = LabRun.of("close-unread");
    }

    @Test
    void shouldShowAllItsClaims() {
        lab.assertShown();
    }

    @Test
    void shouldResetAfterAShortAnswer() {
        String part = "Broken: a short answer";
        assertThat(lab.value(part, "send, an answer of 6 bytes").asLong()).isEqualTo(6);
        assertThat(lab.evidence("rst-for-an-unread-request")).endsWith("then ECONNRESET (104)");
    }

    @Test
    void shouldThrowAwayTheRestOfALongAnswer() {
        String part = "Broken: a long answer";
        assertThat(lab.value(part, RECEIVED).asLong())
                .isLessThan(lab.value(part, SENT).asLong());
        assertThat(lab.value(part, LAST).asString()).isEqualTo("ECONNRESET (104)");
    }

    @Test
    void shouldDeliverTheWholeAnswerWhereTheServerReadsToTheEnd() {
        assertThat(lab.value("Fixed", RECEIVED)).isEqualTo(lab.value("Fixed", SENT));
        assertThat(lab.value("Fixed", LAST).asString()).isEqualTo("0");
    }
}
