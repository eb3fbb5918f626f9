// SPDX-License-Identifier: MIT
package csdesign.lab;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// Signals before select and in it.
class SignalRaceIT {
    private static LabRun lab;

    @BeforeAll
    static void run() throws Exception {
        lab = LabRun.of("signal-race");
    }

    @Test
    void shouldShowAllItsClaims() {
        lab.assertShown();
    }

    @Test
    void shouldHandleASignalBeforeSelectAndSleepAllTheSame() {
        String broken = "Broken";
        assertThat(lab.value(broken, "handler runs there").asInt()).isOne();
        assertThat(lab.value(broken, "pending there").asInt()).isZero();
        assertThat(lab.value(broken, "asleep in select with none pending").asString())
                .isEqualTo("yes");
        assertThat(lab.value(broken, "select").asString()).isEqualTo("EINTR (4)");
        assertRow(0, 40, 40, 20);
    }

    @Test
    void shouldSeeEverySignalThatArrivesInSelect() {
        assertThat(lab.value("The same program", "select").asString()).isEqualTo("EINTR (4)");
        assertRow(1, 20, 20, 20);
    }

    @Test
    void shouldKeepABlockedSignalForPselect() {
        String fixed = "Fixed";
        assertThat(lab.value(fixed, "handler runs there").asInt()).isZero();
        assertThat(lab.value(fixed, "pending there").asInt()).isOne();
        assertThat(lab.value(fixed, "asleep in select with none pending").asString())
                .isEqualTo("no");
        assertThat(lab.value(fixed, "pselect").asString()).isEqualTo("EINTR (4)");
        assertRow(2, 20, 20, 20);
    }

    private static void assertRow(int index, int sent, int handled, int seen) {
        JsonNode row = lab.rows("Each").get(index);
        assertThat(row.get("sent").asInt()).isEqualTo(sent);
        assertThat(row.get("handled").asInt()).isEqualTo(handled);
        assertThat(row.get("seen").asInt()).isEqualTo(seen);
        assertThat(row.get("lost").asInt()).isEqualTo(sent - seen);
    }
}
