// SPDX-License-Identifier: MIT
package csdesign.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ResultsFolderTest {
    @TempDir
    private Path temporary;

    @Test
    void shouldTakeTheNextNameWhereOneIsTaken() throws IOException {
        Path wanted = temporary.resolve("results/now");
        try (ResultsFolder first = ResultsFolder.fresh(wanted);
                ResultsFolder second = ResultsFolder.fresh(wanted);
                ResultsFolder third = ResultsFolder.fresh(wanted)) {
            assertThat(Stream.of(first, second, third).map(ResultsFolder::folder))
                    .containsExactly(
                            wanted,
                            wanted.resolveSibling("now-2"),
                            wanted.resolveSibling("now-3"));
        }
    }

    @Test
    void shouldLeaveNothingWhereNothingWasKept() throws IOException {
        ResultsFolder.named(temporary.resolve("a/b/c")).close();
        ResultsFolder.fresh(temporary.resolve("results/now")).close();
        Path mine = Files.createDirectory(temporary.resolve("mine"));
        ResultsFolder.named(mine).close();
        assertThat(everything()).containsExactly("mine");
    }

    @Test
    void shouldRefuseAFolderThatAnotherBenchHasClaimed() throws IOException {
        Path folder = temporary.resolve("a/b");
        try (ResultsFolder results = ResultsFolder.named(folder)) {
            assertThatThrownBy(() -> ResultsFolder.named(folder))
                    .isInstanceOf(IOException.class)
                    .hasMessage("another bench writes its results there");
            results.keep(Sample.results(), Sample.histograms());
        }
        assertThat(everything()).containsExactly(
                "a", "a/b", "a/b/histograms.hlog", "a/b/results.csv", "a/b/results.json");
    }

    /// The lock must hold against another process, and through all that its owner does.
    @Test
    void shouldRefuseAFolderThatAnotherProcessHasClaimed() throws Exception {
        Path folder = temporary.resolve("a/b");
        Process other = new ProcessBuilder(
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Claimant.class.getName(),
                        folder.toString()))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader said = other.inputReader()) {
            assertThat(said.readLine()).isEqualTo("claimed");
            assertThatThrownBy(() -> ResultsFolder.named(folder))
                    .hasMessage("another bench writes its results there");
            other.destroyForcibly().waitFor();
            // What it left behind is no claim any more.
            ResultsFolder.named(folder).close();
        } finally {
            other.destroyForcibly();
        }
        assertThat(everything()).containsExactly("a", "a/b");
    }

    /// Another program that claims a folder.
    public static final class Claimant {
        private Claimant() {}

        /// Claims it, and stays.
        ///
        /// @param arguments the folder
        /// @throws IOException when it cannot
        public static void main(String... arguments) throws IOException {
            try (ResultsFolder results = ResultsFolder.named(Path.of(arguments[0]))) {
                results.tryToWrite(1);
                System.out.println("claimed");
                System.in.read();
            }
        }
    }

    @Test
    void shouldNeverReplaceAResult() throws IOException {
        for (String file : List.of("results.json", "results.csv")) {
            Path folder = Files.createDirectory(temporary.resolve(file + ".folder"));
            Files.writeString(folder.resolve(file), "old");
            assertThatThrownBy(() -> ResultsFolder.named(folder))
                    .hasMessageContaining("it has a " + file + " already");
            assertThat(folder).isDirectoryContaining(path -> path.endsWith(file));
            assertThat(folder.resolve(file)).hasContent("old");
            assertThat(folder).isDirectoryNotContaining("glob:**.part");
        }
    }

    @Test
    void shouldRefuseAFile() throws IOException {
        Path file = Files.createFile(temporary.resolve("file"));
        assertThatThrownBy(() -> ResultsFolder.named(file)).hasMessage("it is no folder");
        assertThatThrownBy(() -> ResultsFolder.named(file.resolve("below")))
                .isInstanceOf(IOException.class);
        assertThat(everything()).containsExactly("file");
    }

    @Test
    void shouldLeaveNothingHalfMadeWhenTheyCannotBeWritten() throws IOException {
        Path folder = temporary.resolve("a/b");
        try (ResultsFolder results = ResultsFolder.named(folder)) {
            // The last step fails: a folder that is not empty stands in the way.
            Files.createDirectories(folder.resolve("results.json/full"));
            assertThatThrownBy(() -> results.keep(Sample.results(), Sample.histograms()))
                    .isInstanceOf(IOException.class);
        }
        assertThat(everything()).containsExactly(
                "a", "a/b", "a/b/results.json", "a/b/results.json/full");
    }

    @Test
    void shouldWriteBeforehandAsMuchAsResultsCouldNeed() throws IOException {
        Path full = Path.of("/dev/full");
        assumeTrue(Files.isWritable(full), "no device that is always full");
        Path folder = Files.createDirectory(temporary.resolve("full"));
        Files.createSymbolicLink(folder.resolve("results.json.part"), full);
        assertThatThrownBy(() -> ResultsFolder.named(folder))
                .satisfies(
                        e -> assertThat(ResultsFolder.reason((IOException) e))
                                .isEqualTo("No space left on device"));
        try (ResultsFolder results = ResultsFolder.named(temporary.resolve("room"))) {
            results.tryToWrite(100);
            results.keep(Sample.results(), Sample.histograms());
            String json = Files.readString(results.folder().resolve("results.json"));
            assertThat(json.getBytes(StandardCharsets.UTF_8).length)
                    .isLessThan(64 * 1024 + 6 * 8 * 1024);
        }
    }

    private List<String> everything() throws IOException {
        try (Stream<Path> all = Files.walk(temporary)) {
            return all.map(path -> temporary.relativize(path).toString())
                    .filter(path -> !path.isEmpty())
                    .sorted()
                    .toList();
        }
    }
}
