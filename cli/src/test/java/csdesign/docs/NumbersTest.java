// SPDX-License-Identifier: MIT
package csdesign.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import csdesign.bench.Results;
import csdesign.bench.Results.Row;
import csdesign.bench.Spread;
import java.io.IOException;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/// With the committed measurement, and parts of it.
class NumbersTest {
    private static Measured whole() throws IOException {
        return Measured.of(Pages.latest());
    }

    private static Measured only(Predicate<Row> rows) throws IOException {
        Results all = whole().results();
        return new Measured(
                new Results(all.format(), all.date(), all.environment(), all.method(),
                        all.interrupted(), all.skipped(),
                        all.rows().stream().filter(rows).toList(), all.comparisons()));
    }

    @Test
    void shouldLeaveOutADesignThatIsNotMeasuredYet() throws IOException {
        Measured measured = only(row -> !row.target().equals("poll"));
        Numbers numbers = new Numbers(measured);
        assertThat(numbers.all()).anyMatch(line -> line.contains("`epoll`"))
                .noneMatch(line -> line.contains("`poll`"));
        assertThat(numbers.plot()).anyMatch(line -> line.startsWith("  epoll "))
                .noneMatch(line -> line.strip().startsWith("poll"));
        assertThat(numbers.beside("epoll", "poll"))
                .contains(
                        "`poll` was not measured there yet: `./csdesign bench --designs epoll,poll`"
                                + " does.")
                .anyMatch(line -> line.startsWith("| `connect` | **`epoll`** |"))
                .noneMatch(line -> line.startsWith("Beside"));
        assertThat(numbers.beside("poll", "epoll"))
                .anyMatch(line -> line.startsWith("| `connect` | `epoll` |"));
        assertThat(new Summary(measured).sentences()).isNotEmpty()
                .noneMatch(line -> line.contains("`poll`"));
    }

    @Test
    void shouldHaveATableOfNothing() throws IOException {
        Measured measured = only(_ -> false);
        assertThat(new Numbers(measured).beside("epoll", "poll"))
                .noneMatch(line -> line.startsWith("|"));
        assertThat(new Summary(measured).sentences()).isEmpty();
    }

    @Test
    void shouldRefuseANeighbourThatIsNoDesign() throws IOException {
        Numbers numbers = new Numbers(whole());
        assertThatIllegalArgumentException().isThrownBy(() -> numbers.beside("epoll", "pol"))
                .withMessageContaining("'pol'");
    }

    @Test
    void shouldSumUpInTenSentencesAtMostAndNameTheRowsOfEach() throws IOException {
        assertThat(new Summary(whole()).sentences()).hasSizeBetween(5, 10)
                .allSatisfy(line -> assertThat(line).containsPattern("\\(Rests on .*`.*`.*\\)$"));
    }

    @Test
    void shouldCallNoDifferenceWhatOverlaps() {
        Spread own = new Spread(40, 38, 44, 3);
        assertThat(ReadAloud.verdict(own, new Spread(45, 43, 46, 3)))
                .isEqualTo("no difference is shown: the rounds overlap");
        assertThat(ReadAloud.verdict(own, new Spread(50, 45, 52, 3))).isEqualTo("20 % less");
        assertThat(ReadAloud.verdict(own, new Spread(30, 29, 31, 3))).isEqualTo("33 % more");
        assertThat(ReadAloud.verdict(own, new Spread(16, 15, 17, 3)))
                .isEqualTo("2.50 times as much");
    }

    @Test
    void shouldGiveThreeDigits() {
        assertThat(
                List.of(119_978.3, 1_087.03, 999.6, 99.97, 38.31, 9.999, 5.723, 0.229, 0.0077, 0.0)
                        .stream().map(Measured::digits))
                .containsExactly("120,000", "1,090", "1,000", "100", "38.3", "10.0", "5.72",
                        "0.229",
                        "0.0077", "0");
    }
}
