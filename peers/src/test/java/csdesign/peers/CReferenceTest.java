// SPDX-License-Identifier: MIT
package csdesign.peers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class CReferenceTest {
    private static final Pattern LISTENING = Pattern
            .compile("listening on 127\\.0\\.0\\.1:(\\d+) \\(c-epoll, pid \\d+\\)");

    @BeforeEach
    void needsLinuxAndCompiler() throws InterruptedException {
        assumeTrue(System.getProperty("os.name").equals("Linux"), "epoll is Linux's");
        assumeTrue(CReference.compiler().isPresent(), "there is no C compiler here");
    }

    @Test
    void shouldServeBytesAndTellItsCosts() throws IOException, InterruptedException {
        Process process;
        Path folder;
        try (CReference.Program program = CReference.compile()) {
            folder = Objects.requireNonNull(program.file().getParent());
            process = new ProcessBuilder(program.file().toString(), "0").start();
        }
        try {
            askAndEnd(process, folder);
            assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isZero();
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void shouldLeaveNoFolderBehind() throws IOException, InterruptedException {
        CReference.Program program = CReference.compile();
        Path folder = Objects.requireNonNull(program.file().getParent());
        assertThat(program.file()).isExecutable();
        program.close();
        assertThat(Files.exists(folder)).isFalse();
    }

    private static void askAndEnd(Process process, Path folder) throws IOException {
        try (BufferedReader lines = process.inputReader();
                OutputStream control = process.getOutputStream()) {
            Matcher said = LISTENING.matcher(lines.readLine());
            assertThat(said.matches()).isTrue();
            assertThat(folder).doesNotExist(); // a running program needs no file
            assertThat(ask(Integer.parseInt(said.group(1)), "100000"))
                    .hasSize(100_000)
                    .startsWith(
                            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+\nA");
            control.write("cost\n".getBytes(StandardCharsets.US_ASCII));
            control.flush();
            assertThat(lines.readLine())
                    .startsWith(
                            "{\"connections\":1,\"requests\":1,\"bytes\":100000,\"userMicros\":");
        }
    }

    private static String ask(int port, String request) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            socket.shutdownOutput();
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        }
    }
}
