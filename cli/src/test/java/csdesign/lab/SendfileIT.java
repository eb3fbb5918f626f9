// SPDX-License-Identifier: MIT
package csdesign.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import csdesign.posix.Arch;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// The six ways, by what the jar prints of them.
class SendfileIT {
    private static final long MIB = 32;
    private static final long BYTES = MIB * 1024 * 1024;
    private static final String WHOLE = "The whole file";
    private static final String SMALL = "A file of 1 KiB";

    private static LabRun run;

    @BeforeAll
    static void runTheLab() throws Exception {
        assumeTrue(Arch.isSupported());
        run = LabRun.of("sendfile", "--mib", "" + MIB);
    }

    @Test
    void shouldShowAllItsClaims() {
        run.assertShown();
    }

    @Test
    void shouldSendTheFileByEveryWay() {
        List<JsonNode> rows = run.rows("What arrives");
        assertThat(rows).extracting(row -> row.get("way").asString()).containsExactly(
                "read, write 4 KiB", "read, write 64 KiB", "mmap, write", "sendfile", "splice",
                "transferTo");
        assertThat(rows).extracting(row -> row.get("the file").asString())
                .containsOnly("right");
    }

    @Test
    void shouldSendACopyByWriteAndTheFilesOwnPageOtherwise() {
        assertThat(run.rows("What arrives"))
                .extracting(row -> row.get("sent, changed, received").asString())
                .containsExactly(
                        "as sent", "as sent", "as sent", "as changed", "as changed", "as changed");
        assertThat(run.verdict("sendfile-sends-the-files-own-pages")).isEqualTo("shown");
    }

    @Test
    void shouldNeedTwoCallsForEachPageInTheLoop() {
        JsonNode loop = row(WHOLE, "read, write 4 KiB");
        assertThat(loop.get("calls").asLong()).isEqualTo(2 * BYTES / 4096);
        assertThat(loop.get("reads").asLong()).isIn(BYTES / 4096, 0L); // 0: it does not count
        assertThat(loop.get("writes").asLong()).isIn(BYTES / 4096, 0L);
        assertThat(row(WHOLE, "splice").get("calls").asLong()).isGreaterThanOrEqualTo(
                2 * BYTES / (64 * 1024));
    }

    @Test
    void shouldNeedOneCallOfSendfileByTheJdkToo() {
        for (String way : List.of("sendfile", "transferTo")) {
            assertThat(row(WHOLE, way).get("calls").asLong()).as(way).isOne();
            assertThat(row(WHOLE, way).get("writes").asLong()).as(way).isIn(1L, 0L);
        }
        String part = "The number of the system call";
        assertThat(run.value(part, "transferTo").asLong())
                .isEqualTo(run.value(part, "sendfile").asLong());
    }

    @Test
    void shouldTakeLessCpuThanTheLoopOfTheOriginal() {
        assertThat(row(WHOLE, "sendfile").get("of 4 KiB").asDouble()).isBetween(0.001, 0.75);
        assertThat(row(WHOLE, "read, write 64 KiB").get("of 4 KiB").asDouble())
                .isBetween(0.001, 0.75);
        assertThat(row(WHOLE, "read, write 4 KiB").get("CPU ms/GB").asDouble()).isPositive();
        assertThat(run.verdict("one-call-for-thousands")).isEqualTo("shown");
    }

    @Test
    void shouldGainLittleForASmallFile() {
        assertThat(row(SMALL, "sendfile").get("of read, write").asDouble()).isGreaterThan(0.5);
        assertThat(row(SMALL, "mmap, write").get("of read, write").asDouble()).isGreaterThan(2);
        assertThat(row(SMALL, "read, write 64 KiB").get("calls").asLong()).isEqualTo(2);
    }

    private static JsonNode row(String part, String way) {
        return run.rows(part).stream().filter(row -> row.get("way").asString().equals(way))
                .findFirst().orElseThrow();
    }
}
