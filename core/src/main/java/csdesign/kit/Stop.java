// SPDX-License-Identifier: MIT
package csdesign.kit;

import csdesign.posix.Arch;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// The request to stop a server. After it the server takes no new connections; answers in
/// flight may go on until the grace is over; then the server ends.
///
/// A worker, the end of `--control`'s input and a signal can each request the stop.
/// However often it is requested, it is one stop. Only the user can end the grace early:
/// by a second signal to the process that was started.
public final class Stop {
    /// For a stop whose grace another process ends: a year.
    public static final long ENDLESS_MILLIS = TimeUnit.DAYS.toMillis(365);

    private final long graceNanos;
    private final List<Runnable> watchers = new CopyOnWriteArrayList<>();
    private volatile boolean requested;
    private volatile long requestedNanos;
    private volatile long deadlineNanos;
    private volatile @Nullable IOException failure;
    private boolean signalled;

    /// Not yet requested.
    ///
    /// @param graceMillis how long those in flight may go on, in milliseconds
    public Stop(long graceMillis) {
        graceNanos = Math.multiplyExact(graceMillis, 1_000_000L);
    }

    /// Requests the stop. A second request changes nothing. From any thread.
    public void request() {
        begin(null);
    }

    private void begin(@Nullable IOException cause) {
        synchronized (this) {
            if (requested) {
                return;
            }
            failure = cause;
            requestedNanos = System.nanoTime();
            deadlineNanos = requestedNanos + graceNanos;
            requested = true;
        }
        watchers.forEach(Runnable::run);
    }

    /// The user has sent a signal. The first one requests the stop; a further one ends
    /// the grace. From any thread.
    public void signal() {
        boolean again;
        synchronized (this) {
            again = signalled;
            signalled = true;
        }
        request();
        if (again) {
            deadlineNanos = System.nanoTime();
            watchers.forEach(Runnable::run);
        }
    }

    /// Requests the stop because the server cannot go on. Without effect when the stop
    /// was requested before.
    ///
    /// @param cause what the server ends with: see [#throwFailure]
    public void fail(IOException cause) {
        begin(cause);
    }

    /// Why the server could not go on.
    ///
    /// @return null when it could
    public @Nullable IOException failure() {
        return failure;
    }

    /// Ends a server that could not go on, once those in flight are answered.
    ///
    /// @throws IOException the cause, when there is one
    public void throwFailure() throws IOException {
        IOException cause = failure;
        if (cause != null) {
            throw cause;
        }
    }

    /// Whether the stop was requested.
    ///
    /// @return once true, always true
    public boolean requested() {
        return requested;
    }

    /// Whether the grace is over.
    ///
    /// @return false before the stop
    public boolean graceIsOver() {
        return requested && System.nanoTime() - deadlineNanos >= 0;
    }

    /// When the stop was requested.
    ///
    /// @return by [System#nanoTime]; meaningless before the stop
    public long requestedNanos() {
        return requestedNanos;
    }

    /// When the grace ends.
    ///
    /// @return by [System#nanoTime]; meaningless before the stop
    public long deadlineNanos() {
        return deadlineNanos;
    }

    /// Runs something at the stop, and again when the user ends the grace.
    ///
    /// @param watcher must not block; run at once if the stop was requested before
    /// @return what ends the watching
    public Watching watch(Runnable watcher) {
        watchers.add(watcher);
        if (requested) {
            watcher.run();
        }
        return () -> watchers.remove(watcher);
    }

    /// Waits for the stop.
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

    /// Lets SIGTERM, SIGINT and SIGHUP request the stop. SIGINT and SIGHUP stay ignored
    /// when this process was started with them ignored: a shell does that for a process
    /// in its background, because of Ctrl-C, and nohup because of the end of the
    /// terminal. SIGTERM always counts.
    ///
    /// Where system calls are allowed, a [SignalListener] hears them, even when the
    /// system has no thread left.
    ///
    /// @throws IOException when there is no descriptor or no memory for it
    public void onSignals() throws IOException {
        if (Arch.isUsable()) {
            SignalListener.start(this);
            return;
        }
        for (String name : List.of("TERM", "INT", "HUP")) {
            onSignal(name, this::signal);
        }
    }

    /// By the JDK's own means, which start a thread for each signal.
    ///
    /// A shutdown hook would be the documented way, but then the exit code is 130 or 143
    /// for a server that ended as asked, and a second Ctrl-C does nothing.
    /// `sun.misc.Signal` is in the module jdk.unsupported, made for such uses; it is
    /// reached by reflection since the compiler warns of its name whatever is suppressed.
    private static void onSignal(String name, Runnable action) throws IOException {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            Object request = Proxy.newProxyInstance(
                    handler.getClassLoader(),
                    new Class<?>[] {handler},
                    (_, _, _) -> {
                        action.run();
                        return null;
                    });
            signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance(name), request);
        } catch (InvocationTargetException taken) {
            throw new IOException("cannot handle SIG" + name + ": it is taken"
                    + ". Leave out -Xrs, or add --enable-native-access=ALL-UNNAMED", taken);
        } catch (ReflectiveOperationException absent) {
            throw new IOException("this JDK lacks the module jdk.unsupported", absent);
        }
    }
}
