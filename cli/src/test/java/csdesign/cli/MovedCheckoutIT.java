// SPDX-License-Identifier: MIT
package csdesign.cli;

import static org.assertj.core.api.Assertions.assertThat;

import csdesign.bench.Results;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A built checkout that was copied into a folder with a name that no shell and no JVM likes, and its original removed; by
/// a user without any capability, in another such folder, with the locale C, and with options set for every JVM.
@Timeout(120)
class MovedCheckoutIT {
    @TempDir
    private Path folder;

    @Test
    void shouldMeasureItsOwnJarAndSayUnderWhatOptions() throws Exception {
        Path first = Files.createDirectories(folder.resolve("first/cli/target"));
        copy(Path.of(System.getProperty("csdesign.home"), "csdesign"), folder.resolve("first"));
        copy(Path.of(System.getProperty("csdesign.jar")), first);
        String hash = HexFormat.of().formatHex(
                MessageDigest.getInstance("SHA-256")
                        .digest(Files.readAllBytes(first.resolve("csdesign.jar"))));
        assertThat(run(folder, Map.of(), folder.resolve("first/csdesign").toString(), "designs"))
                .contains("epoll");

        Path copied = folder.resolve("schön $HOME 'x'");
        run(folder, Map.of(), "cp", "-a", "first", copied.toString());
        // The archive of the first place, by the name of this one's: its classes tell where they came from.
        run(folder, Map.of(), "sh", "-c", """
                key=$({ cat "$1/release" && printf %s "$2/csdesign.jar"; } | cksum | tr ' ' -)
                mv "$2"/csdesign-*.jsa "$2/csdesign-$key.jsa" && rm -r first
                """, "sh", System.getProperty("java.home"),
                copied.resolve("cli/target").toString());

        Path here = Files.createDirectory(folder.resolve("größe"));
        List<String> words = new ArrayList<>();
        if ("root".equals(System.getProperty("user.name"))
                && Files.exists(Path.of("/usr/bin/setpriv"))) {
            run(folder, Map.of(), "chown", "-R", "12345:12345", ".");
            words.addAll(
                    List.of(
                            "setpriv", "--reuid=12345", "--regid=12345", "--clear-groups",
                            "--bounding-set=-all", "--inh-caps=-all"));
        }
        words.addAll(
                List.of(
                        copied.resolve("csdesign").toString(), "bench", "--designs",
                        "prefork-accept", "-n", "1", "--workloads", "connect", "--rounds", "1",
                        "--warmup", "0.1", "--duration", "0.1", "--clients", "1", "--out",
                        "wie schön"));
        String options = "-XX:+UseG1GC -Duser.language=ar -Duser.country=EG";
        String table = run(
                here,
                Map.of("JAVA_TOOL_OPTIONS", options),
                words.toArray(String[]::new));
        assertThat(table).contains("the servers are warm"); // the worker too was found and started
        Results results = Results.parse(Files.readString(here.resolve("wie schön/results.json")));
        assertThat(results.environment().jarSha256()).isEqualTo(hash);
        assertThat(results.environment().withheld())
                .containsExactly(Map.entry("JAVA_TOOL_OPTIONS", options));
        assertThat(table).contains("warning: JAVA_TOOL_OPTIONS=" + options, hash.substring(0, 10))
                .doesNotContainPattern("[\\p{Nd}&&[^0-9]]");
    }

    @Test
    void shouldSayThatItCannotReadTheNameOfAFolder() throws Exception {
        copy(Path.of(System.getProperty("csdesign.jar")), folder);
        Path here = Files.createDirectory(folder.resolve("größe"));
        ProcessBuilder builder = builder(
                here, Map.of(), Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-jar", folder.resolve("csdesign.jar").toString(), "bench", "--designs",
                "iterative");
        Process process = builder.start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isEqualTo(2);
        assertThat(said).contains("no text in this locale's encoding", "LC_ALL=C.UTF-8");
        try (Stream<Path> all = Files.list(folder)) {
            assertThat(all).containsExactlyInAnyOrder(here, folder.resolve("csdesign.jar"));
        }
    }

    private static void copy(Path file, Path into) throws IOException {
        Files.copy(file, into.resolve(file.getFileName()), StandardCopyOption.COPY_ATTRIBUTES);
    }

    private static ProcessBuilder builder(
            Path where, Map<String, String> variables, String... words) {
        ProcessBuilder builder = new ProcessBuilder(words).directory(where.toFile())
                .redirectErrorStream(true);
        builder.environment().keySet()
                .removeIf(name -> name.startsWith("LC_") || name.equals("LANG"));
        builder.environment().put("LC_ALL", "C");
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.environment().putAll(variables);
        return builder;
    }

    private static String run(Path where, Map<String, String> variables, String... words)
            throws Exception {
        ProcessBuilder builder = builder(where, variables, words);
        Process process = builder.start();
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        // A window so short may have no answer on a busy machine: that is 1, and no matter here.
        assertThat(process.exitValue()).as("%s: %s", List.of(words), said)
                .isLessThanOrEqualTo(List.of(words).contains("bench") ? 1 : 0);
        return said;
    }
}
