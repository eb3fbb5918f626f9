// SPDX-License-Identifier: MIT
package csdesign.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// What became of the children of an ordinary JVM, and of one that may fork.
class JvmForkIT {
    private static final String ORDINARY = "Broken: an ordinary JVM";
    private static final String BATCH = "Broken: the same with -Xbatch";
    private static LabRun lab;

    @BeforeAll
    static void run() throws Exception {
        lab = LabRun.of("jvm-fork");
    }

    @Test
    void shouldShowAllItsClaims() {
        lab.assertShown();
    }

    @Test
    void shouldHangWhereverTheChildOfAnOrdinaryJvmCollects() {
        assertAllHang(row(ORDINARY, "calls System.gc"), 3);
        assertAllHang(row(ORDINARY, "fills its heap"), 3);
    }

    @Test
    void shouldHangWhereTheChildWaitsForItsCodeToBeCompiled() {
        assertAllHang(row(BATCH, "hashes"), 3);
    }

    @Test
    void shouldEndWhereItNeedsNobody() {
        assertThat(row(ORDINARY, "calls _exit").get("ended").asInt()).isGreaterThan(2);
        assertThat(row(ORDINARY, "hashes").get("ended").asInt()).isPositive();
    }

    @Test
    void shouldEndUnderTheRules() {
        JsonNode fixed = row("Fixed", "hashes, makes garbage");
        assertThat(fixed.get("forks").asInt()).isEqualTo(20);
        assertThat(fixed.get("ended").asInt()).isEqualTo(20);
        assertThat(fixed.get("hung").asInt()).isZero();
    }

    @Test
    void shouldHangUnderTheRulesTooWhereTheChildCollects() {
        assertAllHang(row("Fixed", "calls System.gc"), 1);
    }

    @Test
    void shouldAccountForEveryFork() {
        for (String part : List.of(ORDINARY, BATCH, "Fixed")) {
            assertThat(lab.rows(part)).isNotEmpty().allSatisfy(
                    row -> assertThat(row.get("ended").asInt() + row.get("hung").asInt())
                            .isEqualTo(row.get("forks").asInt()));
        }
    }

    private static void assertAllHang(JsonNode row, int forks) {
        assertThat(row.get("forks").asInt()).isEqualTo(forks);
        assertThat(row.get("hung").asInt()).isEqualTo(forks);
        assertThat(row.get("ended").asInt()).isZero();
    }

    private static JsonNode row(String part, String child) {
        return lab.rows(part).stream()
                .filter(row -> row.get("its child").asString().equals(child))
                .findFirst()
                .orElseThrow();
    }
}
