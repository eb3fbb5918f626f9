// SPDX-License-Identifier: MIT
package csdesign.lab;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// Segments of one answer, and what an exchange waits for.
class CorkIT {
    private static final String SMALL = "One answer";
    private static LabRun lab;

    @BeforeAll
    static void run() throws Exception {
        lab = LabRun.of("cork");
    }

    @Test
    void shouldShowAllItsClaims() {
        lab.assertShown();
    }

    @Test
    void shouldMakeASegmentOfEachWriteWithoutDelay() {
        assertThat(segments(SMALL, "TCP_NODELAY, sends")).isEqualTo(9);
        assertThat(segments(SMALL, "sends")).isBetween(5, 9);
    }

    @Test
    void shouldFillSegmentsWithACorkAndWithOneWriteOfAllPieces() {
        assertThat(segments(SMALL, "TCP_CORK, sends")).isEqualTo(4);
        assertThat(segments(SMALL, "writev")).isEqualTo(4);
        assertThat(segments(SMALL, "the JDK's write of 9")).isEqualTo(4);
        assertThat(segments(SMALL, "sends with MSG_MORE")).isBetween(4, 8);
    }

    @Test
    void shouldMakeOneSegmentOfACorkedAnswerOnTheLoopback() {
        assertThat(segments("The same in segments as long", "TCP_CORK, sends")).isOne();
        assertThat(segments("The same in segments as long", "sends")).isGreaterThan(1);
    }

    @Test
    void shouldWaitForATimersAckInEachExchangeButTheFirst() {
        JsonNode broken = row("Broken", "sends");
        assertThat(broken.get("median ms").asDouble()).isGreaterThan(30.0);
        assertThat(broken.get("held back").asInt()).isGreaterThan(5);
    }

    @Test
    void shouldNotWaitWithAnyOfTheRemedies() {
        double broken = row("Broken", "sends").get("median ms").asDouble();
        assertThat(lab.rows("Fixed")).hasSize(4).allSatisfy(
                fixed -> assertThat(fixed.get("median ms").asDouble()).isLessThan(broken / 2));
    }

    @Test
    void shouldHoldTheRestOfACorkFor200Millis() {
        assertThat(lab.value("A cork", "ms until it arrived").asDouble()).isGreaterThan(180);
    }

    private static int segments(String part, String way) {
        return row(part, way).get("segments").asInt();
    }

    private static JsonNode row(String part, String way) {
        return lab.rows(part).stream()
                .filter(row -> row.get("way").asString().equals(way))
                .findFirst()
                .orElseThrow();
    }
}
