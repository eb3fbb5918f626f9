// SPDX-License-Identifier: MIT
package csdesign.range;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What the `main` of a design or a lab file is given, and what it tells the processes that it starts.
class SettingsTest {
    private static final Option PORT = new Option(
            List.of("-p", "--port"), "PORT", 2_000, 0, 65_535, "the port");
    private static final Option AUTO = Option.flag("--auto", "play all parts");
    private static final List<Option> OPTIONS = List.of(AUTO, PORT);

    private static Settings parse(String... arguments) {
        return Settings.parse(OPTIONS, Arrays.asList(arguments));
    }

    @Test
    void shouldLeaveEverythingAsItIsByDefault() {
        assertThat(parse()).isEqualTo(Settings.DEFAULT);
        assertThat(parse().isOn(AUTO)).isFalse();
        assertThat(parse().number(PORT)).isEqualTo(2_000);
    }

    @Test
    void shouldTakeTheSwitchAndTheValues() {
        Settings settings = parse("--auto", "-p", "0");
        assertThat(settings.isOn(AUTO)).isTrue();
        assertThat(settings.value(PORT)).isZero();
        assertThat(parse("--port", "65535").number(PORT)).isEqualTo(65_535);
        assertThat(parse("--port=65535").number(PORT)).isEqualTo(65_535);
    }

    @ParameterizedTest
    @ValueSource(strings = {"65536", "-1", "+5", "x", "", " 5", "٣", "99999999999999999999"})
    void shouldNameValueLimitAndRemedy(String value) {
        for (String[] given : new String[][] {{"-p", value}, {"--port=" + value}}) {
            assertThatIllegalArgumentException().isThrownBy(() -> parse(given))
                    .withMessageStartingWith("--port is '" + value + "': must be 0 to 65535");
        }
    }

    @Test
    void shouldSayWhatItDoesNotKnowOrMisses() {
        assertThatIllegalArgumentException().isThrownBy(() -> parse("--prot", "1"))
                .withMessage("there is no --prot; there is --auto, --port");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Settings.parse(List.of(), List.of("--prot")))
                .withMessage("there is no --prot");
        assertThatIllegalArgumentException().isThrownBy(() -> parse("--port"))
                .withMessage("--port wants a value: PORT");
        assertThatIllegalArgumentException().isThrownBy(() -> parse("--auto=no"))
                .withMessage("--auto takes no value: leave out '=no'");
        assertThatIllegalArgumentException().isThrownBy(() -> parse("-p", "1", "--port", "2"))
                .withMessage("--port is given twice: give it once");
    }

    @Test
    void shouldTellAnotherProcessTheSame() {
        for (Settings settings : List.of(Settings.DEFAULT, parse("--auto"), parse("-p", "0"),
                parse("--auto", "-p", "65535"), Settings.DEFAULT.with(AUTO, 0))) {
            Settings told = Settings.parse(OPTIONS, settings.encode());
            assertThat(told.isOn(AUTO)).isEqualTo(settings.isOn(AUTO));
            assertThat(told.value(PORT)).isEqualTo(settings.value(PORT));
        }
        assertThat(parse("--auto", "-p", "7").encode())
                .containsExactlyInAnyOrder("--auto", "--port=7");
    }

    @Test
    void shouldKeepNoValueThatItsOptionRefuses() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Settings.DEFAULT.with(PORT, 65_536))
                .withMessage("--port is 65536: must be 0 to 65535");
    }
}
