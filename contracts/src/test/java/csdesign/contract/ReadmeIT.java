// SPDX-License-Identifier: MIT
package csdesign.contract;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// The list of the contracts names all of them.
class ReadmeIT {
    private static final Path MODULE = Path.of(System.getProperty("csdesign.home"), "contracts");
    private static final Path SOURCES = MODULE.resolve("src/test/java/csdesign/contract");
    private static final Pattern ROW = Pattern.compile("(?m)^\\| \\[`(\\w+)`]\\(");

    @Test
    void shouldListEveryContract() throws Exception {
        String readme = Files.readString(MODULE.resolve("README.md"));
        List<String> listed = ROW.matcher(readme).results().map(row -> row.group(1)).toList();
        try (Stream<Path> sources = Files.list(SOURCES)) {
            assertThat(listed).isSorted().containsExactlyInAnyOrderElementsOf(
                    sources.map(file -> file.getFileName().toString().replace(".java", ""))
                            .filter(name -> !name.equals("ReadmeIT"))
                            .toList());
        }
    }
}
