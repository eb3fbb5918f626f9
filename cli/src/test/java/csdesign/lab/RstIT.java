// SPDX-License-Identifier: MIT
package csdesign.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// RSTs, and an end without one.
class RstIT {
    private static LabRun lab;

    @BeforeAll
    static void run() throws Exception {
        lab = LabRun.of("rst");
    }

    @Test
    void shouldShowAllItsClaims() {
        lab.assertShown();
    }

    @Test
    void shouldResetTheClientOfAServerThatLingersForNoTime() {
        String broken = "Broken: SO_LINGER 0";
        assertThat(lab.value(broken, "recv").asString()).isEqualTo("ECONNRESET (104)");
        assertThat(lab.value(broken, "state of the client").asString()).isEqualTo("CLOSE");
        assertThat(lab.value(broken, "in TIME_WAIT at the port").asLong()).isZero();
    }

    @Test
    void shouldSeeOneRstAndNoFinOnTheWire() {
        String claim = "one-rst-on-the-wire";
        assumeTrue(lab.verdict(claim).equals("shown"), lab.evidence(claim));
        assertThat(lab.value("Broken: SO_LINGER 0", "captured").asString())
                .isEqualTo("1 RST, 0 FIN");
        assertThat(lab.value("Fixed", "captured").asString()).isEqualTo("0 RST, 2 FIN");
    }

    @Test
    void shouldResetByTheJdkToo() {
        assertThat(lab.value("The same by the JDK", "recv").asString())
                .isEqualTo("ECONNRESET (104)");
    }

    @Test
    void shouldRefuseAtAClosedPort() {
        assertThat(lab.value("No one listens", "connect").asString())
                .isEqualTo("ECONNREFUSED (111)");
    }

    @Test
    void shouldEndInOrderAfterShutdownAndReadingToTheEnd() {
        assertThat(lab.value("Fixed", "recv").asString()).isEqualTo("0");
        assertThat(lab.value("Fixed", "state of the client").asString()).isEqualTo("CLOSE_WAIT");
        assertThat(lab.value("Fixed", "in TIME_WAIT at the port").asLong()).isOne();
    }
}
