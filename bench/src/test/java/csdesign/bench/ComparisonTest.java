// SPDX-License-Identifier: MIT
package csdesign.bench;

import static csdesign.bench.Sample.window;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import csdesign.bench.Results.Row;
import java.util.List;
import org.junit.jupiter.api.Test;

class ComparisonTest {
    @Test
    void shouldDivideFiguresOfTheSameRound() {
        // The machine grows three times slower, and both with it.
        Row design = Row.measured(
                Sample.CONNECT,
                Sample.EPOLL,
                List.of(window(1, 1_000, 11), window(2, 1_000, 20), window(3, 1_000, 33)));
        Row peer = Row.measured(
                Sample.CONNECT,
                Sample.C,
                List.of(window(3, 1_000, 30), window(2, 1_000, 20), window(1, 1_000, 10)));
        List<Comparison> all = Comparison.of(List.of(design, peer));
        assertThat(all).singleElement().satisfies(comparison -> {
            assertThat(comparison.target()).isEqualTo("epoll");
            assertThat(comparison.peer()).isEqualTo("c-epoll");
            assertThat(comparison.ratio().median()).isCloseTo(1.1, within(1e-9));
            assertThat(comparison.ratio().least()).isCloseTo(1.0, within(1e-9));
            assertThat(comparison.ratio().most()).isCloseTo(1.1, within(1e-9));
            assertThat(comparison.ratio().count()).isEqualTo(3);
        });
    }

    @Test
    void shouldCompareOnlyUnderTheSameWorkloadAndWhatWasMeasured() {
        Row design = Row.measured(Sample.CONNECT, Sample.EPOLL, List.of(window(1, 1_000, 11)));
        Row elsewhere = Row.measured(Sample.KEEP_ALIVE, Sample.C, List.of(window(1, 1_000, 10)));
        Row failed = Row.failed(Sample.CONNECT, Sample.C, "wrong");
        assertThat(Comparison.of(List.of(design, elsewhere, failed))).isEmpty();
    }
}
