// SPDX-License-Identifier: MIT
package csdesign.harness;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/// The archive of classes that the launcher makes too: the contracts start some thousand JVMs,
/// and each starts in less time with it.
public final class Archive {
    /// For every JVM of the contracts; none where the archive could not be made.
    public static final List<String> FLAGS = make();

    private Archive() {}

    private static List<String> make() {
        String jar = System.getProperty("csdesign.jar", "");
        Path archive = Path.of(jar).resolveSibling("contracts.jsa");
        Path unfinished = Path.of(archive + "." + ProcessHandle.current().pid());
        try {
            Process archiving = new ProcessBuilder(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-XX:ArchiveClassesAtExit=" + unfinished,
                    "-Xlog:disable",
                    "-XX:+UseSerialGC",
                    "-XX:-UsePerfData",
                    "-jar",
                    jar,
                    "archive-classes")
                    .redirectOutput(Redirect.DISCARD)
                    .redirectError(Redirect.DISCARD)
                    .start();
            if (archiving.waitFor() != 0 || !Files.exists(unfinished)) {
                return List.of();
            }
            Files.move(unfinished, archive, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return List.of();
        }
        return List.of(
                "-XX:SharedArchiveFile=" + archive,
                "-Xshare:auto",
                "-Xlog:disable",
                "-Xlog:all=error:stderr",
                "-Xlog:cds=off:stderr",
                "-Xlog:aot=off:stderr");
    }
}
