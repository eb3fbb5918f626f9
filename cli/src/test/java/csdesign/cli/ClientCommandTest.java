// SPDX-License-Identifier: MIT
package csdesign.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class ClientCommandTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @ParameterizedTest
    @ValueSource(strings = {"threads", "epoll"})
    void shouldEndWith0WhenAllWasRight(String engine) throws IOException {
        try (ServerSocket server = server("abc")) {
            assertThat(client(server, "-c 2 -t 3 -b 3 --engine " + engine)).isZero();
        }
        assertThat(out.toString())
                .startsWith("6 connections, 6 requests, 18 bytes in ")
                .contains("latency (from connect): p50 ")
                .contains("errors: none");
    }

    @ParameterizedTest
    @ValueSource(strings = {"threads", "epoll"})
    void shouldEndWith1WhenAnswersAreShort(String engine) throws IOException {
        try (ServerSocket server = server("abc")) {
            assertThat(
                    client(
                            server, "--child-num 2 --con-num 3 --bytes 4 --json --engine "
                                    + engine))
                    .isEqualTo(1);
        }
        assertThat(out.toString().lines()).hasSize(1);
        assertThat(out.toString()).contains("\"errors\":{\"short\":6}");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "-t 3 --duration 2 | --duration 2 and --con-num 3 exclude each other",
            "-t 0              | --con-num is '0': must be 1 to 1000000000",
            "-c 0              | --child-num is '0': must be 1 to 100000",
            "--duration 0      | --duration is '0': must be 0.001 to 86400 seconds",
            "--timeout NaN     | --timeout is 'NaN': must be 0.001 to 3600 seconds",
            "--warmup 1        | --warmup needs --duration",
            "--source-addresses 0 | --source-addresses is '0': must be 1 to 1024",
            "-c 10001          | --child-num with --engine threads is 10001: must be 1 to 10000",
            "--engine select   | select"
    })
    void shouldEndWith2AndSayWhyWhenItCannotBeDone(String options, String why) throws IOException {
        try (ServerSocket server = server("abc")) {
            assertThat(client(server, options)).isEqualTo(2);
        }
        assertThat(err.toString()).contains(why);
    }

    @Test
    void shouldMakeRequestsForATime() throws IOException {
        try (ServerSocket server = server("abc")) {
            assertThat(client(server, "-b 3 --duration 0.2 --warmup 0.1")).isZero();
        }
        assertThat(out.toString()).contains("in 0.20 s");
    }

    private int client(ServerSocket server, String options) {
        return Main.command("client")
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(("client -p " + server.getLocalPort() + " " + options).split(" +", -1));
    }

    /// Answers each connection with the same bytes, and closes it.
    private static ServerSocket server(String answer) throws IOException {
        ServerSocket server = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
        Thread.ofPlatform().daemon().start(() -> {
            while (!server.isClosed()) {
                try (Socket client = server.accept()) {
                    if (client.getInputStream().read(new byte[64]) > 0) {
                        client.getOutputStream().write(answer.getBytes(StandardCharsets.US_ASCII));
                    }
                } catch (IOException gone) {
                    // the client's affair, or the end of the test
                }
            }
        });
        return server;
    }
}
