// SPDX-License-Identifier: MIT
package csdesign.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

class ThunderingHerdIT {
    private static final List<String> SIZES = List.of("1", "2", "4", "8", "16");
    private static LabRun lab;

    @BeforeAll
    static void run() throws Exception {
        lab = LabRun.of("thundering-herd");
    }

    @Test
    void shouldShowAllItsClaims() {
        lab.assertShown();
    }

    /// The kernel wakes every waiter; none of these counts can come from one that was woken alone.
    @ParameterizedTest
    @ValueSource(strings = {"select", "poll", "epoll"})
    void shouldWakeEveryThreadThatWaitsUntilReadable(String way) {
        for (String size : SIZES) {
            double waiters = Double.parseDouble(size);
            assertThat(cell("Broken", way + ", switches", size)).as(way + " " + size)
                    .isBetween(waiters * 0.5, waiters + 1);
        }
        assertThat(cell("Broken", way + ", switches", "16")).isGreaterThan(1.3);
        assertThat(lab.verdict("readiness-wakes-all")).isEqualTo("shown");
        assertThat(lab.evidence("readiness-wakes-all")).containsPattern(way + " \\d+\\.\\d\\d");
    }

    @ParameterizedTest
    @ValueSource(strings = {"select", "poll", "epoll"})
    void shouldCountFewerReturnsThanWakeUpsOfAHerd(String way) {
        assertThat(cell("Broken", way + ", returned", "16"))
                .isGreaterThanOrEqualTo(1)
                .isLessThan(cell("Broken", way + ", switches", "16"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"accept", "EPOLLEXCLUSIVE", "SO_REUSEPORT"})
    void shouldWakeOneWhereTheKernelPicks(String way) {
        for (String size : SIZES) {
            assertThat(cell("Fixed", way + ", switches", size)).as(way + " " + size)
                    .isCloseTo(1, within(0.1));
            assertThat(cell("Fixed", way + ", returned", size)).as(way + " " + size)
                    .isCloseTo(1, within(0.1));
        }
    }

    @Test
    void shouldSayThatOneWaiterIsNoHerd() throws Exception {
        LabRun alone = LabRun.alone("thundering-herd", "-n", "1", "--connections", "10");
        alone.assertShown();
        assertThat(alone.verdict("readiness-wakes-all")).isEqualTo("not_here");
        assertThat(alone.verdict("wake-ups-stay-unseen")).isEqualTo("not_here");
        assertThat(alone.verdict("accept-wakes-one")).isEqualTo("shown");
    }

    private static double cell(String part, String row, String column) {
        List<JsonNode> rows = lab.rows(part).stream()
                .filter(one -> one.get("waiters").asString().equals(row)).toList();
        assertThat(rows).as(row).hasSize(1);
        return rows.getFirst().get(column).asDouble();
    }
}
