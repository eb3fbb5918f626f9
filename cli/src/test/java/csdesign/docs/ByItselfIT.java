// SPDX-License-Identifier: MIT
package csdesign.docs;

import static csdesign.docs.Commands.JAVA;
import static csdesign.docs.Commands.assertEndsWith;
import static csdesign.docs.Commands.firstLine;
import static csdesign.docs.Commands.freePort;
import static csdesign.docs.Commands.start;
import static org.assertj.core.api.Assertions.assertThat;

import csdesign.cost.Console;
import csdesign.design.Design;
import csdesign.design.Design.ServedBy;
import csdesign.kit.Server;
import csdesign.range.Option;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every design file runs by itself, by the command that stands in it and on its page, with a free port in place of 2000
/// and all options that the design has. It reports at its end what `csdesign serve` does.
class ByItselfIT {
    private static final Pattern FILE_COMMAND = Pattern
            .compile("java (--enable-native-access=ALL-UNNAMED )?(core/\\S+\\.java) 2000");

    @ParameterizedTest
    @MethodSource("csdesign.docs.Commands#designs")
    void shouldServeFromTheFileByItself(Design entry) throws Exception {
        Path source = Pages.home().resolve("core/src/main/java/csdesign/design/" + entry.file());
        String doc = Files.readString(source).replace("\\\n/// ", "");
        Matcher inFile = FILE_COMMAND.matcher(doc);
        Matcher onPage = FILE_COMMAND.matcher(Files.readString(Pages.of(entry)));
        assertThat(inFile.find() && onPage.find()).as("%s tells how", entry.slug()).isTrue();
        assertThat(onPage.group()).isEqualTo(inFile.group());
        int port = freePort();
        List<String> options = entry.options().stream().map(ByItselfIT::given).toList();
        Process server = start(
                "exec " + inFile.group().replaceFirst("^java", JAVA).replace(" 2000", " " + port)
                        + " " + String.join(" ", options));
        try {
            assertThat(firstLine(server)).startsWith("listening on 127.0.0.1:" + port);
            try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port)) {
                client.getOutputStream().write("3000".getBytes(StandardCharsets.US_ASCII));
                assertThat(client.getInputStream().readNBytes(3000)).hasSize(3000);
                assertThatItsProcessesAreTold(entry, server, options);
            }
            server.toHandle().destroy();
            List<String> report = server.inputReader().lines().toList();
            assertEndsWith(0, server, inFile.group());
            assertThatItReportsAsServeDoes(entry, report);
        } finally {
            server.destroyForcibly();
        }
    }

    private static String given(Option option) {
        return option.isFlag() ? option.name() : option.name() + "=" + option.most();
    }

    /// Those that it has started, or the one that it has become.
    private static void assertThatItsProcessesAreTold(
            Design entry, Process server, List<String> options) throws IOException {
        List<ProcessHandle> processes = entry.servedBy() == ServedBy.FORK_PER_CLIENT
                ? List.of(server.toHandle())
                : server.children().toList();
        assertThat(processes.isEmpty()).isNotEqualTo(entry.servedBy().areProcesses());
        for (ProcessHandle process : processes) {
            String line = Files.readString(Path.of("/proc/" + process.pid() + "/cmdline"));
            assertThat(line.split("\0", -1)).containsAll(options);
        }
    }

    /// A line for each worker, each of which was there; what was counted; what it cost. Before
    /// them a design may have lines of its own.
    private static void assertThatItReportsAsServeDoes(Design entry, List<String> report)
            throws IOException {
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        Console.report(
                Server.local(entry.slug(), 0)
                        .withScoreboard(entry.scoreboard(Server.DEFAULT_WORKERS))
                        .withOut(new PrintStream(said, true, StandardCharsets.UTF_8)));
        List<String> serves = said.toString(StandardCharsets.UTF_8).lines().toList();
        assertThat(report).hasSizeGreaterThanOrEqualTo(serves.size());
        List<String> end = report.subList(report.size() - serves.size(), report.size());
        for (int i = 0; i < serves.size() - 1; i++) {
            assertThat(shape(end.get(i))).isEqualTo(shape(serves.get(i)));
        }
        assertThat(end).as("a worker that never was").noneMatch(line -> line.contains("(pid 0)"));
        assertThat(report.subList(0, report.size() - serves.size())).as("more workers than it has")
                .noneMatch(line -> line.startsWith("worker "));
        assertThat(end.get(serves.size() - 2)).isEqualTo("1 connections, 1 requests, 3,000 bytes");
        assertThat(end.getLast()).startsWith("cost: ");
    }

    private static String shape(String line) {
        return line.replaceAll("[\\d,]*\\d", "N");
    }
}
