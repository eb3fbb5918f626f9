// SPDX-License-Identifier: MIT
package csdesign.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import csdesign.design.Catalog;
import csdesign.design.Design;
import csdesign.range.Option;
import csdesign.range.Settings;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The options that only some designs have: `csdesign serve` takes them for these, shows them in its help, and refuses
/// them for all others; `csdesign designs --json` lists them.
@Timeout(30)
class OwnOptionsTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... arguments) {
        CommandLine command = Main.command(arguments);
        command.setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true));
        return command.execute(arguments);
    }

    static Stream<Arguments> options() {
        return Catalog.ENTRIES.stream()
                .flatMap(design -> design.options().stream()
                        .map(option -> Arguments.of(design.slug(), option.name())));
    }

    private static Settings settings(String... arguments) {
        CommandLine command = Main.command(arguments);
        command.parseArgs(arguments);
        CommandLine serve = Objects.requireNonNull(command.getSubcommands().get("serve"));
        String slug = serve.getCommandSpec().positionalParameters().getFirst().getValue();
        return OwnOptions.of(serve.getCommandSpec(), Catalog.find(slug).orElseThrow());
    }

    @ParameterizedTest
    @MethodSource("options")
    void shouldReachItsDesignWhereverItStands(String slug, String name) {
        Option option = Catalog.find(slug).orElseThrow().option(name).orElseThrow();
        for (String other : option.names()) {
            List<String> given = option.isFlag()
                    ? List.of(other)
                    : List.of(other, option.range().text(option.most()));
            for (boolean before : new boolean[] {true, false}) {
                List<String> all = new ArrayList<>(List.of("serve", "-p", "0"));
                all.addAll(before ? given : List.of(slug));
                all.addAll(before ? List.of(slug) : given);
                assertThat(settings(all.toArray(String[]::new)).value(option))
                        .isEqualTo(option.most());
            }
        }
        assertThat(settings("serve", slug).value(option)).isEqualTo(option.byDefault());
        assertThat(settings("serve", slug)).isEqualTo(Settings.DEFAULT);
    }

    @ParameterizedTest
    @MethodSource("options")
    void shouldBeRefusedByEveryOtherDesign(String slug, String name) {
        Option option = Catalog.find(slug).orElseThrow().option(name).orElseThrow();
        String word = option.isFlag() ? name : name + "=" + option.range().text(option.least());
        for (Design other : Catalog.ENTRIES) {
            if (other.option(name).isEmpty()) {
                assertThatThrownBy(() -> settings("serve", other.slug(), word))
                        .isInstanceOf(ParameterException.class)
                        .hasMessageStartingWith(
                                name + " with " + other.slug() + ": it is an option of ")
                        .hasMessageContainingAll(slug, "Leave it out, or serve with ");
            }
        }
    }

    @Test
    void shouldEndWithTheCodeOfWrongUsage() {
        assertThat(run("serve", "epoll", "--exclusive")).isEqualTo(2);
        assertThat(err.toString()).contains("--exclusive with epoll").contains("prefork-epoll")
                .contains("try: csdesign serve --help").doesNotContain("\tat ");
    }

    @ParameterizedTest
    @MethodSource("options")
    void shouldStandInTheHelpOfItsDesignAndOfNoOther(String slug, String name) {
        Option option = Catalog.find(slug).orElseThrow().option(name).orElseThrow();
        assertThat(help("serve", slug, "--help")).contains("Options of " + slug + ":", name,
                option.words());
        assertThat(help("serve", "--help")).contains("Options of one design:", name,
                slug + ": " + option.words());
        assertThat(help("serve", "iterative", "--help")).doesNotContain(name)
                .doesNotContain("Options of");
        if (!option.isFlag()) {
            assertThat(help("serve", slug, "--help")).contains(
                    option.range().words() + " (default: " + option.byDefault() + ")");
        }
    }

    private String help(String... arguments) {
        out.getBuffer().setLength(0);
        assertThat(run(arguments)).isZero();
        return out.toString().replaceAll("\\s+", " ");
    }

    @Test
    void shouldBeListedForAProgram() {
        assertThat(run("designs", "--json")).isZero();
        JsonNode designs = JsonMapper.shared().readTree(out.toString());
        assertThat(designs.size()).isEqualTo(Catalog.ENTRIES.size());
        for (int i = 0; i < designs.size(); i++) {
            Design design = Catalog.ENTRIES.get(i);
            JsonNode line = designs.get(i);
            assertThat(line.get("slug").asString()).isEqualTo(design.slug());
            assertThat(line.get("servedBy").asString())
                    .isEqualToIgnoringCase(design.servedBy().name().replace('_', '-'));
            assertThat(line.get("options").size()).isEqualTo(design.options().size());
            for (int k = 0; k < design.options().size(); k++) {
                Option option = design.options().get(k);
                JsonNode told = line.get("options").get(k);
                assertThat(told.get("name").asString()).isEqualTo(option.name());
                assertThat(told.get("isSwitch").asBoolean()).isEqualTo(option.isFlag());
                assertThat(Arrays.asList(
                        told.get("byDefault").asLong(), told.get("least").asLong(),
                        told.get("most").asLong()))
                        .containsExactly(option.byDefault(), option.least(), option.most());
            }
        }
    }
}
