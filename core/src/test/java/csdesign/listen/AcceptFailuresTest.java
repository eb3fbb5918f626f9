// SPDX-License-Identifier: MIT
package csdesign.listen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import csdesign.kit.Log;
import csdesign.kit.Server;
import csdesign.kit.TestServers;
import csdesign.listen.AcceptFailures.Verdict;
import csdesign.posix.Errno;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What is done and said when accept fails, by a clock that stands still until it is moved.
class AcceptFailuresTest {
    private final Server server;
    private final AcceptFailures failures;
    private final ByteArrayOutputStream said = new ByteArrayOutputStream();
    private final PrintStream err = System.err;
    private long nowNanos;

    AcceptFailuresTest() throws IOException {
        server = TestServers.server(TestServers.BYTES, TestServers.PATIENT);
        failures = new AcceptFailures(server, new Log(server), () -> nowNanos);
    }

    @BeforeEach
    void listen() {
        System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
    }

    @AfterEach
    void listenNoMore() {
        System.setErr(err);
    }

    private String said() {
        return said.toString(StandardCharsets.UTF_8);
    }

    private void pass(long millis) {
        nowNanos += TimeUnit.MILLISECONDS.toNanos(millis);
    }

    /// Accept fails, and is tried again after each pause.
    private Verdict failFor(int errno, long millis) {
        Verdict verdict = failures.judge(errno);
        for (long passed = 0; passed < millis; passed += AcceptFailures.PAUSE_MILLIS) {
            pass(AcceptFailures.PAUSE_MILLIS);
            verdict = failures.judge(errno);
        }
        return verdict;
    }

    @Test
    void shouldGoOnAtTheEndOfTheQueueAndAfterASignal() {
        assertThat(failures.judge(Errno.EAGAIN)).isEqualTo(Verdict.EMPTY);
        for (int i = 0; i < 100; i++) {
            assertThat(failures.judge(Errno.EINTR)).isEqualTo(Verdict.AGAIN);
        }
        assertThat(said()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {
            Errno.ECONNABORTED, Errno.ECONNRESET, Errno.EPROTO, Errno.EPERM, Errno.ENETDOWN,
            Errno.ENETUNREACH, Errno.ENOPROTOOPT, Errno.EHOSTDOWN, Errno.EHOSTUNREACH, Errno.ENONET,
            Errno.EOPNOTSUPP, Errno.ETIMEDOUT})
    void shouldPassOverAConnectionThatDiedAndNotSpin(int errno) {
        for (int i = 0; i < AcceptFailures.MOST_AT_ONCE; i++) {
            assertThat(failures.judge(errno)).isEqualTo(Verdict.AGAIN);
        }
        assertThat(said()).isEmpty();
        assertThat(failures.judge(errno)).as("so many died in a row?").isEqualTo(Verdict.PAUSE);
        assertThat(said()).contains(Errno.name(errno));
        failures.success();
        assertThat(failures.judge(errno)).isEqualTo(Verdict.AGAIN);
    }

    @ParameterizedTest
    @ValueSource(ints = {Errno.EMFILE, Errno.ENFILE, Errno.ENOBUFS, Errno.ENOMEM})
    void shouldWaitForOthersToLeaveHoweverLongItTakes(int errno) {
        assertThat(failFor(errno, 60_000)).isEqualTo(Verdict.PAUSE);
        assertThat(said()).contains(Errno.description(errno)).contains("ulimit -n");
        server.stop().request();
        assertThat(failures.judge(errno)).as("those who wait are let in").isEqualTo(Verdict.PAUSE);
        assertThat(server.stop().failure()).isNull();
    }

    @ParameterizedTest
    @ValueSource(ints = {Errno.EINVAL, Errno.ENOSYS, Errno.EBADF, Errno.ENOTSOCK, 999})
    void shouldSayWhatIsUnknownOnceAndPause(int errno) {
        assertThat(failFor(errno, AcceptFailures.LASTING_MILLIS - AcceptFailures.PAUSE_MILLIS))
                .isEqualTo(Verdict.PAUSE);
        assertThat(said()).containsOnlyOnce("accept: " + Errno.name(errno)).containsOnlyOnce("\n");
        assertThat(server.stop().requested()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(ints = {Errno.EINVAL, Errno.EPERM, Errno.ECONNABORTED})
    void shouldEndTheServerWithTheNameOfWhatLasts(int errno) {
        for (int i = 0; i < AcceptFailures.MOST_AT_ONCE; i++) {
            failures.judge(errno);
        }
        assertThat(failFor(errno, AcceptFailures.LASTING_MILLIS)).isEqualTo(Verdict.GIVE_UP);
        assertThat(server.stop().requested()).isTrue();
        assertThat(server.stop().graceIsOver()).as("those in flight have it").isFalse();
        assertThatThrownBy(() -> server.stop().throwFailure())
                .hasMessageStartingWith("accept: " + Errno.name(errno) + ": ");
        assertThat(server.scoreboard().acceptError()).isEqualTo(errno);
    }

    @Test
    void shouldBeginAnewAfterASuccessOrAnEmptyQueueOrAWhileWithoutFailures() {
        long most = AcceptFailures.LASTING_MILLIS - AcceptFailures.PAUSE_MILLIS;
        failFor(Errno.EINVAL, most);
        failures.success();
        assertThat(failFor(Errno.EINVAL, most)).isEqualTo(Verdict.PAUSE);
        failures.judge(Errno.EAGAIN);
        assertThat(failFor(Errno.EINVAL, most)).isEqualTo(Verdict.PAUSE);
        pass(AcceptFailures.GAP_MILLIS + 1); // it waited, or was full: accept was not asked
        assertThat(failFor(Errno.EINVAL, most)).isEqualTo(Verdict.PAUSE);
    }

    @Test
    void shouldNotTakeWhatComesNowAndThenForWhatLasts() {
        for (int i = 0; i < AcceptFailures.MOST_AT_ONCE; i++) {
            pass(AcceptFailures.GAP_MILLIS);
            assertThat(failures.judge(Errno.EINVAL)).isEqualTo(Verdict.PAUSE);
        }
        assertThat(server.stop().requested()).isFalse();
    }

    @Test
    void shouldNotWaitAtAStopAndLeaveTheStopAsItIs() {
        server.stop().request();
        assertThat(failures.judge(Errno.EINVAL)).isEqualTo(Verdict.GIVE_UP);
        assertThat(server.stop().failure()).as("the user's wish came first").isNull();
        assertThat(server.stop().graceIsOver()).as("it is no second wish").isFalse();
        assertThat(server.scoreboard().acceptError()).isZero();
    }

    @Test
    void shouldNotWaitForWhatAnotherOneOfThePoolHasWaitedFor() {
        server.scoreboard().acceptError(Errno.EINVAL);
        assertThat(failures.judge(Errno.EINVAL)).isEqualTo(Verdict.GIVE_UP);
        assertThat(said()).isEmpty();
    }

    @Test
    void shouldSayOneLineForAllWhoAcceptTogether() {
        AcceptFailures other = new AcceptFailures(server, new Log(server), () -> nowNanos);
        failures.judge(Errno.EINVAL);
        other.judge(Errno.EINVAL);
        assertThat(said()).containsOnlyOnce("EINVAL");
    }
}
