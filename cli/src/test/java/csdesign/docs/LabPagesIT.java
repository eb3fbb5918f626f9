// SPDX-License-Identifier: MIT
package csdesign.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import csdesign.lab.Labs;
import csdesign.posix.Arch;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The transcript on each lab's page is what its `main` prints: word for word, number for any number.
/// `-Dcsdesign.pages.write=true` writes what it printed into the page.
class LabPagesIT {
    static Stream<Labs.Entry> labs() {
        return Labs.ENTRIES.stream().filter(_ -> Arch.isSupported());
    }

    @ParameterizedTest
    @MethodSource("labs")
    void shouldPrintTheTranscriptOfThePage(Labs.Entry lab) throws Exception {
        List<String> printed = run(lab);
        Path page = Pages.of(lab);
        List<String> lines = Files.readAllLines(page);
        String command = "$ ./csdesign lab " + lab.slug() + " --auto";
        int begin = lines.indexOf(command);
        assertThat(begin).as("the line '%s' on the page", command).isPositive();
        int end = begin + lines.subList(begin, lines.size()).indexOf("```");
        if (Boolean.getBoolean("csdesign.pages.write")) {
            List<String> written = new ArrayList<>(lines.subList(0, begin + 1));
            written.addAll(printed);
            written.addAll(lines.subList(end, lines.size()));
            Files.write(page, written);
            return;
        }
        assumeTrue(
                printed.stream().noneMatch(line -> line.contains("not shown here, because"))
                        || lines.stream().anyMatch(line -> line.contains(
                                "not shown here, because")),
                "this user or kernel cannot show all that the page shows");
        assertThat(shape(printed)).isEqualTo(shape(lines.subList(begin + 1, end)));
    }

    private static List<String> run(Labs.Entry lab) throws IOException, InterruptedException {
        String source = "core/src/main/java/csdesign/lab/" + lab.file();
        String program = isRunFromItsSource(source)
                ? source
                : "-cp " + System.getProperty("csdesign.jar") + " csdesign.lab."
                        + lab.file().replace(".java", "");
        Process process = Commands.start(
                "exec " + Commands.JAVA + " --enable-native-access=ALL-UNNAMED " + program
                        + " --auto");
        process.getOutputStream().close();
        String printed = new String(
                process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as("exit code; it printed: %s", printed).isZero();
        return printed.lines().toList();
    }

    /// To compile a lab and all that it uses takes several times as long as to run it. Those that start other JVMs
    /// are run from their sources, because these JVMs must compile them too, and the first of the list is, for the
    /// others: what the build has compiled is compiled by `java` as well.
    private static boolean isRunFromItsSource(String source) throws IOException {
        return source.endsWith(Labs.ENTRIES.getFirst().file())
                || Files.readString(Pages.home().resolve(source))
                        .contains("SubjectMain.isSubject(");
    }

    /// Without the machine in the first line, and with every number alike.
    private static List<String> shape(List<String> transcript) {
        return transcript.stream()
                .skip(1)
                .map(line -> line.replaceAll("-?\\d[\\d,.]*", "#").replaceAll(" +", " ").strip())
                .toList();
    }
}
