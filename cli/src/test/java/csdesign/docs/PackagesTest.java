// SPDX-License-Identifier: MIT
package csdesign.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Each package has a page, its package-info: a picture, and every type of the package with what it is. A package that
/// can be lived in is small.
class PackagesTest {
    private static final Path ROOT = Path.of("..");
    private static final int MOST_FILES = 16;
    private static final int MOST_LINES = 1_400;

    /// One file for each header, design or experiment: these grow with what they list.
    private static final Set<String> COLLECTIONS = Set.of("posix", "design", "lab");

    static List<Path> packages() throws IOException {
        try (Stream<Path> modules = Files.list(ROOT)) {
            return modules.map(module -> module.resolve("src/main/java/csdesign"))
                    .filter(Files::isDirectory)
                    .flatMap(PackagesTest::children)
                    .filter(Files::isDirectory)
                    .sorted()
                    .toList();
        }
    }

    static List<Path> roomsOfCore() throws IOException {
        return packages().stream()
                .filter(room -> room.startsWith(ROOT.resolve("core")))
                .filter(room -> !COLLECTIONS.contains(room.getFileName().toString()))
                .toList();
    }

    @Test
    void shouldFindThePackages() throws IOException {
        assertThat(packages().stream().map(room -> room.getFileName().toString()))
                .contains("design", "posix", "kit", "client", "bench", "cli", "peers");
    }

    @ParameterizedTest
    @MethodSource("packages")
    void shouldHaveAPageWithAPictureThatNamesEveryType(Path room) throws IOException {
        String page = Files.readString(room.resolve("package-info.java"));
        assertThat(page).contains("```text");
        assertThat(types(room)).allSatisfy(type -> assertThat(page)
                .as("%s on the page of %s", type, room)
                .containsPattern("\\[(?:[\\w.]+\\.)?" + Pattern.quote(type) + "\\]"));
    }

    @ParameterizedTest
    @MethodSource("roomsOfCore")
    void shouldBeSmall(Path room) throws IOException {
        List<Path> files = children(room).toList();
        long lines = 0;
        for (Path file : files) {
            lines += Files.readAllLines(file).size();
        }
        assertThat(files).as("files of %s", room).hasSizeLessThanOrEqualTo(MOST_FILES);
        assertThat(lines).as("lines of %s", room).isLessThanOrEqualTo(MOST_LINES);
    }

    private static List<String> types(Path room) {
        return children(room).map(file -> file.getFileName().toString())
                .filter(name -> name.endsWith(".java") && !name.equals("package-info.java"))
                .map(name -> name.substring(0, name.length() - ".java".length()))
                .toList();
    }

    private static Stream<Path> children(Path folder) {
        try (Stream<Path> all = Files.list(folder)) {
            return all.sorted().toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
