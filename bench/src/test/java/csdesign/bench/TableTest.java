// SPDX-License-Identifier: MIT
package csdesign.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class TableTest {
    @Test
    void shouldShowMedianAndSpreadAndNoNumberOfWhatFailed() throws IOException {
        try (InputStream expected = Objects
                .requireNonNull(TableTest.class.getResourceAsStream("table.txt"))) {
            assertThat(Table.of(Sample.results()))
                    .isEqualTo(new String(expected.readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    @Test
    void shouldMarkWhatIsNotWhole() {
        Results results = Sample.results();
        String table = Table.of(
                new Results(
                        results.format(),
                        results.date(),
                        results.environment(),
                        results.method(),
                        "by a signal, in connect, round 4 of 40",
                        results.skipped(),
                        results.rows().subList(1, 3),
                        List.of()));
        assertThat(table).startsWith("INTERRUPTED by a signal, in connect, round 4 of 40. ");
        assertThat(table).containsPattern("(?m)^connect: .*, interrupted after 3 of 3 rounds$");
        assertThat(Csv.of(results)).contains(",whole,").doesNotContain(",interrupted,");
    }

    @Test
    void shouldGiveAsManyDigitsAsAReaderCanUse() {
        assertThat(Table.number(0)).isEqualTo("0");
        assertThat(Table.number(0.01234)).isEqualTo("0.0123");
        assertThat(Table.number(0.1234)).isEqualTo("0.12");
        assertThat(Table.number(9.994)).isEqualTo("9.99");
        assertThat(Table.number(9.996)).isEqualTo("10.0");
        assertThat(Table.number(99.96)).isEqualTo("100");
        assertThat(Table.number(28_412.4)).isEqualTo("28,412");
    }
}
