// SPDX-License-Identifier: MIT
package csdesign.evidence;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;

/// A look at something that will change. A caller waits for the change and need not guess
/// how long it takes. When the change does not come, the error tells what was seen
/// instead.
///
/// @param <T> what is seen
@FunctionalInterface
public interface Look<T> {
    /// How long it is between two looks.
    long PAUSE_NANOS = 100_000;

    /// Long enough for a busy machine. A change that takes longer does not come at all.
    long LONGEST_NANOS = 30_000_000_000L;

    /// Looks once.
    ///
    /// @return what is seen now
    /// @throws IOException when it cannot be seen
    T now() throws IOException;

    /// Looks again and again, until what is seen is right.
    ///
    /// @param <T> what is seen
    /// @param what will be so then, for the message when it does not come
    /// @param look at it
    /// @param isSo whether it is right
    /// @return what was seen then
    /// @throws IOException when it cannot be seen, or is not right after
    ///     [#LONGEST_NANOS], or this thread is told to end
    static <T> T until(String what, Look<T> look, Predicate<? super T> isSo) throws IOException {
        return until(what, LONGEST_NANOS, look, isSo);
    }

    /// The same with another limit.
    ///
    /// @param <T> what is seen
    /// @param what will be so then, for the message when it does not come
    /// @param longestNanos the limit
    /// @param look at it
    /// @param isSo whether it is right
    /// @return what was seen then
    /// @throws IOException when it cannot be seen, or is not right by then, or this
    ///     thread is told to end
    static <T> T until(
            String what, long longestNanos, Look<T> look, Predicate<? super T> isSo)
            throws IOException {
        long begin = System.nanoTime();
        while (true) {
            T seen = look.now();
            if (isSo.test(seen)) {
                return seen;
            }
            if (System.nanoTime() - begin > longestNanos) {
                throw new IOException("waited %d ms until %s; seen last: %s".formatted(
                        TimeUnit.NANOSECONDS.toMillis(longestNanos), what, seen));
            }
            LockSupport.parkNanos(PAUSE_NANOS);
            if (Thread.currentThread().isInterrupted()) {
                throw new InterruptedIOException("interrupted while it waited until " + what);
            }
        }
    }
}
