// SPDX-License-Identifier: MIT
package csdesign.harness;

import csdesign.kit.Limits;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/// Clients that ask until the server lets none of them in any more, and know what they may
/// expect of a server that is told to stop.
public final class LoadUntilStop {
    private static final int COUNT = 3000;

    private final AtomicLong answers = new AtomicLong();
    private final AtomicLong connections = new AtomicLong();
    private final AtomicLong resets = new AtomicLong();
    private final ConcurrentLinkedQueue<String> errors = new ConcurrentLinkedQueue<>();
    private final List<Thread> threads = new ArrayList<>();
    private final ServerProcess server;
    private final boolean newcomersMayBeReset;
    private volatile boolean signalled;
    private volatile long signalNanos;

    /// @param newcomersMayBeReset see [HonestDifferences#mayResetNewcomersAtStop]
    public LoadUntilStop(ServerProcess server, boolean newcomersMayBeReset) {
        this.server = server;
        this.newcomersMayBeReset = newcomersMayBeReset;
    }

    /// Begins.
    ///
    /// @param onePerRequest how many connect anew for each request
    /// @param keepingAlive how many keep their connection
    public void start(int onePerRequest, int keepingAlive) {
        for (int i = 0; i < onePerRequest + keepingAlive; i++) {
            int requests = i < onePerRequest ? 1 : Integer.MAX_VALUE;
            threads.add(Thread.ofPlatform().start(() -> run(requests)));
        }
    }

    /// SIGTERM to the process that was started.
    public void terminateServer() {
        beforeSignal();
        server.terminate();
    }

    /// The server is told in a moment.
    public void beforeSignal() {
        signalNanos = System.nanoTime();
        signalled = true;
    }

    /// Waits until every client has seen that the server is gone.
    public void join() throws InterruptedException {
        for (Thread thread : threads) {
            thread.join();
        }
    }

    /// Answers so far.
    public long answers() {
        return answers.get();
    }

    /// Connections so far, those that were reset among them.
    public long connections() {
        return connections.get();
    }

    /// Newcomers that were reset at the stop, where that may happen.
    public long resets() {
        return resets.get();
    }

    /// What must not have happened.
    public List<String> errors() {
        return List.copyOf(errors);
    }

    private void run(int requestsPerConnection) {
        while (errors.isEmpty()) {
            try (Client client = Client.of(server)) {
                connections.incrementAndGet();
                for (int i = 0; i < requestsPerConnection && ask(client); i++) {
                    answers.incrementAndGet();
                }
            } catch (ConnectException | SocketTimeoutException refused) {
                if (!signalled) {
                    errors.add("refused before the signal: " + refused);
                }
                return;
            } catch (SocketException reset) { // in connect already
                if (!(signalled && newcomersMayBeReset)) {
                    errors.add(reset.toString());
                }
            } catch (IOException e) {
                errors.add(e.toString());
            }
        }
    }

    /// How a request ended that got no answer, or not all of one.
    private enum Failure {
        /// After some bytes of the answer.
        CUT,
        /// By a RST, before the first byte.
        RESET,
        /// By the end of the stream, before the first byte.
        END;

        static Failure of(Throwable thrown, long bytesThatCame) {
            if (bytesThatCame > 0) {
                return CUT;
            }
            // Client wraps the exception of a reset; an end that comes too early has no cause.
            return thrown instanceof AssertionError && thrown.getCause() == null ? END : RESET;
        }
    }

    /// @return whether it was answered
    private boolean ask(Client client) throws IOException {
        long before = client.received();
        boolean isFirst = before == 0;
        boolean isOwedAnAnswer = true;
        try {
            client.send(COUNT + "\n");
            isOwedAnAnswer = isOwedAnAnswer(isFirst);
            client.expectAnswer(COUNT);
            return true;
        } catch (AssertionError | SocketException e) {
            long came = client.received() - before;
            Failure failure = Failure.of(e, came);
            if (!isAllowed(failure, isFirst, isOwedAnAnswer)) {
                errors.add((isFirst ? "first" : "later") + " request, sent "
                        + (System.nanoTime() - signalNanos) / 1_000 + " us after the signal, "
                        + came + " bytes came: " + e);
            } else if (failure == Failure.RESET && isFirst) {
                resets.incrementAndGet();
            }
            return false;
        }
    }

    private boolean isAllowed(Failure failure, boolean isFirst, boolean isOwedAnAnswer) {
        return switch (failure) {
            case CUT -> false;
            case RESET -> isFirst ? signalled && newcomersMayBeReset : !isOwedAnAnswer;
            case END -> !isOwedAnAnswer;
        };
    }

    /// Whether a request that is on the wire now must be answered: a client's first one until
    /// the last call is over (half of it, because the clocks differ), later ones until the
    /// signal. After that the connection may end in order between two answers.
    private boolean isOwedAnAnswer(boolean isFirst) {
        long most = isFirst ? TimeUnit.MILLISECONDS.toNanos(Limits.LAST_CALL_MILLIS / 2) : 0;
        return !signalled || System.nanoTime() - signalNanos < most;
    }
}
