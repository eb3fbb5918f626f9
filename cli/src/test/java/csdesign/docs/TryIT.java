// SPDX-License-Identifier: MIT
package csdesign.docs;

import static csdesign.docs.Commands.assertEndsWith;
import static csdesign.docs.Commands.firstLine;
import static csdesign.docs.Commands.freePort;
import static csdesign.docs.Commands.start;
import static org.assertj.core.api.Assertions.assertThat;

import csdesign.design.Design;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every command that the pages tell the reader to try is tried, with a free port in place of 2000.
@Tag("alone") // the launcher may build what the contracts run
class TryIT {
    @ParameterizedTest
    @MethodSource("csdesign.docs.Commands#designs")
    void shouldRunTheTranscriptOfThePage(Design entry) throws Exception {
        List<String> commands = new ArrayList<>();
        boolean inside = false;
        for (String line : Files.readAllLines(Pages.of(entry))) {
            inside = line.startsWith("```") ? line.equals("```console") : inside;
            if (inside && line.startsWith("$ ")) {
                commands.add(line.substring(2));
            }
        }
        assertThat(commands).as("commands of %s", entry.slug()).hasSizeGreaterThan(2);
        int port = freePort();
        Process background = null;
        try {
            for (String command : commands) {
                String line = command.replaceFirst("(serve \\S+|csdesign client)", "$1 -p " + port);
                if (line.endsWith(" &")) {
                    background = start("exec " + line.substring(0, line.length() - 2));
                    assertThat(firstLine(background)).startsWith("listening on 127.0.0.1:" + port);
                } else if (line.equals("kill %1")) {
                    Objects.requireNonNull(background,
                            "kill before assertThat(background).isNotNull();");
                    background.toHandle().destroy(); // Process.destroy would close its output
                    assertEndsWith(0, background, line);
                } else {
                    assertEndsWith(0, start("exec " + line), line);
                }
            }
        } finally {
            if (background != null) {
                background.destroyForcibly();
            }
        }
    }
}
