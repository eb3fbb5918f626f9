// SPDX-License-Identifier: MIT
package csdesign.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What a lab file's `main` is given.
class SettingsTest {
    private static final Option PORT = new Option(
            List.of("-p", "--port"), "PORT", 2_000, 0, 65_535, "the port");

    private static Settings parse(String... arguments) {
        return Settings.parse(List.of(PORT), arguments);
    }

    @Test
    void shouldLeaveEverythingAsItIsByDefault() {
        assertThat(parse().auto()).isFalse();
        assertThat(parse().number(PORT)).isEqualTo(2_000);
    }

    @Test
    void shouldTakeTheSwitchAndTheValues() {
        Settings settings = parse("--auto", "-p", "0");
        assertThat(settings.auto()).isTrue();
        assertThat(settings.value(PORT)).isZero();
        assertThat(parse("--port", "65535").number(PORT)).isEqualTo(65_535);
    }

    @ParameterizedTest
    @ValueSource(strings = {"65536", "-1", "+5", "x", "", " 5", "٣", "99999999999999999999"})
    void shouldNameValueLimitAndRemedy(String value) {
        assertThatThrownBy(() -> parse("-p", value))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("--port is '" + value + "': must be 0 to 65535");
    }

    @Test
    void shouldSayWhatItDoesNotKnowOrMisses() {
        assertThatThrownBy(() -> parse("--prot", "1")).hasMessage("there is no --prot");
        assertThatThrownBy(() -> parse("--port")).hasMessage("--port wants a value: PORT");
    }
}
