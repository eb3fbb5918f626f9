// SPDX-License-Identifier: MIT
package csdesign.lab;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// A handler that writes into a pipe, full or not, and what came after it.
class SelfPipeIT {
    private static final int STORM = 20_000;

    private static LabRun lab;

    @BeforeAll
    static void run() throws Exception {
        lab = LabRun.of("self-pipe");
    }

    @Test
    void shouldShowAllItsClaims() {
        lab.assertShown();
    }

    @Test
    void shouldSleepInTheHandlerWhereAFullPipeBlocks() {
        String broken = "Broken";
        assertThat(lab.value(broken, "bytes in the pipe").asInt()).isEqualTo(4_096);
        assertThat(lab.value(broken, "its handler sleeps in").asString())
                .isIn("pipe_write", "0"); // 0: the kernel does not tell
        assertThat(lab.value(broken, "handler runs that ended then").asInt()).isOne();
    }

    @Test
    void shouldAnswerEagainToEveryHandlerRunWhereItDoesNot() {
        JsonNode full = storm("full pipe");
        assertThat(full.get("handled").asInt()).isPositive();
        assertThat(full.get("EAGAIN").asInt()).isEqualTo(full.get("handled").asInt());
        assertThat(full.get("read").asInt()).as("not one byte more").isEqualTo(4_096);
    }

    @Test
    void shouldHaveSeenTheLastStateAfterEveryStorm() {
        for (String way : new String[] {"full pipe", "pipe", "counter"}) {
            assertThat(storm(way).get("seen").asInt()).as(way).isEqualTo(STORM);
            assertThat(storm(way).get("GCs").asInt()).as(way).isPositive();
        }
        JsonNode pipe = storm("pipe");
        assertThat(pipe.get("handled").asInt()).as("bursts of 20").isBetween(1_000, STORM);
        assertThat(pipe.get("read").asInt()).isEqualTo(pipe.get("handled").asInt());
    }

    @Test
    void shouldCountEveryHandlerRunInAnEventfd() {
        JsonNode counter = storm("counter");
        assertThat(counter.get("read").asInt()).isEqualTo(counter.get("handled").asInt());
        assertThat(counter.get("EAGAIN").asInt()).isZero();
    }

    @Test
    void shouldLoseNoSignalBeforeSelect() {
        assertThat(lab.rows("Signals just before select")).hasSize(4)
                .allMatch(row -> row.get("lost").asInt() == 0)
                .allMatch(row -> row.get("wake-ups").asInt() == 1);
    }

    @Test
    void shouldReadOneOfManySignalsFromASignalfd() {
        String part = "Signals just before select";
        assertThat(lab.value(part, "read from signalfd").asInt()).isOne();
        assertThat(lab.value(part, "its ssi_signo").asInt()).isEqualTo(10);
        assertThat(lab.value(part, "its ssi_pid is the lab's").asString()).isEqualTo("yes");
    }

    @Test
    void shouldWakeASelectorThatDoesNotWaitYet() {
        assertThat(lab.value("The JDK", "eventfds of a Selector").asInt()).isOne();
        assertThat(lab.value("The JDK", "keys of the next select").asInt()).isZero();
    }

    private static JsonNode storm(String way) {
        return lab.rows("Fixed").stream()
                .filter(row -> row.get("way").asString().equals(way))
                .findFirst().orElseThrow();
    }
}
