// SPDX-License-Identifier: MIT
package csdesign.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import csdesign.evidence.NotHereException;
import csdesign.lab.Journal.Verdict;
import csdesign.posix.Errno;
import csdesign.range.Settings;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// What a lab prints, what it keeps, and when it has succeeded.
class JournalTest {
    private static final Claim SEEN = new Claim("seen", "it is seen");
    private static final Claim UNSEEN = new Claim("unseen", "it is not");
    private static final Claim FORBIDDEN = new Claim("forbidden", "it would be seen by root");

    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
    private final Journal journal = new Journal(
            "rst", new PrintStream(printed, true, StandardCharsets.UTF_8));

    private List<String> lines() {
        return printed.toString(StandardCharsets.UTF_8).lines().toList();
    }

    @Test
    void shouldPrintEachStepAtOnceAndKeepItsValue() {
        journal.expect(SEEN);
        journal.part("Broken");
        journal.call("recv", -Errno.ECONNRESET);
        journal.step("bytes", 12_345L);
        journal.step("ratio", 1.5);
        journal.says("Got signal");

        assertThat(lines().getFirst()).startsWith("rst, 2").contains(": Linux");
        assertThat(lines()).contains("You will see", "  seen: it is seen", "Broken",
                "  recv: ECONNRESET (104)", "  bytes: 12,345", "  ratio: 1.50", "  Got signal");
        assertThat(journal.end().steps()).containsExactly(
                new Journal.Step("Broken", "recv", "ECONNRESET (104)"),
                new Journal.Step("Broken", "bytes", 12_345L),
                new Journal.Step("Broken", "ratio", 1.5),
                new Journal.Step("Broken", "says", "Got signal"));
    }

    @Test
    void shouldFoldALongClaimBetweenWordsAndKeepItWhole() {
        Claim claim = new Claim("long-claim", "It goes on " + "and on ".repeat(20) + "to its end.");
        journal.expect(claim);

        List<String> printed = lines().subList(3, lines().size());
        assertThat(printed).hasSize(2).allMatch(line -> line.length() <= 100);
        assertThat(printed.getFirst()).startsWith("  long-claim: It goes on and on");
        assertThat(printed.getLast()).startsWith("      on and on");
        assertThat(printed.getFirst().strip() + " " + printed.getLast().strip())
                .isEqualTo("long-claim: " + claim.words());
        assertThat(journal.end().verdicts().getFirst().words()).isEqualTo(claim.words());
    }

    @Test
    void shouldPrintATableAndKeepItsRowsByColumn() {
        journal.columns("way", "N", "wake-ups");
        journal.row("accept", 16, 1.0);

        assertThat(lines()).containsExactly(
                "  way                               N   wake-ups",
                "  accept                           16       1.00");
        assertThat(journal.end().steps().getFirst().value())
                .isEqualTo(Map.of("way", "accept", "N", 16, "wake-ups", 1.0));
    }

    @Test
    void shouldSucceedWhenAllThatCanBeShownWas() {
        journal.expect(SEEN, FORBIDDEN);
        journal.judge(SEEN, true, "1 RST");
        journal.notHere(FORBIDDEN, "it needs CAP_NET_RAW: run it as root");

        Journal.Run run = journal.end();
        assertThat(run.isShown()).isTrue();
        assertThat(run.verdicts()).extracting(Journal.Judgement::verdict)
                .containsExactly(Verdict.SHOWN, Verdict.NOT_HERE);
        assertThat(lines()).endsWith("Verdicts", "  seen: shown: 1 RST",
                "  forbidden: not shown here, because it needs CAP_NET_RAW: run it as root");
    }

    @Test
    void shouldFailForAClaimThatWasNotSeen() {
        journal.expect(SEEN, UNSEEN);
        journal.judge(SEEN, true, "1 RST");
        journal.judge(UNSEEN, false, "0 RST");

        assertThat(journal.end().isShown()).isFalse();
        assertThat(lines()).endsWith("  unseen: not shown: 0 RST");
    }

    @Test
    void shouldFailForAClaimThatWasForgotten() {
        journal.expect(SEEN);

        assertThat(journal.end().isShown()).isFalse();
        assertThat(lines()).endsWith("  seen: not shown: the lab did not come to it");
    }

    @Test
    void shouldNotJudgeWhatWasNotExpected() {
        assertThatThrownBy(() -> journal.judge(SEEN, true, ""))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("seen");
    }

    @Test
    void shouldJudgeWhatAPartLeavesWhenItFailsAndDoTheOthers() throws Exception {
        journal.expect(SEEN, UNSEEN, FORBIDDEN);
        journal.attempt(() -> {
            journal.judge(SEEN, true, "1 RST");
            throw new IOException("bind(port=80): EACCES");
        }, SEEN, UNSEEN);
        journal.attempt(() -> journal.judge(FORBIDDEN, true, "1 RST"), FORBIDDEN);

        journal.end();
        assertThat(lines()).endsWith("Verdicts", "  seen: shown: 1 RST",
                "  unseen: not shown here, because bind(port=80): EACCES",
                "  forbidden: shown: 1 RST");
        assertThat(journal.failure()).get().extracting(Throwable::getMessage)
                .isEqualTo("bind(port=80): EACCES");
    }

    @Test
    void shouldTakeWhatIsHiddenForNoFailure() throws Exception {
        journal.expect(FORBIDDEN);
        journal.attempt(() -> {
            throw new NotHereException("the table is full");
        }, FORBIDDEN);

        assertThat(journal.end().isShown()).isTrue();
        assertThat(journal.failure()).isEmpty();
        assertThat(lines()).endsWith("  forbidden: not shown here, because the table is full");
    }

    @Test
    void shouldSayInOneSentenceWhatKeptItFromItsEnd() throws Exception {
        Lab lab = (_, to) -> {
            to.expect(SEEN, UNSEEN);
            throw new OutOfMemoryError("unable to create native thread: limits reached");
        };
        lab.toVerdicts(Settings.DEFAULT.with(Lab.AUTO), journal);

        assertThat(lines()).filteredOn(line -> line.contains("not shown here, because")).hasSize(2)
                .allMatch(line -> line.endsWith("native thread: limits reached; this user may"
                        + " have no more threads: see ulimit -u"));
        assertThat(journal.failure()).isPresent();
    }

    @Test
    void shouldNotTakeTheWishToEndForAFailure() {
        journal.expect(SEEN);
        assertThatThrownBy(() -> journal.attempt(() -> {
            throw new InterruptedIOException("interrupted");
        }, SEEN)).isInstanceOf(InterruptedException.class);
        assertThat(journal.failure()).isEmpty();
    }
}
