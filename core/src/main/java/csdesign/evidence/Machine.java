// SPDX-License-Identifier: MIT
package csdesign.evidence;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.stream.Stream;

/// When and where a figure was seen.
///
/// @param date in UTC, as ISO 8601 writes it
/// @param kernel name, release and architecture
/// @param cpu the processor's model
/// @param processors how many this process may use
/// @param jdk the JVM and its version
public record Machine(String date, String kernel, String cpu, int processors, String jdk) {
    /// This one, today.
    ///
    /// @return what this system tells
    public static Machine here() {
        return new Machine(
                LocalDate.now(ZoneOffset.UTC).toString(),
                System.getProperty("os.name") + " " + System.getProperty("os.version") + " "
                        + System.getProperty("os.arch"),
                cpuModel(),
                Runtime.getRuntime().availableProcessors(),
                System.getProperty("java.vm.name") + " "
                        + System.getProperty("java.vm.version"));
    }

    /// In one line.
    ///
    /// @return without a line end
    public String words() {
        return date + ": " + kernel + ", " + cpu + ", " + processors + " CPUs, " + jdk;
    }

    /// The model as /proc/cpuinfo names it; Arm's has none.
    private static String cpuModel() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse("unknown CPU");
        } catch (IOException e) {
            return "unknown CPU";
        }
    }
}
