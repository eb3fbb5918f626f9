// SPDX-License-Identifier: MIT
package csdesign.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import csdesign.evidence.ResourceUsage;
import java.nio.ByteBuffer;
import java.util.Base64;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ResultTest {
    private final Tally tally = new Tally(new Histogram(1_000, 30_000_000_000L, 3));
    private final Progress progress = new Progress();

    @Test
    void shouldSayHowLongAnswersTook() throws Exception {
        for (int i = 1; i <= 1000; i++) {
            tally.answered(3000, i * 1_000_000L);
        }
        tally.connected(true);
        Result result = result(Wish.to(2000).clients(1).requests(1000), 0);
        assertThat(result.latencyMicros().p50()).isCloseTo(500_000, within(1_000.0));
        assertThat(result.latencyMicros().p99()).isCloseTo(990_000, within(2_000.0));
        assertThat(result.latencyMicros().max()).isCloseTo(1_000_000, within(2_000.0));
        assertThat(result.requestsPerSecond()).isEqualTo(500);
        assertThat(result.allRight()).isTrue();
        assertThat(result.text().lines())
                .containsExactly(
                        "1 connections, 1000 requests, 3000000 bytes in 2.00 s: 500 requests/s",
                        "latency (from connect): p50 500.17 ms  p90 900.20 ms  p99 990.38 ms"
                                + "  p99.9 999.29 ms  max 1.00 s",
                        "errors: none");

        Histogram decoded = Histogram.decodeFromCompressedByteBuffer(
                ByteBuffer.wrap(Base64.getDecoder().decode(result.histogram())), 0);
        assertThat(decoded.getTotalCount()).isEqualTo(1000);
        assertThat(decoded.getValueAtPercentile(50) / 1e3).isEqualTo(result.latencyMicros().p50());
    }

    @Test
    void shouldSayWhatIsWrongAndMissing() {
        tally.failed(Fault.SHORT, "short answer: 45 of 3000 bytes");
        tally.failed(Fault.SHORT, "short answer: 45 of 3000 bytes");
        tally.failed(Fault.WRONG_BYTE, "wrong byte");
        tally.reconnected();
        Result result = result(Wish.to(2000).clients(3).keepAlive(true), 4);
        assertThat(result.allRight()).isFalse();
        assertThat(result.text().lines())
                .containsExactly(
                        "0 connections, 0 requests, 0 bytes in 2.00 s: 0 requests/s",
                        "0 of 3 connections were answered: the server left the others waiting",
                        "reconnects: 1 (the server had closed the connection)",
                        "unfinished: 4 requests without an answer",
                        "errors: 3, 2 short, 1 wrong-byte",
                        "  short answer: 45 of 3000 bytes",
                        "  wrong byte",
                        "nothing was ever answered: no connection was made; does a server listen on"
                                + " 127.0.0.1:2000, and can it be reached from here?");
    }

    @Test
    void shouldKeepTheFirstMessagesThatDiffer() {
        for (int i = 0; i < 100; i++) {
            tally.failed(Fault.OTHER, "message " + i / 2);
        }
        assertThat(result(Wish.to(2000), 0).errorSamples())
                .containsExactly("message 0", "message 1", "message 2", "message 3", "message 4");
    }

    @Test
    void shouldCountAnAnswerThatTookLongerThanTheHistogramKnows() {
        tally.answered(1, Long.MAX_VALUE);
        assertThat(result(Wish.to(2000), 0).requests()).isEqualTo(1);
    }

    @Test
    void shouldBeOneLineOfJson() {
        tally.answered(3000, 1_000_000);
        tally.right();
        progress.watch(tally);
        tally.failed(Fault.WRONG_BYTE, "a \"quoted\"\nmessage");
        String json = result(Wish.to(2000), 0).json();
        assertThat(json.lines()).hasSize(1);
        JsonNode node = JsonMapper.shared().readTree(json);
        assertThat(node.get("engine").asString()).isEqualTo("threads");
        assertThat(node.get("mode").asString()).isEqualTo("connect");
        assertThat(node.get("requests").asLong()).isEqualTo(1);
        assertThat(node.get("errors").get("wrong-byte").asLong()).isEqualTo(1);
        assertThat(node.get("errorSamples").get(0).asString())
                .isEqualTo("a \"quoted\"\nmessage");
        assertThat(node.get("latencyMicros").get("p999").asDouble())
                .isCloseTo(1_000, within(1.0));
        assertThat(JsonMapper.shared().treeToValue(node, Result.class).json()).isEqualTo(json);
    }

    private Result result(Load wish, long unfinished) {
        return Result.of(
                wish,
                new Window(tally, 2_000_000_000, new ResourceUsage(5, 6, 0, 0, 0), unfinished),
                new Patience(wish, progress));
    }
}
