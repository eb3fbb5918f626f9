// SPDX-License-Identifier: MIT
package csdesign.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import csdesign.harness.Client;
import csdesign.harness.EveryDesign;
import csdesign.harness.ServerProcess;
import csdesign.harness.Subject;
import java.io.IOException;
import java.net.SocketException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;

/// Slow clients meet deadlines: an idle one is closed, a request must be complete in time
/// whatever dribbles in, an answer must be read. Who makes progress is left alone.
@Order(1)
@EveryDesign
record DeadlineContract(Subject subject) {
    /// Far enough apart that a busy machine cannot mistake one for the other.
    private static final String[] IDLE_SHORT = {"--idle-timeout", "0.4"};

    private static final String[] REQUEST_SHORT = {"--strict", "--request-timeout", "0.4"};
    private static final long SHORT_MILLIS = 400;

    /// A deadline may come late on a busy machine, by as much as this; never the default
    /// 20 or 60 s.
    private static final long LATE_MILLIS = 6_000;

    @Test
    void shouldCloseAClientThatNeverAsks() throws IOException {
        try (Client client = Client.of(subject.server(IDLE_SHORT))) {
            long begin = System.nanoTime();
            client.expectEnd();
            expectInTime(begin);
        }
    }

    @Test
    void shouldCountIdleTimeFromTheLastAnswer() throws Exception {
        try (Client client = Client.of(subject.server(IDLE_SHORT))) {
            long begin = System.nanoTime();
            while (millisSince(begin) < 2 * SHORT_MILLIS) {
                client.send("64\n").expectAnswer(64);
                TimeUnit.MILLISECONDS.sleep(20);
            }
            client.send("64\n").expectAnswer(64);
            // The clock runs from the answer's last write, a moment before it was read here.
            long answered = System.nanoTime();
            client.expectEnd();
            expectInTime(answered);
        }
    }

    @Test
    void shouldEndARequestThatDribblesIn() throws Exception {
        try (Client client = Client.of(subject.server(REQUEST_SHORT))) {
            long begin = System.nanoTime();
            FutureTask<Void> dribble = dribble(client);
            assertThat(client.readLine()).startsWith("ERR ").contains("time");
            expectInTime(begin);
            client.expectEnd();
            client.leave();
            dribble.get();
        }
    }

    @Test
    void shouldSayWhyToADribblerThatListensLate() throws Exception {
        try (Client client = Client.of(subject.server(REQUEST_SHORT))) {
            long begin = System.nanoTime();
            // It goes on for a while after the server has given up. That must not become a RST,
            // which would destroy the server's last line.
            while (millisSince(begin) < 2 * SHORT_MILLIS) {
                client.send("0");
                TimeUnit.MILLISECONDS.sleep(50);
            }
            assertThat(client.readLine()).startsWith("ERR ").contains("time");
            client.expectEnd();
        }
    }

    @Test
    void shouldEndARequestWhoseRestNeverComes() throws IOException {
        try (Client client = Client.of(subject.server(REQUEST_SHORT))) {
            client.send("5\n30").expectAnswer(5);
            assertThat(client.readLine()).startsWith("ERR ").contains("time");
            client.expectEnd();
        }
    }

    @Test
    void shouldNotLetOneRequestCountAgainstTheNext() throws Exception {
        try (Client client = Client.of(subject.server(REQUEST_SHORT))) {
            long begin = System.nanoTime();
            client.send("1");
            // Each send ends a request and begins another: each one's clock begins anew.
            while (millisSince(begin) < 2 * SHORT_MILLIS) {
                client.send("\n1").expectAnswer(1);
                TimeUnit.MILLISECONDS.sleep(20);
            }
            client.send("\n").expectAnswer(1);
        }
    }

    @Test
    void shouldCutAClientThatDoesNotReadItsAnswer() throws IOException {
        ServerProcess server = subject.ownServer(IDLE_SHORT);
        int before = server.descriptors();
        try (Client client = Client.withSmallWindow(server)) {
            long asked = 64L * 1024 * 1024;
            client.send(asked + "\n");
            await("the answer to begin").atMost(ServerProcess.PATIENCE).until(client::hasBytes);
            await("the server to let go").atMost(ServerProcess.PATIENCE)
                    .until(() -> server.descriptors() <= before);
            assertThat(client.drain()).isLessThan(asked);
        }
    }

    @Test
    void shouldNotCutAClientThatReadsSlowly() throws Exception {
        ServerProcess server = subject.server(IDLE_SHORT);
        try (Client client = Client.withSmallWindow(server)) {
            long megabyte = 1024 * 1024;
            long asked = 25 * megabyte; // more than the kernel's buffers take at once
            long begin = System.nanoTime();
            client.send(asked + "\n");
            for (long at = 0; at < asked; at += megabyte) {
                client.expectPart(at, at + megabyte);
                TimeUnit.MILLISECONDS.sleep(40);
            }
            assertThat(millisSince(begin)).isGreaterThan(2 * SHORT_MILLIS);
        }
    }

    @Test
    void shouldNotCountAnAnswersOwnWaitAsIdle() throws IOException {
        try (Client client = Client.of(subject.server("--idle-timeout", "0.2", "--wait", "600"))) {
            client.send("3000\n").expectAnswer(3000);
        }
    }

    private static FutureTask<Void> dribble(Client client) {
        FutureTask<Void> dribble = new FutureTask<>(() -> {
            try {
                for (int i = 0; i < 200; i++) {
                    client.send("0");
                    TimeUnit.MILLISECONDS.sleep(50);
                }
            } catch (SocketException closed) {
                // the server hung up, or the test is over
            }
            return null;
        });
        Thread.ofVirtual().start(dribble);
        return dribble;
    }

    private static void expectInTime(long begin) {
        assertThat(millisSince(begin)).isBetween(SHORT_MILLIS - 50, SHORT_MILLIS + LATE_MILLIS);
    }

    private static long millisSince(long begin) {
        return (System.nanoTime() - begin) / 1_000_000;
    }
}
