// SPDX-License-Identifier: MIT
package csdesign.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class AcceptOrderIT {
    private static LabRun lab;

    @BeforeAll
    static void run() throws Exception {
        lab = LabRun.of("accept-order");
    }

    @Test
    void shouldShowAllItsClaims() {
        lab.assertShown();
    }

    @Test
    void shouldTakeTurnsInAccept() {
        assertThat(lab.value("All idle", "accept").asString())
                .isEqualTo("0 1 2 3 0 1 2 3 0 1 2 3");
        assertThat(lab.value("All idle", "accept, of each worker").asString())
                .isEqualTo("3 3 3 3");
    }

    @Test
    void shouldGiveTheNextConnectionToTheWorkerThatHasWaitedLongest() {
        assertThat(lab.value("Bursts", "accept").asString())
                .isEqualTo("0 1 2 3 1 0 3 2 0 1 2 3");
    }

    @Test
    void shouldGiveAllToTheFirstWatcherOfAnIdlePool() {
        assertThat(lab.value("All idle", "EPOLLEXCLUSIVE").asString())
                .isEqualTo("0 0 0 0 0 0 0 0 0 0 0 0");
    }

    @Test
    void shouldLeaveHalfOfThePoolWithoutWorkWhereHalfIsBusy() {
        assertThat(lab.value("Bursts", "EPOLLEXCLUSIVE, of each worker").asString())
                .isEqualTo("6 6 0 0");
    }

    @Test
    void shouldGiveEachConnectionToOneWorkerInEveryWay() {
        for (String way : List.of("accept", "EPOLLEXCLUSIVE", "epoll", "SO_REUSEPORT")) {
            String counts = lab.value("All idle", way + ", of each worker").asString();
            assertThat(Arrays.stream(counts.split(" ")).mapToInt(Integer::parseInt).sum())
                    .as(way).isEqualTo(12);
        }
    }

    @Test
    void shouldLetAShareWaitForTheBusyWorkerWithAQueueEach() {
        List<JsonNode> rounds = rounds("SO_REUSEPORT");
        assertThat(rounds).hasSize(3);
        assertThat(rounds.stream().mapToInt(round -> round.get("waiting").asInt()).sum())
                .isBetween(18, 150); // of 300; a quarter is 75
        assertThat(lab.verdict("reuseport-lengthens-the-tail")).isEqualTo("shown");
    }

    @Test
    void shouldLetNoConnectionWaitForTheBusyWorkerWithOneQueue() {
        assertThat(rounds("accept")).hasSize(3)
                .allMatch(round -> round.get("waiting").asInt() == 0);
    }

    private static List<JsonNode> rounds(String way) {
        return lab.rows("One worker busy").stream()
                .filter(row -> row.get("way").asString().equals(way)).toList();
    }
}
