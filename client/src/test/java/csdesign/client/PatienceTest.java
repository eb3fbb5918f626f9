// SPDX-License-Identifier: MIT
package csdesign.client;

import static csdesign.client.Patience.GIVE_UP_NANOS;
import static csdesign.client.Patience.REPEAT_NANOS;
import static csdesign.client.Patience.SPEAK_NANOS;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The clock is the test's.
class PatienceTest {
    private static final long BEGIN = 1_000_000_000_000L;

    private final Progress progress = new Progress();
    private final Tally tally = new Tally(new Histogram(1_000, 30_000_000_000L, 3));
    private final List<String> news = new ArrayList<>();

    @BeforeEach
    void watch() {
        progress.watch(tally);
        progress.onNews(news::add);
    }

    @Test
    void shouldSayOnceWithinSecondsThatNothingIsAnsweredAndWhatToTry() {
        Patience patience = begun(Wish.to(2000).clients(15));
        tally.connected(true);
        patience.look(BEGIN + SPEAK_NANOS - 1);
        assertThat(news).isEmpty();
        patience.look(BEGIN + SPEAK_NANOS);
        patience.look(BEGIN + SPEAK_NANOS + 1);
        assertThat(news).singleElement().asString()
                .contains("nothing was answered in the first 3 s", "127.0.0.1:2000", "--line-end");
        patience.look(BEGIN + SPEAK_NANOS + REPEAT_NANOS);
        assertThat(news).hasSize(2);
        assertThat(progress.isOver()).as("no client has met an error").isFalse();
    }

    @Test
    void shouldNotAdviseALineEndThatIsSentAlready() {
        Patience patience = begun(Wish.to(2000).lineEnd(true));
        tally.connected(true);
        patience.look(BEGIN + SPEAK_NANOS);
        assertThat(news).singleElement().asString().contains("without --line-end");
    }

    @Test
    void shouldSayWhatCameInstead() {
        Load load = Wish.to(2000);
        Patience patience = new Patience(load, progress);
        patience.begin(BEGIN);
        patience.came(answer(load, "SSH-2.0-OpenSSH_9.2p1\r\n"));
        patience.look(BEGIN + SPEAK_NANOS);
        assertThat(news).singleElement().asString()
                .contains("begins \"SSH-2.0-OpenSSH_9.2p1\\r\\n\"");
    }

    @Test
    void shouldTellAServerThatClosesFromOneThatIsNotThere() {
        Patience patience = begun(Wish.to(2000));
        assertThat(patience.advice(1)).contains("no connection was made");
        tally.connected(true);
        patience.failed(Fault.SHORT);
        assertThat(patience.advice(0)).contains("closes them before an answer");
    }

    @Test
    void shouldAdviseNothingWhenSomethingWasAnswered() {
        Patience patience = begun(Wish.to(2000));
        tally.right();
        patience.failed(Fault.SHORT);
        assertThat(patience.advice(1)).isNull();
    }

    @Test
    void shouldSayThatAnswersStayOut() {
        Patience patience = begun(Wish.to(2000));
        tally.right();
        patience.look(BEGIN + 1);
        patience.look(BEGIN + REPEAT_NANOS);
        assertThat(news).isEmpty();
        patience.look(BEGIN + REPEAT_NANOS + 1);
        assertThat(news).singleElement().asString()
                .startsWith("nothing was answered for 10 s, after 1 answers");
    }

    @Test
    void shouldGiveUpWhenEachClientHasFailedSinceTheLastAnswer() {
        Patience patience = begun(Wish.to(2000).clients(2));
        patience.failed(Fault.TIMEOUT);
        patience.failed(Fault.TIMEOUT);
        tally.right();
        patience.look(BEGIN + GIVE_UP_NANOS);
        patience.failed(Fault.TIMEOUT);
        patience.look(BEGIN + 3 * GIVE_UP_NANOS);
        assertThat(progress.isOver()).isFalse();
        patience.failed(Fault.TIMEOUT);
        patience.look(BEGIN + 3 * GIVE_UP_NANOS + 1);
        assertThat(progress.isOver()).isTrue();
        assertThat(progress.isStopped()).as("as by a signal").isFalse();
        assertThat(patience.gaveUp()).contains("nothing was answered for 20 s", "--max-errors");
    }

    @Test
    void shouldHoldTheLimitThatTheUserGave() {
        Patience patience = begun(Wish.to(2000).clients(2).maxErrors(4));
        for (int i = 0; i < 3; i++) {
            patience.failed(Fault.TIMEOUT);
        }
        patience.look(BEGIN + 100 * GIVE_UP_NANOS);
        assertThat(progress.isOver()).isFalse();
        patience.failed(Fault.REFUSED);
        assertThat(progress.isOver()).isTrue();
        assertThat(patience.gaveUp()).startsWith("gave up after 4 errors");
    }

    @Test
    void shouldLetEachClientFailOnceByDefault() {
        assertThat(Wish.to(2000).clients(5).mostErrors()).isEqualTo(100);
        assertThat(Wish.to(2000).clients(5_000).mostErrors()).isEqualTo(5_000);
    }

    @Test
    void shouldQuoteOnOneLineWhatIsNoPayload() {
        Load load = Wish.to(2000).bytes(300);
        assertThat(answer(load, "a\"\\\t\0\u00e9").shortMessage())
                .isEqualTo("short answer: 6 of 300 bytes, begins \"a\\\"\\\\\\t\\x00\\xe9\"");
        assertThat(answer(load, "x".repeat(301)).excessMessage())
                .endsWith(", begins \"" + "x".repeat(120) + "...\"");
        byte[] right = TestServer.payload(200);
        assertThat(answer(load, new String(right, StandardCharsets.ISO_8859_1)).shortMessage())
                .isEqualTo("short answer: 200 of 300 bytes");
    }

    private Patience begun(Load wish) {
        Patience patience = new Patience(wish, progress);
        patience.begin(BEGIN);
        return patience;
    }

    private static Answer answer(Load load, String bytes) {
        Answer answer = new Answer(load);
        answer.begin();
        byte[] came = bytes.getBytes(StandardCharsets.ISO_8859_1);
        answer.take(MemorySegment.ofArray(came), came.length);
        return answer;
    }
}
