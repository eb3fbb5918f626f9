// SPDX-License-Identifier: MIT
package csdesign.bench;

import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// All processes that a bench has started. None of them outlives it: not after an exception, not
/// after Ctrl-C, and not after `kill -9`, which ends their standard input.
final class Children implements AutoCloseable {
    /// A terminal's Ctrl-C goes to all processes of the bench at once, and a child may have ended
    /// before this JVM has noticed its own signal.
    private static final long SIGNAL_MILLIS = 300;

    private final Set<Child> all = ConcurrentHashMap.newKeySet();
    private final Thread hook = new Thread(this::killAll, "end-children");
    private final Runnable onInterrupt;
    private final CountDownLatch interrupted = new CountDownLatch(1);

    /// None yet.
    ///
    /// @param onInterrupt run when a signal ends this JVM
    Children(Runnable onInterrupt) {
        this.onInterrupt = onInterrupt;
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /// Starts one, see [Child#start].
    Child start(String name, List<String> command, Cpus cpus) throws IOException {
        Child child = Child.start(name, command, cpus);
        all.add(child);
        if (interrupted.getCount() == 0) {
            child.kill(); // the hook may have looked before it was there
        }
        return child;
    }

    /// Ends one.
    void end(Child child) {
        child.close();
        all.remove(child);
    }

    /// Returns, unless this JVM is about to end by a signal: then what the children did is no news.
    void returnUnlessInterrupted() throws InterruptedException {
        if (interrupted.await(SIGNAL_MILLIS, TimeUnit.MILLISECONDS)) {
            Thread.currentThread().join(); // the JVM ends while this waits
        }
    }

    private void killAll() {
        interrupted.countDown();
        all.forEach(Child::kill);
        onInterrupt.run();
    }

    /// Ends all that are left, all at the same time.
    @Override
    public void close() {
        all.forEach(Child::endInput);
        all.forEach(this::end);
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException ending) {
            // The hook is at work.
        }
    }
}
