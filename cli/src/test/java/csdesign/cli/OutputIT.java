// SPDX-License-Identifier: MIT
package csdesign.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import csdesign.service.Bytes;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Every kind of program that prints: a command, a design, a lab.
@Timeout(60)
class OutputIT {
    private static final File FULL = new File("/dev/full");
    private static final String LOST = "could not be written: No space left on device";

    @TempDir
    private Path folder;

    @Test
    void shouldFailWhenTheResultOfACommandCannotBeWritten() throws Exception {
        Process command = toFull("csdesign.cli.Main", "designs", "--json");
        assertThat(command.waitFor()).isEqualTo(1);
        assertThat(stderr()).contains(LOST);
    }

    @Test
    void shouldFailWhenTheJournalOfALabCannotBeWritten() throws Exception {
        Process lab = toFull("csdesign.lab.Rst", "--auto");
        assertThat(lab.waitFor()).isEqualTo(1);
        assertThat(stderr()).contains(LOST);
    }

    @Test
    void shouldServeWithoutStandardOutputAndSaySoAtTheEnd() throws Exception {
        int port = freePort();
        Process server = toFull("csdesign.design.ThreadPerClient", "" + port);
        try {
            await().ignoreExceptions().until(() -> bytesFrom(port) == 5);
        } finally {
            server.destroy();
        }
        assertThat(server.waitFor()).isEqualTo(1);
        assertThat(stderr()).contains(LOST);
    }

    @Test
    void shouldEndQuietlyWhenItsReaderHasGone() throws Exception {
        Process command = start(ProcessBuilder.Redirect.PIPE, "csdesign.cli.Main", "designs");
        command.getInputStream().close();
        assertThat(command.waitFor()).isZero();
        assertThat(stderr()).isEmpty();
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static int bytesFrom(int port) throws IOException {
        try (Socket socket = new Socket(InetAddress.ofLiteral("127.0.0.1"), port)) {
            socket.getOutputStream().write("5\n".getBytes(StandardCharsets.US_ASCII));
            byte[] answer = socket.getInputStream().readNBytes(5);
            byte[] expected = new byte[5];
            Bytes.payload().get(expected);
            assertThat(answer).isEqualTo(expected);
            return answer.length;
        }
    }

    private Process toFull(String... mainAndArguments) throws IOException {
        assumeTrue(FULL.exists(), "no device that is always full");
        return start(ProcessBuilder.Redirect.to(FULL), mainAndArguments);
    }

    private Process start(ProcessBuilder.Redirect stdout, String... mainAndArguments)
            throws IOException {
        List<String> command = new ArrayList<>(
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("csdesign.jar")));
        command.addAll(List.of(mainAndArguments));
        return new ProcessBuilder(command)
                .redirectOutput(stdout)
                .redirectError(folder.resolve("stderr").toFile())
                .start();
    }

    private String stderr() throws IOException {
        return Files.readString(folder.resolve("stderr"));
    }
}
