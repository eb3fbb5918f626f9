// SPDX-License-Identifier: MIT
package csdesign.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import csdesign.bench.Metric;
import csdesign.bench.Programs;
import csdesign.bench.Results.Row;
import csdesign.bench.Results;
import csdesign.design.Catalog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// `csdesign bench` as a user runs it: from the jar. How fast anything is, no test can ask.
@Timeout(120)
@Tag("alone") // it measures
class BenchIT {
    @TempDir
    private Path folder;

    @Test
    void shouldMeasureDesignsAndWriteAllThatBelongsToAResult() throws Exception {
        List<String> designs = Stream.of("iterative", "epoll")
                .filter(slug -> Catalog.find(slug).orElseThrow().needs().areMetHere())
                .toList();
        Path out = folder.resolve("deep/out");
        Process bench = bench(
                "--quick",
                "--designs",
                String.join(",", designs.reversed()),
                "--rounds",
                "2",
                "--warmup",
                "0.2",
                "--duration",
                "0.2",
                "--out",
                out.toString());
        assertThat(bench.waitFor(100, TimeUnit.SECONDS)).isTrue();
        String table = Files.readString(stdout());
        assertThat(bench.exitValue()).describedAs("%s%n%s", table, stderr()).isZero();
        assertThat(table)
                .contains("connect: 3,000 bytes", "keep-alive: 64 bytes", "served 1 of 64")
                .contains("iterative  ", "epoll  ");
        assertThat(table.lines()).allSatisfy(line -> assertThat(line).hasSizeLessThan(160));
        assertThat(stderr()).contains("keep-alive: round 2 of 2; 0 s left").doesNotContain("\r");

        Results results = Results.parse(Files.readString(out.resolve("results.json")));
        assertThat(results).hasNoNullFieldsOrPropertiesExcept("interrupted");
        assertThat(results.interrupted()).isNull();
        assertThat(results.environment().kernel()).isNotBlank();
        assertThat(results.environment().jdk()).contains(System.getProperty("java.vm.version"));
        assertThat(results.method().command()).startsWith("bench", "--quick");
        assertThat(results.method().jvmFlags()).isEqualTo(Programs.FLAGS);
        assertThat(results.method().pinning().words()).isNotBlank();
        assertThat(results.rows()).hasSize(2 * designs.size());
        assertThat(results.rows()).extracting(Row::target)
                .startsWith(designs.toArray(String[]::new));
        for (Row row : results.rows()) {
            assertThat(row.failure()).isNull();
            assertThat(row.windows()).hasSize(2);
            for (Metric metric : Metric.values()) {
                assertThat(row.figures()).containsKey(metric.key());
                assertThat(row.windows())
                        .allSatisfy(
                                window -> assertThat(window.figures()).containsKey(metric.key()));
            }
            assertThat(Objects.requireNonNull(row.figures().get("requestsPerSecond")).least())
                    .isPositive();
        }
        assertThat(Files.readAllLines(out.resolve("results.csv")))
                .hasSize(1 + 2 * 2 * designs.size());
    }

    @Test
    void shouldLeaveNoProcessBehindWhenItIsKilled() throws Exception {
        Process bench = bench("--designs", "iterative", "--out", folder.toString());
        // The client and one server.
        await().atMost(Duration.ofSeconds(30)).until(() -> bench.children().count() >= 2);
        List<ProcessHandle> children = bench.children().toList();
        bench.destroyForcibly();
        await().atMost(Duration.ofSeconds(30))
                .until(() -> children.stream().noneMatch(ProcessHandle::isAlive));
    }

    @Test
    void shouldPrintAndKeepTheWholeRoundsWhenItIsInterrupted() throws Exception {
        Path out = folder.resolve("out");
        Process bench = bench(
                "--quick",
                "--designs",
                "iterative",
                "--rounds",
                "1000",
                "--warmup",
                "0",
                "--duration",
                "0.05",
                "--out",
                out.toString());
        await().atMost(Duration.ofSeconds(60)).until(() -> stderr().contains("round 2 of 1000"));
        List<ProcessHandle> children = bench.descendants().toList();
        bench.destroy(); // SIGTERM
        assertThat(bench.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(bench.exitValue()).isEqualTo(128 + 15);
        assertThat(children).isNotEmpty().noneMatch(ProcessHandle::isAlive);
        assertThat(stderr()).contains("interrupted by a signal", "the whole rounds are kept");
        assertThat(Files.readString(stdout()))
                .startsWith("INTERRUPTED by a signal, in connect, round ")
                .contains("of 1000 rounds", "keep-alive: 64 bytes", "all rounds: ");
        Results results = Results.parse(Files.readString(out.resolve("results.json")));
        assertThat(results.interrupted()).startsWith("by a signal, in connect");
        assertThat(results.rows()).singleElement()
                .satisfies(row -> assertThat(row.windows()).hasSizeGreaterThanOrEqualTo(2));
        assertThat(Files.readAllLines(out.resolve("results.csv")))
                .hasSize(1 + results.rows().getFirst().windows().size())
                .allSatisfy(line -> assertThat(line).containsAnyOf(",run,", ",interrupted,"));
        try (Stream<Path> files = Files.list(out)) {
            assertThat(files).hasSize(3);
        }
    }

    @Test
    void shouldPrintFirstAndLeaveNothingHalfMadeWhenTheResultsCannotBeWritten() throws Exception {
        Path out = folder.resolve("out");
        // Stands for a disk that fills up meanwhile, where no test may fill one: a file of this
        // name cannot be made, which is only noticed when all is measured.
        Files.createDirectories(out.resolve("results.csv.part"));
        Process bench = bench(
                "--quick",
                "--designs",
                "iterative",
                "--workloads",
                "connect",
                "--rounds",
                "1",
                "--warmup",
                "0",
                "--duration",
                "0.05",
                "--out",
                out.toString());
        assertThat(bench.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(bench.exitValue()).isEqualTo(1);
        assertThat(Files.readString(stdout())).contains("iterative  ").doesNotContain("all rounds");
        assertThat(stderr()).contains(
                "results.json could not be written: Is a directory",
                "All that was measured is what was printed");
        assertThat(out).isEmptyDirectory();
    }

    @Test
    void shouldSayBeforeItMeasuresThatItCannotWrite() throws Exception {
        Path file = Files.createFile(folder.resolve("file"));
        Process bench = bench("--out", file.resolve("below").toString());
        assertThat(bench.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(bench.exitValue()).isEqualTo(2);
        assertThat(stderr()).contains("--out is '", "cannot be written").doesNotContain("round");
    }

    private Process bench(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-jar",
                        System.getProperty("csdesign.jar"),
                        "bench"));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command)
                .redirectOutput(stdout().toFile())
                .redirectError(folder.resolve("stderr").toFile())
                .start();
    }

    private Path stdout() {
        return folder.resolve("stdout");
    }

    private String stderr() throws IOException {
        return Files.readString(folder.resolve("stderr"));
    }
}
