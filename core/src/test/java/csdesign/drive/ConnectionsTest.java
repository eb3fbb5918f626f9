// SPDX-License-Identifier: MIT
package csdesign.drive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import csdesign.kit.Server;
import csdesign.kit.TestServers;
import csdesign.listen.ListeningSocket;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ConnectionsTest {
    /// Beyond any limit on descriptors: to close such a one closes nothing.
    private static final int NO_DESCRIPTOR = 1 << 20;
    private static final long HOUR_NANOS = 3_600_000_000_000L;

    /// Random deadlines, moved and removed at random, against a map that is searched from end to end.
    @Test
    void shouldFindEveryConnectionThatIsDueAndNoOther() throws IOException {
        for (long seed = 1; seed <= 30; seed++) {
            Random random = new Random(seed);
            Server server = TestServers.server(TestServers.BYTES, TestServers.PATIENT);
            try (ListeningSocket listener = ListeningSocket.open(server);
                    Connections connections = new Connections(server, server.scoreboard().row(0))) {
                Map<Connection, Long> model = new HashMap<>();
                List<Connection> open = new ArrayList<>();
                for (int i = 0; i < 2_000; i++) {
                    int action = random.nextInt(10);
                    if (action < 3 || open.isEmpty()) {
                        Connection connection = connections.open(NO_DESCRIPTOR + i);
                        assertThat(connections.at(NO_DESCRIPTOR + i)).isSameAs(connection);
                        open.add(connection);
                        model.put(connection, connection.deadlineNanos);
                    } else if (action < 8) {
                        Connection connection = open.get(random.nextInt(open.size()));
                        // In whole seconds around now: due, or not for a long while.
                        long deadline = connections.nowNanos()
                                + (random.nextInt(2_000) - 600) * 1_000_000_000L;
                        connections.deadline(connection, deadline);
                        model.put(connection, deadline);
                    } else if (action < 9) {
                        Connection connection = open.remove(random.nextInt(open.size()));
                        model.remove(connection);
                        connections.close(connection);
                        assertThat(connections.at(connection.fd())).isNull();
                    } else {
                        takeDue(connections, listener, model, open, random);
                    }
                }
                takeDue(connections, listener, model, open, random);
                assertThat(connections.all()).containsExactlyInAnyOrderElementsOf(open);
            }
        }
    }

    private static void takeDue(Connections connections, ListeningSocket listener,
            Map<Connection, Long> model, List<Connection> open, Random random) {
        for (Connection due; (due = connections.nextDue()) != null;) {
            assertThat(model.getOrDefault(due, Long.MAX_VALUE) - connections.nowNanos())
                    .isNotPositive();
            if (random.nextBoolean()) {
                connections.close(due);
                model.remove(due);
                open.remove(due);
            } else {
                connections.deadline(due, connections.nowNanos() + HOUR_NANOS);
                model.put(due, connections.nowNanos() + HOUR_NANOS);
            }
        }
        long first = model.values()
                .stream()
                .mapToLong(deadline -> deadline - connections.nowNanos())
                .min()
                .orElse(Long.MAX_VALUE);
        assertThat(first).as("nobody was passed over").isPositive();
        int timeoutMillis = connections.timeoutMillis(listener);
        if (first == Long.MAX_VALUE) {
            assertThat(timeoutMillis).isEqualTo(-1);
        } else {
            assertThat((timeoutMillis - 1) * 1_000_000L).as("it wakes in time").isLessThan(first);
            assertThat(timeoutMillis).as("it does not spin").isPositive();
        }
    }

    @Test
    void shouldWaitWithoutEndWhenNothingWillHappenByItself() throws IOException {
        Server server = TestServers.server(TestServers.BYTES, TestServers.PATIENT);
        try (ListeningSocket listener = ListeningSocket.open(server);
                Connections connections = new Connections(server, server.scoreboard().row(0))) {
            assertThat(connections.timeoutMillis(listener)).isEqualTo(-1);
            assertThat(connections.nextDue()).isNull();
            assertThat(connections.at(7)).isNull();
            assertThat(connections.isDone(listener)).isFalse();
            server.stop().request();
            assertThat(connections.timeoutMillis(listener)).as("to the end of the grace")
                    .isBetween(9_000, 10_100);
        }
    }

    @Test
    void shouldBeFullAtMaxConnections() throws IOException {
        Server server = TestServers.server(TestServers.BYTES,
                TestServers.PATIENT.withMaxConnections(2));
        try (Connections connections = new Connections(server, server.scoreboard().row(0))) {
            connections.open(NO_DESCRIPTOR);
            assertThat(connections.isFull()).isFalse();
            Connection second = connections.open(NO_DESCRIPTOR + 1);
            assertThat(connections.isFull()).isTrue();
            connections.close(second);
            assertThat(connections.isFull()).isFalse();
            assertThat(server.scoreboard().accepted()).isEqualTo(2);
        }
    }

    /// A full house does not accept: then nobody finds out by accept that the queue is empty.
    @Test
    void shouldBeDoneWithoutTheGraceWhenTheHouseWasFullAtTheStop() throws IOException {
        Server server = TestServers.server(TestServers.BYTES,
                TestServers.PATIENT.withMaxConnections(1).withGraceMillis(60_000));
        try (ListeningSocket listener = ListeningSocket.open(server);
                Connections connections = new Connections(server, server.scoreboard().row(0))) {
            Connection only = connections.open(NO_DESCRIPTOR);
            server.stop().request();
            listener.shut();
            assertThat(connections.isFull()).isTrue();
            assertThat(connections.isDone(listener)).isFalse();
            connections.close(only);
            assertThat(listener.isEmptying()).as("so the loop asks, unreported").isTrue();
            assertThat(listener.accept()).isEqualTo(ListeningSocket.NONE);
            await("the end of the last call, when it asks once more").pollInSameThread()
                    .until(() -> listener.isEmptying() || !listener.isOpen());
            assertThat(listener.accept()).isEqualTo(ListeningSocket.NONE);
            assertThat(listener.isEmptying()).isFalse();
            assertThat(connections.isDone(listener)).isTrue();
        }
    }

    @Test
    void shouldBeDoneWhenTheGraceIsOver() throws IOException {
        Server server = TestServers.server(TestServers.BYTES,
                TestServers.PATIENT.withMaxConnections(1).withGraceMillis(60_000));
        try (ListeningSocket listener = ListeningSocket.open(server);
                Connections connections = new Connections(server, server.scoreboard().row(0))) {
            connections.open(NO_DESCRIPTOR);
            server.stop().signal();
            listener.shut();
            assertThat(connections.isDone(listener)).isFalse();
            server.stop().signal();
            assertThat(connections.isDone(listener)).isTrue();
            connections.tick();
            assertThat(connections.timeoutMillis(listener)).isZero();
        }
    }
}
