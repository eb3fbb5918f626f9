// SPDX-License-Identifier: MIT
package csdesign.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import csdesign.harness.Client;
import csdesign.harness.ServerProcess;
import csdesign.harness.ServerProcess.Command;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/// The JVM that may fork has what it reads most under huge pages, and what is under them is
/// what was there before.
@EnabledOnOs(OS.LINUX)
class HugePagesIT {
    private static final Path CONFIGURED = Path.of("/sys/kernel/mm/transparent_hugepage/enabled");

    /// Since then a kernel makes them when asked.
    private static final int[] KERNEL = {6, 1};

    private static final Pattern HUGE = Pattern.compile("(?m)^AnonHugePages: +([0-9]+) kB$");
    private static final int CLIENTS = 100;

    @Test
    void shouldHoldTheArchivesAndTheText() throws Exception {
        assumeTrue(Files.exists(CONFIGURED), "this kernel has no transparent huge pages");
        assumeTrue(!Files.readString(CONFIGURED).contains("[never]"), "they are turned off");
        assumeTrue(isNewEnough(System.getProperty("os.version")), "before Linux 6.1");
        Command command = Command.of("fork-per-client", List.of());
        try (ServerProcess server = ServerProcess.start("fork-per-client", command)) {
            for (int i = 0; i < CLIENTS; i++) {
                try (Client client = Client.of(server)) {
                    client.send("3000").expectAnswer(3000).halfClose().expectEnd();
                }
            }
            Path smaps = Path.of("/proc", "" + server.pid(), "smaps");
            assertThat(hugeKib(Files.readString(smaps))).isGreaterThan(16 * 1024);
            server.stopQuietly();
            assertThat(server.distributionSum()).isEqualTo(CLIENTS);
        }
    }

    private static long hugeKib(String smaps) {
        Matcher line = HUGE.matcher(smaps);
        return line.results().mapToLong(found -> Long.parseLong(found.group(1))).sum();
    }

    private static boolean isNewEnough(String kernel) {
        String[] numbers = kernel.split("[^0-9]+", 3);
        int major = Integer.parseInt(numbers[0]);
        return major > KERNEL[0]
                || (major == KERNEL[0] && Integer.parseInt(numbers[1]) >= KERNEL[1]);
    }
}
