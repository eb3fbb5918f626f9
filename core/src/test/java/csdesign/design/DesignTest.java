// SPDX-License-Identifier: MIT
package csdesign.design;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import csdesign.design.Design.Family;
import csdesign.design.Design.Needs;
import csdesign.design.Design.ServedBy;
import csdesign.kit.Server;
import csdesign.range.Option;
import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The description of a design: that it agrees with itself and with its file, and what the file can be given
/// when it runs by itself.
class DesignTest {
    private static final Option QUEUE = new Option(
            List.of("--queue"), "N", 64, 1, 100, "How many may wait");
    private static final Option EXCLUSIVE = Option.flag("--exclusive", "Wakes one");
    private static final Design PLAIN = new Design(
            "a-design", Family.BASELINE, ServedBy.ONE_THREAD, Needs.JDK, "it serves", "nothing",
            _ -> {});
    private static final Design WITH_OPTIONS = PLAIN.withOptions(QUEUE, EXCLUSIVE);

    static List<Design> all() {
        return Catalog.ENTRIES;
    }

    private static Server server(String... arguments) {
        return Design.server(WITH_OPTIONS, arguments);
    }

    @Test
    void shouldTakeAPortOrNothing() {
        assertThat(server().address().getPort()).isEqualTo(2000);
        assertThat(server("0").address().getPort()).isZero();
        assertThat(server("65535").address().getPort()).isEqualTo(65_535);
        assertThat(server().slug()).isEqualTo("a-design");
    }

    @ParameterizedTest
    @ValueSource(strings = {"65536", "-1", "+2000", "2e3", "0x7d0", "٣٠٠٠", "２０００", " 2000", "",
            "epoll"})
    void shouldRefuseWhatIsNoPort(String port) {
        assertThatIllegalArgumentException().isThrownBy(() -> server(port))
                .withMessageStartingWith("PORT is '" + port + "': must be 0 to 65535");
    }

    @Test
    void shouldTakeItsOwnOptions() {
        Server server = server("2001", "--queue", "7", "--exclusive");
        assertThat(server.address().getPort()).isEqualTo(2001);
        assertThat(server.settings().number(QUEUE)).isEqualTo(7);
        assertThat(server.settings().isOn(EXCLUSIVE)).isTrue();
        assertThat(server("--queue=100").settings().number(QUEUE)).isEqualTo(100);
    }

    @Test
    void shouldTakeNothingElse() {
        assertThatIllegalArgumentException().isThrownBy(() -> server("2000", "3000"))
                .withMessage("there is no 3000; there is --queue, --exclusive");
        assertThatIllegalArgumentException().isThrownBy(() -> server("2000", "--queue", "101"))
                .withMessage("--queue is '101': must be 1 to 100");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Design.server(PLAIN, "2000", "--queue", "1"))
                .withMessage("there is no --queue");
    }

    @Test
    void shouldSayWhatIsMissingHere() {
        Design elsewhere = new Design(
                "elsewhere", Family.BASELINE, ServedBy.ONE_THREAD,
                new Needs("Linux 9", () -> Optional.of("this is Linux 6: boot a newer kernel")),
                "it serves", "nothing", _ -> {
                    throw new AssertionError("it was not to serve");
                });
        assertThat(elsewhere.needs().areMetHere()).isFalse();
        assertThat(PLAIN.needs().areMetHere()).isTrue();
        assertThatThrownBy(() -> elsewhere.run(Server.local("elsewhere", 0)))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessage("elsewhere needs Linux 9; this is Linux 6: boot a newer kernel."
                        + " `csdesign designs` lists those that run here");
    }

    @ParameterizedTest
    @MethodSource("all")
    void shouldStandInTheFileOfItsName(Design design) throws Exception {
        Path file = Path.of("src/main/java/csdesign/design", design.file());
        assertThat(Files.readString(file)).contains("\"" + design.slug() + "\"");
        Class<?> type = Class.forName("csdesign.design." + design.file().replace(".java", ""));
        Field constant = type.getDeclaredField("DESIGN");
        assertThat(constant.get(null)).isSameAs(design);
    }

    /// Whether it is a pool, whose its workers are, and what its `main` can be asked for: said once, and all of it.
    @ParameterizedTest
    @MethodSource("all")
    void shouldAgreeWithItself(Design design) throws IOException {
        ServedBy servedBy = design.servedBy();
        assertThat(design.family() == Family.PROCESSES).as("family")
                .isEqualTo(servedBy.areProcesses());
        assertThat(design.work() != null).as("what its processes do").isEqualTo(
                servedBy == ServedBy.POOL_OF_PROCESSES || servedBy == ServedBy.JVM_PER_CLIENT);
        assertThat(design.forking() != null).as("what forks")
                .isEqualTo(servedBy == ServedBy.FORK_PER_CLIENT);
        assertThat(design.option("--max-children").isPresent())
                .isEqualTo(servedBy.isProcessPerClient());
        assertThat(design.scoreboard(3).workers()).isEqualTo(servedBy.isPool() ? 3 : 1);
        assertThat(design.scoreboard(3).fd() >= 0).as("shared")
                .isEqualTo(servedBy.areProcesses());
    }

    /// The command line takes an option before it knows the design.
    @Test
    void shouldMeanTheSameByOptionsOfTheSameName() {
        Map<String, Option> byName = new HashMap<>();
        for (Design design : Catalog.ENTRIES) {
            for (Option option : design.options()) {
                Option other = byName.merge(option.name(), option, (first, _) -> first);
                assertThat(option.names()).as(design.slug()).isEqualTo(other.names());
                assertThat(option.range()).as(design.slug()).isEqualTo(other.range());
                assertThat(option.isFlag()).as(design.slug()).isEqualTo(other.isFlag());
            }
        }
        assertThat(byName).containsKeys("--exclusive", "--queue", "--max-children");
    }
}
