// SPDX-License-Identifier: MIT
package csdesign.evidence;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.concurrent.locks.LockSupport;

/// Something that becomes true, so that nobody has to guess how long it takes.
@FunctionalInterface
public interface Condition {
    /// How long it is between two looks.
    long LOOK_NANOS = 100_000;

    /// Long enough for a busy machine: who waits longer waits for what does not come.
    long LONGEST_NANOS = 30_000_000_000L;

    /// Looks.
    ///
    /// @return whether it is true
    /// @throws IOException when it cannot be seen
    boolean holds() throws IOException;

    /// Waits until it is true.
    ///
    /// @param what it is, for the message when it does not come
    /// @param condition looks
    /// @throws IOException when it cannot be seen, or is not true after
    ///     [#LONGEST_NANOS], or this thread shall end
    static void await(String what, Condition condition) throws IOException {
        await(what, LONGEST_NANOS, condition);
    }

    /// The same with another limit.
    ///
    /// @param what it is, for the message when it does not come
    /// @param longestNanos the limit
    /// @param condition looks
    /// @throws IOException when it cannot be seen, or is not true by then, or this thread
    ///     shall end
    static void await(String what, long longestNanos, Condition condition) throws IOException {
        long begin = System.nanoTime();
        while (!condition.holds()) {
            LockSupport.parkNanos(LOOK_NANOS);
            if (Thread.currentThread().isInterrupted()) {
                throw new InterruptedIOException("interrupted while it waited: " + what);
            }
            if (System.nanoTime() - begin > longestNanos) {
                throw new IOException(
                        "not so after " + longestNanos / 1_000_000 + " ms: " + what);
            }
        }
    }
}
