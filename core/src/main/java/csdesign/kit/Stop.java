// SPDX-License-Identifier: MIT
package csdesign.kit;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;

/// The wish to stop: no new connections, those in flight go on for the grace, then the
/// end.
///
/// The first SIGINT or SIGTERM is the wish; a second one ends the grace at once.
public final class Stop {
    private final long graceNanos;
    private final List<Runnable> watchers = new CopyOnWriteArrayList<>();
    private volatile boolean requested;
    private volatile long deadlineNanos;

    /// Not yet wished for.
    ///
    /// @param graceMillis how long those in flight may go on, in milliseconds
    public Stop(long graceMillis) {
        graceNanos = graceMillis * 1_000_000;
    }

    /// Wishes it, or, the second time, ends the grace. From any thread.
    public void request() {
        synchronized (this) {
            deadlineNanos = System.nanoTime() + (requested ? 0 : graceNanos);
            requested = true;
        }
        watchers.forEach(Runnable::run);
    }

    /// Whether the stop was wished for.
    ///
    /// @return once true, always true
    public boolean requested() {
        return requested;
    }

    /// Whether the grace is over.
    ///
    /// @return false before the wish
    public boolean graceIsOver() {
        return requested && System.nanoTime() - deadlineNanos >= 0;
    }

    /// When the grace ends.
    ///
    /// @return by [System#nanoTime]; meaningless before the wish
    public long deadlineNanos() {
        return deadlineNanos;
    }

    /// Runs something at the wish, and again when it is repeated.
    ///
    /// @param watcher must not block; run at once if the wish was there before
    /// @return what ends the watching
    public Watching watch(Runnable watcher) {
        watchers.add(watcher);
        if (requested) {
            watcher.run();
        }
        return () -> watchers.remove(watcher);
    }

    /// Waits for the wish.
    public void await() {
        CountDownLatch wished = new CountDownLatch(1);
        try (Watching _ = watch(wished::countDown)) {
            wished.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// Ends a watching.
    @FunctionalInterface
    public interface Watching extends AutoCloseable {
        @Override
        void close();
    }

    /// Lets SIGINT and SIGTERM wish it.
    ///
    /// A shutdown hook would be the JDK's documented way, but then the exit code is 130
    /// or 143 for a server that ended as asked, and a second Ctrl-C does nothing.
    /// `sun.misc.Signal` is in the module jdk.unsupported, made for such uses; it is
    /// reached by reflection since the compiler warns of its name whatever is suppressed.
    public void onSignals() {
        onSignal("INT", this::request);
        onSignal("TERM", this::request);
    }

    /// Lets SIGTERM alone wish it: for a worker, whose parent sends no other.
    void onTermination() {
        onSignal("TERM", this::request);
    }

    private static void onSignal(String name, Runnable action) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            Object request = Proxy.newProxyInstance(
                    handler.getClassLoader(),
                    new Class<?>[] {handler},
                    (proxy, method, arguments) -> {
                        action.run();
                        return null;
                    });
            signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance(name), request);
        } catch (InvocationTargetException taken) {
            // -Xrs, or a system without the signal: it ends the process as it always did.
            throw new IllegalStateException("cannot handle SIG" + name, taken.getCause());
        } catch (ReflectiveOperationException absent) {
            throw new IllegalStateException("this JDK lacks the module jdk.unsupported", absent);
        }
    }
}
