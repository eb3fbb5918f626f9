// SPDX-License-Identifier: MIT
package csdesign.docs;

import static csdesign.docs.Commands.JAVA;
import static csdesign.docs.Commands.assertEndsWith;
import static csdesign.docs.Commands.firstLine;
import static csdesign.docs.Commands.freePort;
import static csdesign.docs.Commands.start;
import static org.assertj.core.api.Assertions.assertThat;

import csdesign.design.Catalog;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every design file runs by itself, by the command that stands in it and on its page, with a free port in place of 2000.
class ByItselfIT {
    private static final Pattern FILE_COMMAND = Pattern
            .compile("java (--enable-native-access=ALL-UNNAMED )?(core/\\S+\\.java) 2000");

    @ParameterizedTest
    @MethodSource("csdesign.docs.Commands#designs")
    void shouldServeFromTheFileByItself(Catalog.Entry entry) throws Exception {
        Path source = Pages.home().resolve("core/src/main/java/csdesign/design/" + entry.file());
        String doc = Files.readString(source).replace("\\\n/// ", "");
        Matcher inFile = FILE_COMMAND.matcher(doc);
        Matcher onPage = FILE_COMMAND.matcher(Files.readString(Pages.of(entry)));
        assertThat(inFile.find() && onPage.find()).as("%s tells how", entry.slug()).isTrue();
        assertThat(onPage.group()).isEqualTo(inFile.group());
        int port = freePort();
        Process server = start(
                "exec " + inFile.group().replaceFirst("^java", JAVA).replace(" 2000", " " + port));
        try {
            assertThat(firstLine(server)).startsWith("listening on 127.0.0.1:" + port);
            try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port)) {
                client.getOutputStream().write("3000".getBytes(StandardCharsets.US_ASCII));
                assertThat(client.getInputStream().readNBytes(3000)).hasSize(3000);
            }
            server.toHandle().destroy();
            assertEndsWith(0, server, inFile.group());
        } finally {
            server.destroyForcibly();
        }
    }
}
