// SPDX-License-Identifier: MIT
package csdesign.drive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import csdesign.kit.Limits;
import csdesign.kit.Server;
import csdesign.kit.TestServers;
import csdesign.listen.ListeningSocket;
import java.io.IOException;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class ReadinessDriverTest {
    /// Beyond any limit on descriptors: to close such a one closes nothing.
    private static final int NO_DESCRIPTOR = 1 << 20;

    @Test
    void shouldWaitWithoutEndWhenNothingWillHappenByItself() throws IOException {
        Server server = TestServers.server(TestServers.BYTES, TestServers.PATIENT);
        try (ListeningSocket listener = ListeningSocket.open(server);
                ReadinessDriver driver = new ReadinessDriver(server, server.scoreboard().row(0))) {
            assertThat(driver.timeoutMillis(listener)).isEqualTo(-1);
            assertThat(driver.nextDue()).isEqualTo(ReadinessDriver.NONE);
            assertThat(driver.at(7)).isNull();
            assertThat(driver.isDone(listener)).isFalse();
            server.stop().request();
            assertThat(driver.timeoutMillis(listener)).as("to the end of the grace")
                    .isBetween(9_000, 10_100);
        }
    }

    @Test
    void shouldBeFullAtMaxConnections() throws IOException {
        Server server = TestServers.server(TestServers.BYTES,
                new Limits(16, 2, 60_000, 60_000, 10_000));
        try (ReadinessDriver driver = new ReadinessDriver(server, server.scoreboard().row(0))) {
            driver.open(NO_DESCRIPTOR);
            assertThat(driver.isFull()).isFalse();
            driver.open(NO_DESCRIPTOR + 1);
            assertThat(driver.isFull()).isTrue();
            driver.close(connection(driver, NO_DESCRIPTOR + 1));
            assertThat(driver.isFull()).isFalse();
            assertThat(server.scoreboard().accepted()).isEqualTo(2);
        }
    }

    /// A full house does not accept: then no call of accept finds that the queue is empty.
    @Test
    void shouldBeDoneWithoutTheGraceWhenTheHouseWasFullAtTheStop() throws IOException {
        Server server = TestServers.server(TestServers.BYTES,
                new Limits(16, 1, 60_000, 60_000, 60_000));
        try (ListeningSocket listener = ListeningSocket.open(server);
                ReadinessDriver driver = new ReadinessDriver(server, server.scoreboard().row(0))) {
            driver.open(NO_DESCRIPTOR);
            server.stop().request();
            listener.shut();
            assertThat(driver.isFull()).isTrue();
            assertThat(driver.isDone(listener)).isFalse();
            driver.close(connection(driver, NO_DESCRIPTOR));
            assertThat(listener.isEmptying()).as("so the loop asks, unreported").isTrue();
            assertThat(listener.accept()).isEqualTo(ListeningSocket.NONE);
            await("the end of the last call, when it asks once more").pollInSameThread()
                    .until(() -> listener.isEmptying() || !listener.isOpen());
            assertThat(listener.accept()).isEqualTo(ListeningSocket.NONE);
            assertThat(listener.isEmptying()).isFalse();
            assertThat(driver.isDone(listener)).isTrue();
        }
    }

    @Test
    void shouldBeDoneWhenTheGraceIsOver() throws IOException {
        Server server = TestServers.server(TestServers.BYTES,
                new Limits(16, 1, 60_000, 60_000, 60_000));
        try (ListeningSocket listener = ListeningSocket.open(server);
                ReadinessDriver driver = new ReadinessDriver(server, server.scoreboard().row(0))) {
            driver.open(NO_DESCRIPTOR);
            server.stop().signal();
            listener.shut();
            assertThat(driver.isDone(listener)).isFalse();
            server.stop().signal();
            assertThat(driver.isDone(listener)).isTrue();
            driver.tick();
            assertThat(driver.timeoutMillis(listener)).isZero();
        }
    }

    private static ReadinessDriver.Connection connection(ReadinessDriver driver, int fd) {
        return Objects.requireNonNull(driver.at(fd));
    }
}
