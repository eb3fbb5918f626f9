// SPDX-License-Identifier: MIT
package csdesign.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import csdesign.posix.Arch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// A full accept queue, by what the jar prints of it.
class BacklogIT {
    private static final int BACKLOG = 7;
    private static final String FULL = "Broken: a backlog of 7";
    private static final String FIXED = "Fixed";
    private static final String BY_TCP_INFO = "backlog of the listener, by TCP_INFO";
    private static final String DROPS = "dropped by the listener, by SO_MEMINFO";

    private static LabRun run;

    @BeforeAll
    static void runTheLab() throws Exception {
        assumeTrue(Arch.isSupported());
        run = LabRun.of("backlog", "--backlog", "" + BACKLOG);
    }

    @Test
    void shouldShowAllItsClaims() {
        run.assertShown();
    }

    @Test
    void shouldConnectOneMoreThanTheBacklogThoughNobodyAccepts() {
        assertThat(run.value(FULL, BY_TCP_INFO).asInt()).isEqualTo(BACKLOG);
        assertThat(run.value(FULL, "connections that wait to be accepted").asInt())
                .isEqualTo(BACKLOG + 1);
        assertThat(run.value(FULL, "sent before the accept, received after it").asInt())
                .isEqualTo("early".length());
    }

    @Test
    void shouldDropTheNextSynAndConnectAfterASecond() {
        assertThat(run.value(FULL, "state of the next client").asString()).isEqualTo("SYN_SENT");
        assertThat(run.value(FULL, DROPS).asInt()).isPositive();
        assertThat(run.value(FULL, "ms that its connect took").asDouble()).isGreaterThan(900);
        assertThat(run.value(FULL, "SYNs that it sent again").asInt()).isPositive();
        assertThat(run.value(FULL, "its state after the accept").asString())
                .isEqualTo("ESTABLISHED");
    }

    @Test
    void shouldConnectAllAtOnceWithALargeBacklog() {
        assertThat(run.value(FIXED, "connected, none accepted").asInt()).isEqualTo(BACKLOG + 2);
        assertThat(run.value(FIXED, "SYNs sent again").asInt()).isZero();
        assertThat(run.value(FIXED, DROPS).asInt()).isZero();
    }
}
