// SPDX-License-Identifier: MIT
package csdesign.lab;

import csdesign.posix.Errno;
import csdesign.posix.Signal;
import java.lang.foreign.Arena;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/// Signals to this process in bursts, from one thread, while another collects garbage.
/// Each tells of a state that was changed before.
final class SignalStorm {
    /// After so many it waits for the handler, or nearly all of them would be one; but
    /// not after the last, which may find the loop content.
    private static final int BURST = 20;

    private static final int SIGNALS_PER_COLLECTION = 1_000;
    private static final long LOOK_NANOS = 10_000;

    private final int signal;
    private final Thread sender = Thread.ofPlatform().unstarted(this::send);
    private final int last;
    private final Tally tally;
    private final AtomicInteger state = new AtomicInteger();
    private final AtomicInteger collections = new AtomicInteger();

    /// Not begun yet.
    ///
    /// @param signal its number
    /// @param last how many; the last state is this too, and the first is 1
    /// @param tally where the handler counts its runs
    SignalStorm(int signal, int last, Tally tally) {
        this.signal = signal;
        this.last = last;
        this.tally = tally;
    }

    /// Begins. Its end is said: `sent`.
    void begin() {
        sender.start();
        Thread.ofPlatform().start(() -> {
            while (sender.isAlive()) {
                if (state.get() / SIGNALS_PER_COLLECTION > collections.get()) {
                    System.gc();
                    collections.incrementAndGet();
                } else {
                    LockSupport.parkNanos(LOOK_NANOS);
                }
            }
        });
    }

    private void send() {
        int pid = (int) ProcessHandle.current().pid();
        try (Arena arena = Arena.ofConfined()) {
            Errno errno = Errno.allocate(arena);
            while (state.get() < last) {
                int before = tally.handled;
                for (int i = 0; i < BURST; i++) {
                    state.incrementAndGet();
                    Signal.kill(errno, pid, signal);
                }
                while (state.get() < last && (tally.handled == before || isUncollected())) {
                    LockSupport.parkNanos(LOOK_NANOS);
                }
            }
        }
        SubjectMain.say("sent");
    }

    private boolean isUncollected() {
        return collections.get() == 0 && state.get() > SIGNALS_PER_COLLECTION;
    }

    boolean isOver() {
        return !sender.isAlive();
    }

    /// Waits for its end, if it has begun.
    void await() throws InterruptedException {
        sender.join();
    }

    int state() {
        return state.get();
    }

    int collections() {
        return collections.get();
    }
}
