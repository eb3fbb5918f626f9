// SPDX-License-Identifier: MIT
package csdesign.lab;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// What an exchange waits for when its request is written in two pieces.
class NagleIT {
    private static LabRun lab;

    @BeforeAll
    static void run() throws Exception {
        lab = LabRun.of("nagle");
    }

    @Test
    void shouldShowAllItsClaims() {
        lab.assertShown();
    }

    @Test
    void shouldWaitForATimersAckInEachExchangeButTheFirst() {
        JsonNode broken = lab.rows("Broken").getFirst();
        assertThat(broken.get("median ms").asDouble()).isGreaterThan(30.0);
        assertThat(broken.get("held back").asInt()).isGreaterThan(5);
    }

    @Test
    void shouldNotWaitWithAnyOfTheRemedies() {
        double broken = lab.rows("Broken").getFirst().get("median ms").asDouble();
        assertThat(lab.rows("Fixed")).hasSize(4).allSatisfy(
                fixed -> assertThat(fixed.get("median ms").asDouble()).isLessThan(broken / 2));
    }

    @Test
    void shouldHoldTheRestOfACorkFor200Millis() {
        assertThat(lab.value("A cork", "ms until the bytes arrived").asDouble())
                .isGreaterThan(180);
    }
}
