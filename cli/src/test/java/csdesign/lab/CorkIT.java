// SPDX-License-Identifier: MIT
package csdesign.lab;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Segments of one answer.
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

    private static int segments(String part, String way) {
        return lab.rows(part).stream()
                .filter(row -> row.get("way").asString().equals(way))
                .findFirst()
                .orElseThrow()
                .get("segments")
                .asInt();
    }
}
