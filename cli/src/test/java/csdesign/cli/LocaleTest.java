// SPDX-License-Identifier: MIT
package csdesign.cli;

import static org.assertj.core.api.Assertions.assertThat;

import csdesign.lab.Labs;
import csdesign.range.Option;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/// What is printed is the same for every user, and what a program reads can be read.
class LocaleTest {
    private Locale before;

    @BeforeEach
    void remember() {
        before = Locale.getDefault();
    }

    @AfterEach
    void restore() {
        Locale.setDefault(before);
    }

    @ParameterizedTest
    @ValueSource(strings = {"ar-EG", "fa", "tr", "de", "hi-IN-u-nu-deva", "fr-CH"})
    void shouldPrintTheSameInEveryLocale(String tag) {
        Locale.setDefault(Locale.ROOT);
        List<String> expected = everything(Locale.ROOT);
        assertThat(everything(Locale.forLanguageTag(tag))).isEqualTo(expected);
        assertThat(String.join("", expected)).as("the digits of ASCII")
                .containsPattern("[0-9],[0-9]{3}")
                .doesNotContainPattern("[\\p{Nd}&&[^0-9]]");
    }

    private static List<String> everything(Locale locale) {
        List<String> all = new ArrayList<>();
        List<List<String>> commands = new ArrayList<>(
                List.of(
                        List.of("--help"), List.of("designs"), List.of("designs", "--json"),
                        List.of("lab"), List.of("lab", "--json"), List.of("bench", "--help"),
                        List.of("serve", "--help"), List.of("client", "--help"),
                        List.of("serve", "epoll", "--workers", "1000"),
                        List.of("client", "--timeout", "1234567.5")));
        for (Labs.Entry lab : Labs.ENTRIES) {
            commands.add(List.of("lab", lab.slug(), "--help"));
            for (Option option : lab.options()) {
                commands.add(List.of("lab", lab.slug(), option.names().getLast() + "=x"));
            }
        }
        for (List<String> words : commands) {
            Locale.setDefault(locale);
            StringWriter out = new StringWriter();
            String[] arguments = words.toArray(String[]::new);
            CommandLine command = Main.command(arguments);
            command.setOut(new PrintWriter(out, true)).setErr(new PrintWriter(out, true));
            all.add(words + " " + command.execute(arguments) + " " + out);
        }
        assertThat(all).hasSizeGreaterThan(Labs.ENTRIES.size());
        return all;
    }
}
