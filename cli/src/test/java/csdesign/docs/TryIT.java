// SPDX-License-Identifier: MIT
package csdesign.docs;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import csdesign.design.Catalog;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every command that the pages tell the reader to try is tried, with a free port in place of 2000.
@Tag("alone") // the launcher may build what the contracts run
class TryIT {
    private static final long LONGEST_SECONDS = 60;
    private static final Pattern FILE_COMMAND = Pattern
            .compile("java (--enable-native-access=ALL-UNNAMED )?(core/\\S+\\.java) 2000");

    static Stream<Catalog.Entry> designs() {
        return Catalog.ENTRIES.stream().filter(entry -> entry.needs().areMetHere());
    }

    @ParameterizedTest
    @MethodSource("designs")
    void shouldRunTheTranscriptOfThePage(Catalog.Entry entry) throws Exception {
        List<String> commands = new ArrayList<>();
        boolean inside = false;
        for (String line : Files.readAllLines(Pages.of(entry))) {
            inside = line.startsWith("```") ? line.equals("```console") : inside;
            if (inside && line.startsWith("$ ")) {
                commands.add(line.substring(2));
            }
        }
        assertThat(commands).as("commands of %s", entry.slug()).hasSizeGreaterThan(2);
        int port = freePort();
        Process background = null;
        try {
            for (String command : commands) {
                String line = command.replaceFirst("(serve \\S+|csdesign client)", "$1 -p " + port);
                if (line.endsWith(" &")) {
                    background = start("exec " + line.substring(0, line.length() - 2));
                    assertThat(firstLine(background)).startsWith("listening on 127.0.0.1:" + port);
                } else if (line.equals("kill %1")) {
                    Objects.requireNonNull(background,
                            "kill before assertThat(background).isNotNull();");
                    background.toHandle().destroy(); // Process.destroy would close its output
                    assertEndsWith(0, background, line);
                } else {
                    assertEndsWith(0, start("exec " + line), line);
                }
            }
        } finally {
            if (background != null) {
                background.destroyForcibly();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("designs")
    void shouldServeFromTheFileByItself(Catalog.Entry entry) throws Exception {
        Path source = Pages.home().resolve("core/src/main/java/csdesign/design/" + entry.file());
        String doc = Files.readString(source).replace("\\\n/// ", "");
        Matcher inFile = FILE_COMMAND.matcher(doc);
        Matcher onPage = FILE_COMMAND.matcher(Files.readString(Pages.of(entry)));
        assertThat(inFile.find() && onPage.find()).as("%s tells how", entry.slug()).isTrue();
        assertThat(onPage.group()).isEqualTo(inFile.group());
        int port = freePort();
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        Process server = start(
                "exec " + inFile.group().replaceFirst("^java", java).replace(" 2000", " " + port));
        try {
            assertThat(firstLine(server)).startsWith("listening on 127.0.0.1:" + port);
            try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port)) {
                client.getOutputStream().write("3000".getBytes(StandardCharsets.US_ASCII));
                assertThat(client.getInputStream().readNBytes(3000)).hasSize(3000);
            }
            server.toHandle().destroy();
            assertEndsWith(0, server, inFile.group());
        } finally {
            server.destroyForcibly();
        }
    }

    private static Process start(String command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder("sh", "-c", command);
        // The launcher takes this JDK, and errors are read with the output.
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        return builder.directory(Pages.home().toFile()).redirectErrorStream(true).start();
    }

    private static String firstLine(Process process) throws IOException {
        BufferedReader lines = process.inputReader();
        String line = lines.readLine();
        return line == null ? "nothing, and it ended" : line;
    }

    private static void assertEndsWith(int code, Process process, String command) throws Exception {
        try (InputStream out = process.getInputStream()) {
            boolean ended = process.waitFor(LONGEST_SECONDS, SECONDS);
            String printed = ended ? new String(out.readAllBytes(), StandardCharsets.UTF_8) : "";
            assertThat(ended).as("'%s' ends", command).isTrue();
            assertThat(process.exitValue()).as("'%s' printed: %s", command, printed)
                    .isEqualTo(code);
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket free = new ServerSocket(0)) {
            return free.getLocalPort();
        }
    }
}
