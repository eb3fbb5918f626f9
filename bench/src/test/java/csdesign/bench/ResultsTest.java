// SPDX-License-Identifier: MIT
package csdesign.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.HdrHistogram.EncodableHistogram;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramLogReader;
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
            results.keep(Sample.results(), Sample.histograms());
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

    @Test
    void shouldWriteALogOfHistogramsThatOtherToolsRead(@TempDir Path folder) throws IOException {
        try (ResultsFolder results = ResultsFolder.named(folder)) {
            results.keep(Sample.results(), Sample.histograms());
        }
        try (HistogramLogReader log = new HistogramLogReader(
                folder.resolve("histograms.hlog").toFile())) {
            EncodableHistogram first = log.nextIntervalHistogram();
            assertThat(first.getTag()).isEqualTo("connect/epoll/fork-1/round-1");
            assertThat(((Histogram) first).getTotalCount()).isEqualTo(2);
            assertThat(((Histogram) first).getMaxValueAsDouble()).isBetween(5e6, 5.01e6);
            EncodableHistogram second = log.nextIntervalHistogram();
            assertThat(second.getTag()).isEqualTo("connect/epoll/fork-1/round-2");
            assertThat(second.getStartTimeStamp()).isEqualTo(1_500);
            assertThat(second.getEndTimeStamp()).isEqualTo(3_000);
            assertThat(log.hasNext()).isFalse();
        }
        assertThat(Files.readString(folder.resolve("results.json"))).doesNotContain("HIST");
    }

    @Test
    void shouldStandInFewLines() {
        assertThat(Sample.results().json().lines())
                .hasSizeLessThan(180)
                .anyMatch(line -> line.startsWith("        \"cpuMicrosPerRequest\" : { \"median\""))
                .anyMatch(line -> line.matches(" +\\{ \"fork\" : 1, \"round\" : 2, .*}.*"));
    }

    @Test
    void shouldReadTheFormOfBefore() {
        Results results = Sample.results();
        String json = results.json()
                .replace("\"format\" : 2", "\"format\" : 1")
                .replaceFirst("\"workers\" : \\d+,", "")
                .replace("\"systemMicros\" : 250000 }",
                        "\"systemMicros\" : 250000, \"histogram\" : \"HISTF\" }");
        Results read = Results.parse(json);
        assertThat(read.rows().get(1).figures()).isEqualTo(results.rows().get(1).figures());
        assertThat(read.rows().get(1).windows().getFirst().client().histogram())
                .isEqualTo("HISTF");
    }

    @Test
    void shouldSayThatItCannotReadTheFormOfALaterVersion() {
        String json = Sample.results().json().replace("\"format\" : 2", "\"format\" : 3");
        assertThatIllegalArgumentException().isThrownBy(() -> Results.parse(json))
                .withMessageContaining("format 3, and this csdesign reads 1 to 2");
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
