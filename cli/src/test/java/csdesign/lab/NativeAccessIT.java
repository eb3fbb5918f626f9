// SPDX-License-Identifier: MIT
package csdesign.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import csdesign.posix.Arch;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Where system calls are not allowed, a lab says in its last line what allows them.
class NativeAccessIT {
    static Stream<String> labs() {
        return Labs.ENTRIES.stream().map(Labs.Entry::slug);
    }

    @ParameterizedTest
    @MethodSource("labs")
    void shouldNameTheFlagThatItNeeds(String lab) throws Exception {
        assumeTrue(Arch.isSupported(), "labs run on Linux only");
        Process process = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "--illegal-native-access=deny",
                "-cp", // the jar's manifest, which allows native access, does not count then
                System.getProperty("csdesign.jar"),
                "csdesign.cli.Main",
                "lab",
                lab,
                "--auto")
                .redirectErrorStream(true)
                .start();
        process.getOutputStream().close();
        List<String> printed = new String(
                process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                .lines()
                .toList();
        assertThat(process.waitFor()).as("exit code").isEqualTo(1);
        assertThat(printed).noneMatch(line -> line.startsWith("\tat "));
        assertThat(printed.getLast()).startsWith("csdesign: ")
                .contains("--enable-native-access=ALL-UNNAMED");
    }
}
