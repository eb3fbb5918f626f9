// SPDX-License-Identifier: MIT
package csdesign.bench;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// A signal that ends a bench (Ctrl-C, SIGTERM, a terminal that closes), so that what was measured
/// by then is still printed and kept.
///
/// ```text
///   signal --> shutdown hook: the processes of the bench are told to end; waits
///                  main thread: notices, prints, writes, closes this --> the hook returns
///                                    the JVM ends with 128 and the signal's number
/// ```
public final class Interruption implements AutoCloseable {
    /// How long the processes of a bench have to end by themselves.
    private static final long END_MILLIS = 4_000;

    /// How long the main thread may need after that.
    private static final long FINISH_MILLIS = 20_000;

    private final CountDownLatch happened = new CountDownLatch(1);
    private final CountDownLatch finished = new CountDownLatch(1);
    private final List<Ending> endings = new CopyOnWriteArrayList<>();
    private final Thread hook = new Thread(this::finish, "interruption");

    /// From now on a signal waits until this is closed.
    public Interruption() {
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /// What is ended by it.
    interface Ending {
        /// Asks it to end.
        void ask();

        /// Ends it.
        void kill();
    }

    /// A signal has come while something was waited for.
    static final class HappenedException extends IOException {
        private static final long serialVersionUID = 1L;

        HappenedException() {
            super("interrupted");
        }
    }

    /// Whether a signal has come.
    ///
    /// @return once true, always true
    public boolean hasHappened() {
        return happened.getCount() == 0;
    }

    /// Whether it has come, or does so in this time.
    boolean happensWithin(long millis) throws InterruptedException {
        return happened.await(millis, TimeUnit.MILLISECONDS);
    }

    /// Ends something when it comes.
    void add(Ending ending) {
        endings.add(ending);
        if (hasHappened()) {
            ending.kill(); // the hook may have looked before it was there
        }
    }

    void remove(Ending ending) {
        endings.remove(ending);
    }

    /// As the hook does when the JVM is about to end.
    void finish() {
        happened.countDown();
        endings.forEach(Ending::ask);
        try {
            if (!finished.await(END_MILLIS, TimeUnit.MILLISECONDS)) {
                endings.forEach(Ending::kill);
                finished.await(FINISH_MILLIS, TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// All is done that must be done before the JVM ends.
    @Override
    public void close() {
        finished.countDown();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException ending) {
            // The hook is at work.
        }
    }
}
