// SPDX-License-Identifier: MIT
package csdesign.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// How much of a backlog is granted.
class BacklogCapIT {
    private static final String GRANTED = "backlog of the listener, by TCP_INFO";

    private static LabRun lab;

    @BeforeAll
    static void run() throws Exception {
        lab = LabRun.of("backlog-cap");
    }

    @Test
    void shouldShowAllItsClaims() {
        lab.assertShown();
    }

    @Test
    void shouldGrantNoMoreThanSomaxconn() {
        assertThat(lab.value("Broken", GRANTED).asLong())
                .isEqualTo(Math.min(100_000, lab.value("Broken", "net.core.somaxconn").asLong()));
    }

    @Test
    void shouldAskFor50ByTheJdk() {
        assertThat(lab.value("The JDK's own", GRANTED).asInt()).isEqualTo(50);
    }

    @Test
    void shouldGrantARaisedLimitToAnotherListenOnly() {
        String claim = "raised-by-another-listen";
        assumeTrue(!lab.verdict(claim).equals("not_here"), "it needs a network of its own");
        assertThat(lab.value("Fixed", "backlog with somaxconn 5").asInt()).isEqualTo(5);
        assertThat(lab.value("Fixed", "backlog after somaxconn was raised to 1,000").asInt())
                .isEqualTo(5);
        assertThat(lab.value("Fixed", "backlog after another listen").asInt()).isEqualTo(1_000);
    }
}
