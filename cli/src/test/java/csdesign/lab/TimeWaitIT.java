// SPDX-License-Identifier: MIT
package csdesign.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Ports that are kept for a minute, and a client that uses up its own.
class TimeWaitIT {
    private static LabRun lab;

    @BeforeAll
    static void run() throws Exception {
        lab = LabRun.of("time-wait");
    }

    @Test
    void shouldShowAllItsClaims() {
        lab.assertShown();
    }

    @Test
    void shouldKeepThePortOfTheEndThatClosesFirst() {
        assertThat(lab.evidence("kept-by-the-end-that-closes-first"))
                .isEqualTo("the client's, then the server's");
        assertThat(lab.values("seconds that its timer has left").getFirst().asDouble())
                .isBetween(30.0, 60.0);
    }

    @Test
    void shouldLoseWhatWasNotDeliveredWhereARstLeavesNoTimeWait() {
        String reset = "No remedy";
        assertThat(lab.value(reset, "in TIME_WAIT at the server's port").asLong()).isZero();
        assertThat(lab.value(reset, "bytes that the client received").asLong())
                .isLessThan(lab.value(reset, "bytes that send took").asLong());
    }

    @Test
    void shouldRunOutOfPortsTowardsOneServerAlone() {
        String claim = "no-local-port-left";
        assumeTrue(lab.verdict(claim).equals("shown"), lab.evidence(claim));
        assertThat(lab.value("Broken", "connect to the same server").asString())
                .isEqualTo("EADDRNOTAVAIL (99)");
        assertThat(lab.value("Broken", "connect to another port of its host").asString())
                .isEqualTo("0");
    }

    @Test
    void shouldTakeAPortInTimeWaitAgainWhereThatIsAllowed() {
        String claim = "tw-reuse-frees-a-port";
        assumeTrue(lab.verdict(claim).equals("shown"), lab.evidence(claim));
        assertThat(lab.value("Fixed", "connect to the same server").asString()).isEqualTo("0");
        assertThat(lab.value("Fixed", "TcpExt.TWRecycled grew by").asLong()).isOne();
    }
}
