// SPDX-License-Identifier: MIT
package csdesign.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@Timeout(30)
class AgentTest {
    private OutputStream input;
    private BufferedReader output;
    private Thread agent;

    @BeforeEach
    void start() throws IOException {
        PipedInputStream in = new PipedInputStream();
        input = new PipedOutputStream(in);
        PipedInputStream out = new PipedInputStream(64 * 1024);
        PrintStream answers = new PrintStream(
                new PipedOutputStream(out), true, StandardCharsets.UTF_8);
        output = new BufferedReader(new InputStreamReader(out, StandardCharsets.UTF_8));
        agent = Thread.ofPlatform().daemon().name("agent").start(() -> Agent.serve(in, answers));
    }

    @AfterEach
    void shouldEndWithItsInput() throws Exception {
        input.close();
        await().untilAsserted(() -> assertThat(agent.isAlive()).isFalse());
        output.close();
    }

    @ParameterizedTest
    @EnumSource
    void shouldMeasureOnTheConnectionsOfTheWarmUp(Load.Engine engine) throws IOException {
        try (TestServer server = new TestServer(TestServer::right)) {
            say("{\"port\":" + server.port() + ",\"engine\":\"" + engine
                    + "\",\"clients\":3,\"keepAlive\":true,\"bytesPerRequest\":64,"
                    + "\"warmupMillis\":100,\"durationMillis\":200,\"verify\":true}");
            assertThat(hear().get("event").asString()).isEqualTo("warm");
            int warm = server.answers.get();
            assertThat(warm).isPositive();
            say("go");
            JsonNode event = hear();
            assertThat(event.get("event").asString()).isEqualTo("result");
            JsonNode result = event.get("result");
            assertThat(result.get("connections").asInt()).isEqualTo(3);
            assertThat(server.connections).hasValue(3);
            assertThat(result.get("errorCount").asInt()).isZero();
            assertThat(result.get("seconds").asDouble()).isEqualTo(0.2);
            assertThat(server.answers.get() - warm - result.get("requests").asInt())
                    .isBetween(0, 3);
        }
    }

    @Test
    void shouldRunOneLoadAfterTheOther() throws IOException {
        try (TestServer server = new TestServer(TestServer::right)) {
            for (int i = 1; i <= 3; i++) {
                say("{\"port\":" + server.port() + ",\"clients\":2,\"requestsPerClient\":" + i
                        + "}");
                assertThat(hear().get("event").asString()).isEqualTo("warm");
                say("go");
                assertThat(hear().get("result").get("requests").asInt()).isEqualTo(2 * i);
            }
        }
    }

    @Test
    void shouldSayWhatItCannotDo() throws IOException {
        say("hello");
        assertThat(hear().get("event").asString()).isEqualTo("error");
        say("[1]");
        assertThat(hear().get("message").asString()).contains("JSON object");
        say("{\"port\":0}");
        assertThat(hear().get("message").asString()).startsWith("--port is 0: must be");
        say("{\"colour\":\"red\"}");
        assertThat(hear().get("message").asString()).contains("colour");
    }

    @Test
    void shouldExpectGo() throws IOException {
        say("{\"port\":1,\"requestsPerClient\":1}");
        assertThat(hear().get("event").asString()).isEqualTo("warm");
        say("stop");
        assertThat(hear().get("message").asString()).contains("expected the line go, got: stop");
        say("{\"port\":0}");
        assertThat(hear().get("message").asString()).startsWith("--port");
    }

    @ParameterizedTest
    @EnumSource
    void shouldEndInTheMiddleOfALoad(Load.Engine engine) throws IOException {
        try (TestServer server = new TestServer(TestServer::silent)) {
            say("{\"port\":" + server.port() + ",\"engine\":\"" + engine
                    + "\",\"requestsPerClient\":2}");
            assertThat(hear().get("event").asString()).isEqualTo("warm");
            say("go");
            await().untilAsserted(() -> assertThat(server.requests).hasSize(5));
            input.close();
            await().untilAsserted(() -> assertThat(agent.isAlive()).isFalse());
        }
    }

    @Test
    void shouldEndWhileItWaitsForGo() throws IOException {
        say("{\"port\":1}");
        assertThat(hear().get("event").asString()).isEqualTo("warm");
    }

    private void say(String line) throws IOException {
        input.write((line + "\n").getBytes(StandardCharsets.UTF_8));
        input.flush();
    }

    private JsonNode hear() throws IOException {
        return JsonMapper.shared().readTree(output.readLine());
    }
}
