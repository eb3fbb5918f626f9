// SPDX-License-Identifier: MIT
package csdesign.cli;

import static org.assertj.core.api.Assertions.assertThat;

import csdesign.lab.Labs;
import csdesign.range.Option;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// What `csdesign lab` says before it runs one.
@Timeout(30)
class LabCommandTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... arguments) {
        CommandLine command = Main.command(arguments);
        command.setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true));
        return command.execute(arguments);
    }

    @Test
    void shouldListEveryLab() {
        assertThat(run("lab")).isZero();
        for (Labs.Entry entry : Labs.ENTRIES) {
            assertThat(out.toString().lines())
                    .anyMatch(line -> line.startsWith(entry.slug() + " ")
                            && line.endsWith(entry.shows())
                            && line.contains("interactive") == entry.interactive());
        }
    }

    @Test
    void shouldListEveryLabForAProgram() {
        assertThat(run("lab", "--json")).isZero();
        JsonNode labs = JsonMapper.shared().readTree(out.toString());
        assertThat(labs.size()).isEqualTo(Labs.ENTRIES.size());
        for (int i = 0; i < labs.size(); i++) {
            assertThat(labs.get(i).get("slug").asString())
                    .isEqualTo(Labs.ENTRIES.get(i).slug());
        }
        assertThat(out.toString()).contains(Labs.ALIASES.keySet());
    }

    @Test
    void shouldSayWhichLabsThereAreForAWrongName() {
        assertThat(run("lab", "rts")).isEqualTo(2);
        assertThat(err.toString()).contains("rts").contains("csdesign lab --help")
                .doesNotContain("\tat ");
    }

    @Test
    void shouldKnowTheNamesOfTheOriginal() {
        for (String alias : Labs.ALIASES.keySet()) {
            assertThat(run("lab", alias, "--help")).as(alias).isZero();
        }
    }

    @Test
    void shouldNameValueLimitAndRemedyOfEveryOption() {
        for (Labs.Entry entry : Labs.ENTRIES) {
            for (Option option : entry.options()) {
                for (long wrong : List.of(option.least() - 1, option.most() + 1)) {
                    err.getBuffer().setLength(0);
                    assertThat(run("lab", entry.slug(), option.names().getLast() + "=" + wrong))
                            .isEqualTo(2);
                    assertThat(err.toString()).contains(
                            option.range().name() + " is '" + wrong + "': must be "
                                    + option.range().words())
                            .doesNotContain("\tat ");
                }
                out.getBuffer().setLength(0);
                assertThat(run("lab", entry.slug(), "--help")).isZero();
                assertThat(out.toString().replaceAll("\\s+", " ")).contains(option.words());
            }
        }
    }
}
