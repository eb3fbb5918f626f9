// SPDX-License-Identifier: MIT
package csdesign.bench;

import static org.assertj.core.api.Assertions.assertThat;

import csdesign.cost.Costs;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

class ServerProcessTest {
    @Test
    void shouldKeepTheSumWhereTheKernelTakesUserTimeBack() {
        Costs costs = ServerProcess.difference(cost(1_000, 5_000), cost(990, 5_100));
        assertThat(costs.userMicros()).isZero();
        assertThat(costs.systemMicros()).isEqualTo(90);
        costs = ServerProcess.difference(cost(1_000, 5_000), cost(1_100, 4_990));
        assertThat(costs.userMicros()).isEqualTo(90);
        assertThat(costs.systemMicros()).isZero();
    }

    @Test
    void shouldSubtractAllButThePeakAndTellNothingThatItWasNotTold() {
        ObjectNode after = cost(1_300, 5_200);
        Costs costs = ServerProcess.difference(cost(1_000, 5_000).put("peakRssKib", 40),
                after.put("peakRssKib", 50).put("requests", 7));
        assertThat(costs.userMicros()).isEqualTo(300);
        assertThat(costs.systemMicros()).isEqualTo(200);
        assertThat(costs.peakRssKib()).isEqualTo(50);
        assertThat(costs.requests()).isEqualTo(-1);
        assertThat(ServerProcess.difference(cost(-1, -1), cost(-1, -1)).userMicros())
                .isEqualTo(-1);
    }

    @Test
    void shouldNotTellOfLessThanNothingAllocated() {
        Costs costs = ServerProcess.difference(cost(0, 0).put("allocatedBytes", 900),
                cost(0, 0).put("allocatedBytes", 800));
        assertThat(costs.allocatedBytes()).isZero();
    }

    private static ObjectNode cost(long userMicros, long systemMicros) {
        return Json.MAPPER.createObjectNode()
                .put("userMicros", userMicros)
                .put("systemMicros", systemMicros);
    }
}
