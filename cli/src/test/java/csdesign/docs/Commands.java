// SPDX-License-Identifier: MIT
package csdesign.docs;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import csdesign.design.Catalog;
import csdesign.design.Design;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.stream.Stream;

/// The commands of the pages, as tests run them.
final class Commands {
    private static final long LONGEST_SECONDS = 60;

    /// `java`, the quickest way: a source file is compiled in each run, and its workers start in half the time.
    static final String JAVA = Path.of(System.getProperty("java.home"), "bin", "java")
            + " -XX:TieredStopAtLevel=1 -XX:+UseSerialGC";

    private Commands() {}

    /// The designs that run here.
    static Stream<Design> designs() {
        return Catalog.ENTRIES.stream().filter(entry -> entry.needs().areMetHere());
    }

    static Process start(String command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder("sh", "-c", command);
        // The launcher takes this JDK, and errors are read with the output.
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        return builder.directory(Pages.home().toFile()).redirectErrorStream(true).start();
    }

    static String firstLine(Process process) throws IOException {
        BufferedReader lines = process.inputReader();
        String line = lines.readLine();
        return line == null ? "nothing, and it ended" : line;
    }

    static void assertEndsWith(int code, Process process, String command) throws Exception {
        try (InputStream out = process.getInputStream()) {
            boolean ended = process.waitFor(LONGEST_SECONDS, SECONDS);
            String printed = ended ? new String(out.readAllBytes(), StandardCharsets.UTF_8) : "";
            assertThat(ended).as("'%s' ends", command).isTrue();
            assertThat(process.exitValue()).as("'%s' printed: %s", command, printed)
                    .isEqualTo(code);
        }
    }

    static int freePort() throws IOException {
        try (ServerSocket free = new ServerSocket(0)) {
            return free.getLocalPort();
        }
    }
}
