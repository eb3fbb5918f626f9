// SPDX-License-Identifier: MIT
package csdesign.kit;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import csdesign.range.Option;
import csdesign.range.Settings;
import csdesign.service.Bytes;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What a server hands to workers in other processes: itself in words, and the scoreboard by its descriptor.
class HandingOverTest {
    private static final Option NUMBER = new Option(List.of("--number"), "N", 64, 1, 99,
            "a number");
    private static final Option SWITCH = Option.flag("--switch", "a switch");
    private static final List<Option> OPTIONS = List.of(NUMBER, SWITCH);

    /// Every value differs from every other one, so that none can stand in another's place.
    private static Server server(String host, boolean control, Settings settings) {
        return Server.local("design", 0)
                .withAddress(new InetSocketAddress(InetAddress.ofLiteral(host), 2001))
                .withWorkers(3)
                .withControl(control)
                .withLimits(new Limits(11, 12, 86_399_999, 86_400_000, 15))
                .withSettings(settings)
                .withService(new Bytes(new Bytes.Options(100, 9, true, false, 30, 2)));
    }

    private static Server decode(List<String> words) {
        return Server.decode(words, OPTIONS, Scoreboard.create(1));
    }

    @ParameterizedTest
    @CsvSource({"127.0.0.1, true, false", "::1, false, true", "0.0.0.0, false, false"})
    void shouldTellAnotherProcessTheWholeServer(String host, boolean on, boolean control) {
        Settings settings = Settings.DEFAULT.with(NUMBER, 16).with(SWITCH, on ? 1 : 0);
        Server server = server(host, control, settings);
        Scoreboard attached = Scoreboard.create(2);

        Server told = Server.decode(server.encode(), OPTIONS, attached);

        assertThat(told.slug()).isEqualTo("design");
        assertThat(told.address()).isEqualTo(server.address());
        assertThat(told.workers()).isEqualTo(3);
        assertThat(told.control()).isEqualTo(control);
        assertThat(told.limits()).isEqualTo(server.limits());
        assertThat(told.settings().number(NUMBER)).isEqualTo(16);
        assertThat(told.settings().isOn(SWITCH)).isEqualTo(on);
        assertThat(told.service().encode()).isEqualTo(server.service().encode());
        assertThat(told.scoreboard()).isSameAs(attached);
        assertThat(told.stop()).as("a stop of its own").isNotSameAs(server.stop());
        assertThat(told.encode()).isEqualTo(server.encode());
    }

    /// In whatever order the words come: each has its name.
    @Test
    void shouldReadTheWordsByTheirNames() {
        Server server = server("127.0.0.1", true, Settings.DEFAULT.with(NUMBER, 16));

        assertThat(decode(server.encode().reversed()).encode()).isEqualTo(server.encode());
    }

    /// No word has a default, and none is read as something else than it says.
    @Test
    void shouldRefuseAServerOfWhichAWordIsMissingOrWrong() {
        Settings settings = Settings.DEFAULT.with(NUMBER, 16).with(SWITCH);
        List<String> words = server("127.0.0.1", true, settings).encode();
        for (String word : words) {
            String name = word.split("=", 2)[0];
            List<String> twice = new ArrayList<>(words);
            twice.add(word);
            assertThatIllegalArgumentException().isThrownBy(() -> decode(twice))
                    .withMessage(name + " was told twice");
            if (OPTIONS.stream().anyMatch(option -> option.name().equals(name))) {
                continue; // has a default
            }
            List<String> fewer = new ArrayList<>(words);
            fewer.remove(word);
            assertThatIllegalArgumentException().isThrownBy(() -> decode(fewer))
                    .withMessage(name + " was not told");
            if (!name.equals("--design")) {
                List<String> wrong = new ArrayList<>(words);
                wrong.set(words.indexOf(word), name + "=tru e");
                assertThatIllegalArgumentException().as(name)
                        .isThrownBy(() -> decode(wrong));
            }
        }
        List<String> more = new ArrayList<>(words);
        more.add("--nmuber=1");
        assertThatIllegalArgumentException().isThrownBy(() -> decode(more))
                .withMessage("there is no --nmuber; there is --number, --switch");
    }

    @Test
    void shouldCountInOneTableThroughTwoMappings() throws Exception {
        Scoreboard first = Scoreboard.shared(2);
        Scoreboard second = Scoreboard.attach(first.fd());
        assertThat(second.workers()).isEqualTo(2);
        assertThat(second.fd()).isEqualTo(first.fd());
        assertThat(second.row(1).state()).isEqualTo(Scoreboard.State.ABSENT);

        List<Thread> threads = new ArrayList<>();
        for (Scoreboard each : List.of(first, second)) {
            threads.add(Thread.ofPlatform().start(() -> {
                for (int k = 0; k < 50_000; k++) {
                    each.row(1).accept();
                    each.row(1).answer(2);
                    each.row(1).write(3_000_000_000L);
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        first.row(1).ownedBy(4_711);
        first.row(1).state(Scoreboard.State.SERVING);

        for (Scoreboard each : List.of(first, second)) {
            assertThat(each.accepted()).isEqualTo(100_000);
            assertThat(each.requests()).isEqualTo(200_000);
            assertThat(each.bytes()).isEqualTo(300_000_000_000_000L);
            assertThat(each.row(0).accepted()).isZero();
            assertThat(each.row(1).pid()).isEqualTo(4_711);
            assertThat(each.row(1).state()).isEqualTo(Scoreboard.State.SERVING);
        }
    }

    @Test
    void shouldKeepRowsApartFromWhatAllShare() throws IOException {
        Scoreboard first = Scoreboard.shared(3);
        Scoreboard second = Scoreboard.attach(first.fd());
        first.common().fill((byte) -1);
        first.row(0).ownedBy(1);
        first.row(2).ownedBy(3);

        assertThat(second.common().byteSize()).as("room for a mutex").isEqualTo(64);
        assertThat(second.common().get(JAVA_LONG, 56)).isEqualTo(-1);
        assertThat(second.door()).as("what the kit keeps behind it").isZero();
        assertThat(second.acceptError()).isZero();
        assertThat(second.row(0).accepted()).isZero();
        ByteBuffer file = ByteBuffer
                .wrap(Files.readAllBytes(Path.of("/proc/self/fd/" + first.fd())))
                .order(ByteOrder.nativeOrder());
        assertThat(file.capacity()).as("a row has two cache lines").isEqualTo(4 * 128);
        assertThat(file.getLong(128)).isEqualTo(1);
        assertThat(file.getLong(256)).isZero();
        assertThat(file.getLong(384)).isEqualTo(3);
    }

    @Test
    void shouldCostOneDescriptorWhereItIsSharedAndNoneElsewhere() throws IOException {
        Scoreboard.attach(Scoreboard.shared(1).fd()); // all classes are loaded
        long before = TestServers.descriptors();

        assertThat(Scoreboard.create(1).fd()).isEqualTo(-1);
        assertThat(TestServers.descriptors()).isEqualTo(before);
        Scoreboard shared = Scoreboard.shared(1);
        Scoreboard.attach(shared.fd());
        assertThat(TestServers.descriptors()).isEqualTo(before + 1);
        assertThat(Files.readSymbolicLink(Path.of("/proc/self/fd/" + shared.fd())))
                .hasToString("/memfd:csdesign-scoreboard (deleted)");
        assertThatThrownBy(() -> Scoreboard.attach(-1)).isInstanceOf(IOException.class);
    }
}
