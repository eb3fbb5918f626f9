// SPDX-License-Identifier: MIT
package csdesign.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResultsTest {
    @Test
    void shouldReadWhatItWrote() {
        Results results = Sample.results();
        String json = results.json();
        assertThat(json).contains("\"kind\" : \"design\"", "\"failure\" : null");
        assertThat(Results.parse(json)).isEqualTo(results);
    }

    @Test
    void shouldBeRightOnlyWhenNoRowHasFailed() {
        Results results = Sample.results();
        assertThat(results.areRight()).isFalse();
        assertThat(with(results, results.rows().subList(1, 3)).areRight()).isTrue();
        assertThat(with(results, List.of()).areRight()).isFalse();
    }

    @Test
    void shouldWriteALineOfCsvForEachWindowAndEachFailure(@TempDir Path folder)
            throws IOException {
        try (ResultsFolder results = ResultsFolder.named(folder)) {
            results.keep(Sample.results());
        }
        List<String> lines = Files.readAllLines(folder.resolve("results.csv"));
        assertThat(lines).hasSize(1 + 1 + 3 + 3);
        assertThat(lines.getFirst())
                .startsWith("date,workload,target,kind,status,fork,round,place,requestsPerSecond,");
        assertThat(lines.get(1))
                .startsWith("2026-01-02T03:04:05Z,connect,iterative,design,failed,,,,")
                .endsWith(",\"the client counted errors: 3 wrong-byte; at \"\"7\"\"\"");
        assertThat(lines.get(3))
                .startsWith("2026-01-02T03:04:05Z,connect,epoll,design,ok,1,2,1,29000.0,");
        int columns = lines.getFirst().split(",", -1).length;
        assertThat(lines).allSatisfy(
                line -> assertThat(line.split(",", -1)).hasSize(columns));
        assertThat(folder).isDirectoryNotContaining("glob:**.part");
        assertThat(Results.parse(Files.readString(folder.resolve("results.json"))))
                .isEqualTo(Sample.results());
    }

    private static Results with(Results results, List<Results.Row> rows) {
        return new Results(
                results.format(),
                results.date(),
                results.environment(),
                results.method(),
                null,
                results.skipped(),
                rows,
                List.of());
    }
}
