// SPDX-License-Identifier: MIT
package csdesign.drive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.quicktheories.QuickTheory.qt;
import static org.quicktheories.generators.SourceDSL.integers;
import static org.quicktheories.generators.SourceDSL.lists;

import csdesign.kit.Scoreboard;
import csdesign.service.Step;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The completion driver against a ring without a kernel: completions in any order, sends that are short,
/// and fewer buffers than connections.
class CompletionDriverTest {
    private static final int CLIENTS = 4;
    private static final int BUFFERS = 3;
    private static final int MOST_STEPS = 5_000;

    @TempDir
    Path folder;

    private long now = 1_000_000_000L;

    private static final class Run {
        final FakeRing ring;
        final Scoreboard scoreboard = SCOREBOARD;
        final List<FakeRing.Peer> peers = new ArrayList<>();

        Run(Choices choices) {
            ring = new FakeRing(choices, BUFFERS);
        }
    }

    private static final Scoreboard SCOREBOARD = Scoreboard.create(1);

    private void run(Scenario scenario, Run run, boolean stop) {
        CompletionDriver driver = new CompletionDriver(
                scenario.service(), Scenario.LIMITS, run.scoreboard.row(0), run.ring, now);
        for (int i = 0; i < CLIENTS; i++) {
            connect(driver, scenario, run);
        }
        int late = CLIENTS; // they get the numbers of those that have closed
        for (int i = 0; !driver.isIdle(); i++) {
            assertThat(i).isLessThan(MOST_STEPS);
            if (!run.ring.step()) {
                now += Math.max(1, driver.nanosLeft(now) + 1);
            }
            driver.round(now);
            if (late > 0 && run.peers.stream().anyMatch(peer -> peer.closed)) {
                late--;
                connect(driver, scenario, run);
            }
            if (stop && i == 7) {
                driver.stop();
            }
        }
        assertThat(run.ring.freeBuffers()).as("every buffer is back").isEqualTo(BUFFERS);
        assertThat(run.peers).allMatch(peer -> peer.closed);
    }

    private static void connect(CompletionDriver driver, Scenario scenario, Run run) {
        FakeRing.Peer peer = new FakeRing.Peer(scenario.input());
        run.peers.add(peer);
        driver.open(run.ring.connect(peer));
    }

    private static List<Scenario> scenarios() {
        return List.of(
                Scenario.counts(Scenario.STRICT, 3, 0, 12, 1_000, 7, 1),
                Scenario.counts(Scenario.WAITING, 5, 0, 30),
                Scenario.echo("from the buffer that was received into"));
    }

    @Test
    void shouldLoseDoubleOrReorderNothingWhateverTheOrderOfCompletions() {
        int[] happened = new int[3];
        qt().withFixedSeed(10).withExamples(100)
                .forAll(lists().of(integers().between(0, 1_000)).ofSizeBetween(0, 200))
                .checkAssert(chosen -> {
                    for (Scenario scenario : scenarios()) {
                        Run run = new Run(Choices.of(chosen));
                        run(scenario, run, false);
                        assertThat(run.peers).hasSize(2 * CLIENTS);
                        for (FakeRing.Peer peer : run.peers) {
                            assertThat(peer.output.toByteArray()).isEqualTo(scenario.answer());
                        }
                        happened[0] += run.ring.shortSends;
                        happened[1] += run.ring.starvations;
                        happened[2] += run.ring.ends;
                    }
                });
        assertThat(IntStream.of(happened)).as("short sends, starvations, ends")
                .allMatch(count -> count > 100);
    }

    @Test
    void shouldAlwaysEndWhereAStopComesInBetweenAndClientsReset() {
        qt().withFixedSeed(11).withExamples(50)
                .forAll(lists().of(integers().between(0, 1_000)).ofSizeBetween(0, 200))
                .checkAssert(chosen -> {
                    for (Scenario scenario : scenarios()) {
                        Run run = new Run(Choices.of(chosen));
                        run.ring.resets = true;
                        run(scenario, run, true);
                        for (FakeRing.Peer peer : run.peers) {
                            byte[] output = peer.output.toByteArray();
                            assertThat(output).isEqualTo(
                                    Arrays.copyOf(scenario.answer(), output.length));
                        }
                    }
                });
    }

    @Test
    void shouldSendAFileInPartsAndGoOnAfterAShortSend() throws IOException {
        byte[] content = Scenario.answer(150_000);
        Path file = Files.write(folder.resolve("file"), content);
        Scenario scenario = new Scenario(
                Scenario.saying(new Step.SendFile(file, 0, content.length)), new byte[] {'x'},
                content, -1);
        Run run = new Run(Choices.of(List.of(0, 0, 0, 0, 0, 0, 3, 0, 2, 1, 0, 3)));
        run(scenario, run, false);
        for (FakeRing.Peer peer : run.peers) {
            assertThat(peer.output.toByteArray()).isEqualTo(content);
        }
    }

    /// Else one client that pipelines and reads nothing would empty the ring for all.
    @Test
    void shouldKeepNoMoreBuffersForAConnectionThanTheBound() {
        FakeRing ring = new FakeRing(Choices.of(List.of()), CompletionDriver.MOST_LENT + 2);
        Scenario scenario = Scenario.echo("more than all buffers of the ring can hold");
        CompletionDriver driver = new CompletionDriver(
                scenario.service(), Scenario.LIMITS, SCOREBOARD.row(0), ring, now);
        FakeRing.Peer slow = new FakeRing.Peer(scenario.input());
        slow.readsNothing = true;
        driver.open(ring.connect(slow));
        while (ring.step()) {
            driver.round(now);
        }
        assertThat(ring.freeBuffers()).isEqualTo(2);
        slow.readsNothing = false;
        while (ring.step()) {
            driver.round(now);
        }
        assertThat(slow.output.toByteArray()).isEqualTo(scenario.answer());
    }

    /// The number of a descriptor may be the next client's by the time a completion is read.
    @Test
    void shouldNotTakeACompletionForAnotherConnectionThanItsOwn() {
        FakeRing ring = new FakeRing(Choices.of(List.of()), BUFFERS);
        Scenario scenario = Scenario.counts(Scenario.STRICT, 5);
        CompletionDriver driver = new CompletionDriver(
                scenario.service(), Scenario.LIMITS, SCOREBOARD.row(0), ring, now);
        FakeRing.Peer first = new FakeRing.Peer(new byte[0]);
        int fd = ring.connect(first);
        driver.open(fd);
        while (ring.step()) {
            driver.round(now);
        }
        assertThat(first.closed).isTrue();

        FakeRing.Peer second = new FakeRing.Peer(scenario.input());
        assertThat(ring.connect(second)).isEqualTo(fd);
        driver.open(fd);
        ring.forge(0, 3); // slot 0, generation 0: bytes for the first client
        ring.forge(0, -FakeRing.ECONNRESET);
        driver.round(now);
        assertThat(ring.freeBuffers()).as("its buffer goes back").isEqualTo(BUFFERS);
        assertThat(second.closed).isFalse();
        while (ring.step()) {
            driver.round(now);
        }
        assertThat(second.output.toByteArray()).isEqualTo(scenario.answer());
        assertThat(second.closed).isTrue();
    }
}
