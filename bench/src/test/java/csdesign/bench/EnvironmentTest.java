// SPDX-License-Identifier: MIT
package csdesign.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a result says of where it was measured.
class EnvironmentTest {
    @TempDir
    private Path folder;

    @Test
    void shouldNameTheJarThatWasMeasuredByItsBytes() throws Exception {
        Path jar = Files.writeString(folder.resolve("a.jar"), "abc");
        Environment environment = Environment.here(jar, Optional.empty());
        assertThat(environment.jarSha256()) // FIPS 180-2, appendix B.1
                .isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assertThat(environment.words()).contains(", jar ba7816bf8f");
        assertThat(environment.version()).isNotBlank();
        assertThat(Environment.here(folder, Optional.empty()).jarSha256()).isNull();
    }

    @Test
    void shouldFindWhatChangesProgramsFromOutside() {
        assertThat(Environment.changing(
                Map.of(
                        "LD_PRELOAD", "a.so", "MALLOC_ARENA_MAX", "1", "GLIBC_TUNABLES", "x=1",
                        "HOME", "/", "MY_LD_PRELOAD", "b.so")))
                .containsOnlyKeys("GLIBC_TUNABLES", "LD_PRELOAD", "MALLOC_ARENA_MAX");
    }

    @Test
    void shouldReadResultsOfBeforeTheseWereNoted() {
        Environment old = Json.MAPPER.readValue(
                """
                        {"commit": null, "dirty": null, "kernel": "Linux", "cpu": "a CPU",
                         "processors": 2, "jdk": "a JDK", "cCompiler": null}
                        """,
                Environment.class);
        assertThat(old.warnings()).isEmpty();
        assertThat(old.words()).isEqualTo("Linux, a CPU, 2 CPUs, a JDK");
    }
}
