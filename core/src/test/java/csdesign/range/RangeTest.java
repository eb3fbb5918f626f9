// SPDX-License-Identifier: MIT
package csdesign.range;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What is a number, and what only looks like one.
class RangeTest {
    private static final Range PORT = Range.of("--port", 0, 65_535);
    private static final Range TIMEOUT = Range.seconds("--timeout", 1, Range.DAY_MILLIS);

    @ParameterizedTest
    @CsvSource({"0, 0", "65535, 65535", "007, 7", "0000000000000000000000000000001, 1"})
    void shouldReadDigits(String written, long value) {
        assertThat(PORT.parse(written)).isEqualTo(value);
    }

    @ParameterizedTest
    @CsvSource({
            "0.001, 1", "1, 1000", "0.1, 100", "0.3, 300", "1.005, 1005", ".5, 500",
            "86400, 86400000",
            "86400.000, 86400000", "0.1000000000000000000000000, 100", "4.35, 4350", "1.001, 1001"})
    void shouldReadDurationsExactly(String written, long millis) {
        assertThat(TIMEOUT.parse(written)).isEqualTo(millis);
    }

    /// Most of these are numbers for `Integer.parseInt` or `Double.parseDouble`.
    @ParameterizedTest
    @ValueSource(strings = {
            "", " ", " 5", "5 ", "\t5", "5\n", "+5", "-1", "-0", "--5", "NaN", "Infinity",
            "-Infinity", "inf",
            "1e3", "1E3", "1e16", "0x10", "0x1p3", "1d", "1f", "1L", "5s", "1_000", "1,000",
            "1'000",
            "٣", "５", "۵", "५", "5٣", "²", "½", "Ⅷ", "five", "5.", ".", "1.2.3", "1,5", "-",
            "\u00005"})
    void shouldRefuseWhatIsNoNumber(String written) {
        assertThatThrownBy(() -> PORT.parse(written))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("--port is '")
                .hasMessageEndingWith("': must be 0 to 65535, in the digits 0 to 9");
        assertThatThrownBy(() -> TIMEOUT.parse(written))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("--timeout is '")
                .hasMessageContaining("': must be 0.001 to 86400 seconds, in the digits 0 to 9");
    }

    @ParameterizedTest
    @ValueSource(strings = {
            "65536", "99999", "4294967296", "2147483648", "9223372036854775808",
            "18446744073709551616", "18446744073709551617", "99999999999999999999999999999999"})
    void shouldRefuseWhatIsTooLarge(String written) {
        assertThatThrownBy(() -> PORT.parse(written))
                .hasMessage("--port is '" + written + "': must be 0 to 65535");
    }

    @ParameterizedTest
    @ValueSource(strings = {
            "0", "0.0", "0.000", "86400.001", "86401", "9000000000000000", "10000000000000000",
            "9223372036854775.808", "18446744073709551.617", "18446744073709551617", "0.0001"})
    void shouldRefuseDurationsOutOfTheRange(String written) {
        assertThatThrownBy(() -> TIMEOUT.parse(written))
                .hasMessage("--timeout is '" + written + "': must be 0.001 to 86400 seconds");
    }

    @ParameterizedTest
    @ValueSource(strings = {"0.0015", "1.0001", "0.99999", "86399.9999999999"})
    void shouldNotRoundWhatIsFinerThanAMillisecond(String written) {
        assertThatThrownBy(() -> TIMEOUT.parse(written))
                .hasMessage("--timeout is '" + written
                        + "': must be 0.001 to 86400 seconds, in steps of 0.001");
    }

    @Test
    void shouldTakeEachLimitAndNothingBeyondIt() {
        Range most = Range.of("--bytes", 3, 1L << 59);
        for (long value : new long[] {most.least(), most.most()}) {
            assertThat(most.parse(most.text(value))).isEqualTo(value);
            most.check(value);
        }
        for (long value : new long[] {most.least() - 1, most.most() + 1, -1, Long.MAX_VALUE}) {
            assertThatThrownBy(() -> most.parse(most.text(value)))
                    .hasMessageContaining("must be 3 to 576460752303423488");
            assertThatThrownBy(() -> most.check(value))
                    .hasMessage("--bytes is " + value + ": must be 3 to 576460752303423488");
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "1, 0.001", "10, 0.01", "500, 0.5", "1000, 1", "86400000, 86400",
            "-7, -0.007"})
    void shouldWriteDurationsAsTheyAreRead(long millis, String text) {
        assertThat(TIMEOUT.text(millis)).isEqualTo(text);
        if (millis > 0) {
            assertThat(TIMEOUT.parse(text)).isEqualTo(millis);
        } else {
            assertThatThrownBy(() -> TIMEOUT.check(millis))
                    .hasMessage("--timeout is " + text + ": must be 0.001 to 86400 seconds");
        }
    }

    @Test
    void shouldQuoteAWrongValueOnOneLine() {
        assertThatThrownBy(() -> PORT.parse("5\n6\u001b[31m")).hasMessageContaining("'5?6?[31m'");
        assertThatThrownBy(() -> PORT.parse("x".repeat(10_000)))
                .hasMessageContaining("'" + "x".repeat(40) + "...'");
    }

    @Test
    void shouldSayWhatIsCounted() {
        assertThat(Range.of("--wait", "milliseconds", 0, 9).words())
                .isEqualTo("0 to 9 milliseconds");
        assertThat(TIMEOUT.words()).isEqualTo("0.001 to 86400 seconds");
    }

    @Test
    void shouldRefuseARangeThatIsNone() {
        assertThatThrownBy(() -> Range.of("--x", 2, 1)).hasMessage("--x from 2 to 1");
        assertThatThrownBy(() -> Range.of("--x", -1, 1)).hasMessage("--x from -1 to 1");
        assertThatThrownBy(() -> Range.of("--x", 0, Long.MAX_VALUE)).hasMessageContaining("--x");
    }
}
