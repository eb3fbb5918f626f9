// SPDX-License-Identifier: MIT
package csdesign.cli;

import static org.assertj.core.api.Assertions.assertThat;

import csdesign.docs.Pages;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class PagesCommandTest {
    @TempDir
    private Path folder;

    private final StringWriter said = new StringWriter();

    private int pages(String latest) {
        CommandLine command = Main.command("pages");
        PrintWriter all = new PrintWriter(said);
        return command.setErr(all).setOut(all).execute("pages", "--latest", latest);
    }

    /// The committed measurement would be replaced by one that pages cannot show.
    @Test
    void shouldRefuseResultsThatAreNotWhole() throws IOException {
        String latest = Files.readString(Pages.latest());
        Path interrupted = Files.writeString(
                folder.resolve("interrupted.json"),
                latest.replaceFirst("\"interrupted\" : null", "\"interrupted\" : \"by a signal\""));
        assertThat(pages(interrupted.toString())).isEqualTo(2);
        assertThat(said.toString()).contains("--latest is ", "it was interrupted");

        Path later = Files.writeString(
                folder.resolve("later.json"),
                latest.replaceFirst("\"format\" : 2", "\"format\" : 9"));
        assertThat(pages(later.toString())).isEqualTo(2);
        assertThat(said.toString()).contains("format 9");

        assertThat(pages(folder.resolve("none").toString())).isEqualTo(2);
        assertThat(Files.readString(Pages.latest())).isEqualTo(latest);
    }
}
