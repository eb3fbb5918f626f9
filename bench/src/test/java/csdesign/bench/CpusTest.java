// SPDX-License-Identifier: MIT
package csdesign.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import csdesign.bench.FakeServer.Way;
import csdesign.posix.Arch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CpusTest {
    @Test
    void shouldReadAndWriteRanges() {
        assertThat(Cpus.parse("7,0,2-4,3").list()).containsExactly(0, 2, 3, 4, 7);
        assertThat(Cpus.parse("7,0,2-4,3")).hasToString("0,2-4,7");
        assertThat(Cpus.parse("5")).hasToString("5");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "-1", "1-", "3-2", "1,,2", "1-2-3", "1024", "99999999999",
            " 0", "0 ", "0, 1", "+0", "٣", "０",
            "0x1", "1e1", "0.0"})
    void shouldRefuseWhatIsNoList(String text) {
        assertThatThrownBy(() -> Cpus.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'" + text + "' is no list of CPUs");
    }

    @Test
    void shouldGiveServerAndClientDifferentCpusWhereThereAreTwo() throws IOException {
        assumeTrue(Arch.isUsable(), "needs Linux");
        assumeTrue(Affinity.current().list().size() > 1, "needs two CPUs");
        Pinning pinning = Pinning.choose(true, Cpus.NONE, Cpus.NONE);
        assertThat(pinning.server().list()).hasSize(1).isNotEqualTo(pinning.client().list());
        assertThat(pinning.client().list()).hasSize(1);
    }

    @Test
    void shouldRefuseCpusThatThisProcessMayNotUse() {
        assumeTrue(Arch.isUsable(), "needs Linux");
        assertThatThrownBy(() -> Pinning.choose(true, Cpus.parse("1023"), Cpus.NONE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("--server-cpus is 1023: this process may use ");
    }

    @Test
    void shouldNotPinWhenNotWanted() throws IOException {
        Pinning pinning = Pinning.choose(false, Cpus.NONE, Cpus.NONE);
        assertThat(pinning.server()).isEqualTo(Cpus.NONE);
        assertThat(pinning.words()).contains("--no-pin");
    }

    @Test
    void shouldPinTheChildAndNotItself() throws IOException {
        assumeTrue(Arch.isUsable(), "needs Linux");
        Cpus before = Affinity.current();
        assumeTrue(before.list().size() > 1, "needs two CPUs");
        Cpus last = new Cpus(List.of(before.list().getLast()));
        try (BenchProcess child = BenchProcess.start("fake", FakeServer.command(Way.RIGHT), last)) {
            assertThat(Files.readString(Path.of("/proc/" + child.pid() + "/status")))
                    .contains("\nCpus_allowed_list:\t" + last + "\n");
        }
        assertThat(Affinity.current()).isEqualTo(before);
    }
}
