// SPDX-License-Identifier: MIT
package csdesign.drive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.quicktheories.QuickTheory.qt;
import static org.quicktheories.generators.SourceDSL.integers;
import static org.quicktheories.generators.SourceDSL.lists;

import csdesign.kit.Server;
import csdesign.kit.TestServers;
import csdesign.wire.Wire;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/// Random orders of events lose, double and reorder no byte, and always end: with the exchange alone, and
/// through the drivers. The completion driver has a test of its own.
class OrderOfEventsTest {
    private static void forRandomChoices(int examples, Consumer<List<Integer>> test) {
        qt().withFixedSeed(10).withExamples(examples)
                .forAll(lists().of(integers().between(0, 1_000)).ofSizeBetween(0, 150))
                .checkAssert(test);
    }

    private static List<Scenario> scenarios() {
        return List.of(
                Scenario.counts(Scenario.STRICT, 3, 0, 12, 70_000, 7, 1),
                Scenario.counts(Scenario.STRICT, 0, 0, 0, 200, 0, 0),
                Scenario.echo("what arrives goes back, ".repeat(20)));
    }

    @Test
    void shouldAnswerAllWhereTheClientIsInTime() {
        forRandomChoices(300, chosen -> {
            for (Scenario scenario : scenarios()) {
                Promises.check(scenario, Choices.of(chosen), false);
            }
            Promises.check(Scenario.counts(Scenario.WAITING, 9, 0, 30), Choices.of(chosen), false);
        });
    }

    @Test
    void shouldKeepItsPromisesWhereDeadlinesPassAndStopsCome() {
        forRandomChoices(500, chosen -> {
            for (Scenario scenario : scenarios()) {
                Promises.check(scenario, Choices.of(chosen), true);
            }
            Promises.check(Scenario.counts(Scenario.WAITING, 9, 0, 30), Choices.of(chosen), true);
        });
    }

    @Test
    void shouldAnswerAllThroughTheBlockingDriver() throws IOException {
        for (Scenario scenario : scenarios()) {
            Server server = TestServers.server(scenario.service(), TestServers.PATIENT);
            try (BlockingDriver driver = new BlockingDriver(server)) {
                forRandomChoices(100, chosen -> {
                    FakeWire wire = new FakeWire(scenario.input(), Choices.of(chosen));
                    driver.serve(wire, server.scoreboard().row(0));
                    assertThat(wire.output.toByteArray()).isEqualTo(scenario.answer());
                    assertThat(wire.isClosed).isTrue();
                });
            }
        }
    }

    /// Over a real socket, whose client sends and reads when the choices say so.
    @Test
    void shouldAnswerAllThroughTheReadinessDriver() {
        forRandomChoices(50, chosen -> {
            for (Scenario scenario : scenarios()) {
                try (Rig rig = new Rig(scenario.service())) {
                    byte[] got = converse(rig, scenario, Choices.of(chosen));
                    assertThat(Arrays.equals(got, scenario.answer())).isTrue();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        });
    }

    private static byte[] converse(Rig rig, Scenario scenario, Choices choices) {
        ByteArrayOutputStream got = new ByteArrayOutputStream();
        int sent = 0;
        boolean ended = false;
        for (int i = 0; rig.watched != Interest.CLOSED; i++) {
            assertThat(i).as("rounds").isLessThan(10_000);
            int left = scenario.input().length - sent;
            switch (choices.next(3)) {
                case 0 -> {
                    if (left > 0) {
                        int n = 1 + choices.next(left);
                        rig.send(Arrays.copyOfRange(scenario.input(), sent, sent + n));
                        sent += n;
                    } else if (!ended) {
                        ended = true;
                        rig.clientEnds();
                    }
                }
                case 1 -> got.writeBytes(rig.arrived());
                default -> {} // it does nothing for now
            }
            switch (rig.watched) {
                case READ -> rig.readable(); // at times without anything to read
                case WRITE -> {
                    got.writeBytes(choices.isExhausted() ? rig.arrived() : new byte[0]);
                    rig.writable();
                }
                case HANG_UP -> rig.due();
                case NOTHING, CLOSED -> throw new AssertionError("nobody closed it");
            }
        }
        got.writeBytes(rig.arrived());
        return got.toByteArray();
    }

    /// A connection whose reads and writes are as short as the choices say.
    private static final class FakeWire implements Wire {
        private final ByteBuffer input;
        private final Choices choices;
        final ByteArrayOutputStream output = new ByteArrayOutputStream();
        boolean isClosed;

        FakeWire(byte[] input, Choices choices) {
            this.input = ByteBuffer.wrap(input);
            this.choices = choices;
        }

        @Override
        public int read(ByteBuffer in) {
            if (!input.hasRemaining()) {
                return -1;
            }
            int n = 1 + choices.next(Math.min(in.remaining(), input.remaining()));
            in.put(in.position(), input, input.position(), n).position(in.position() + n);
            input.position(input.position() + n);
            return n;
        }

        @Override
        public int readWithin(ByteBuffer in, long nanos) {
            return nanos <= 0 && choices.next(2) == 0 ? 0 : read(in);
        }

        @Override
        public int write(ByteBuffer bytes) {
            byte[] part = new byte[bytes.remaining()
                    - choices.next(Math.min(9, bytes.remaining()))];
            bytes.get(part);
            output.writeBytes(part);
            return part.length;
        }

        @Override
        public long sendFile(Path file, long offset, long count) {
            throw new AssertionError("no scenario sends a file");
        }

        @Override
        public void shutdownOutput() {
            throw new AssertionError("the client ends first");
        }

        @Override
        public void shutdownInput() {}

        @Override
        public void abort() {}

        @Override
        public void close() {
            isClosed = true;
        }
    }
}
