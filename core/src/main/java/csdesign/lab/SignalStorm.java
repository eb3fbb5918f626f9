// SPDX-License-Identifier: MIT
package csdesign.lab;

import csdesign.posix.Errno;
import csdesign.posix.Signal;
import java.lang.foreign.Arena;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/// Many signals to this process, in bursts. One thread sends them, while another thread
/// collects garbage. Before each signal the sender changes a state, of which the signal
/// tells.
final class SignalStorm {
    /// After so many signals the sender waits until the handler has run, because signals
    /// that are pending merge into one. It does not wait after the last signal, which may
    /// find that the loop has seen the last state already.
    private static final int BURST = 20;

    private static final int SIGNALS_PER_COLLECTION = 1_000;
    private static final long LOOK_NANOS = 10_000;

    private final int signal;
    private final Thread sender = Thread.ofPlatform().unstarted(this::send);
    private final int last;
    private final LoopCounts counts;
    private final AtomicInteger state = new AtomicInteger();
    private final AtomicInteger collections = new AtomicInteger();

    /// Does not begin yet.
    ///
    /// @param signal its number
    /// @param last how many signals; the states are 1 to this number
    /// @param counts where the handler counts its runs
    SignalStorm(int signal, int last, LoopCounts counts) {
        this.signal = signal;
        this.last = last;
        this.counts = counts;
    }

    /// Begins. When all signals are sent, the subject says `sent` to the lab.
    void begin() {
        sender.start();
        Thread.ofPlatform().start(this::collect);
    }

    private void collect() {
        while (sender.isAlive()) {
            if (state.get() / SIGNALS_PER_COLLECTION > collections.get()) {
                System.gc();
                collections.incrementAndGet();
            } else {
                LockSupport.parkNanos(LOOK_NANOS);
            }
        }
    }

    private void send() {
        int pid = (int) ProcessHandle.current().pid();
        try (Arena arena = Arena.ofConfined()) {
            Errno errno = Errno.allocate(arena);
            while (state.get() < last) {
                int before = counts.handled;
                for (int i = 0; i < BURST; i++) {
                    state.incrementAndGet();
                    Signal.kill(errno, pid, signal);
                }
                while (state.get() < last && (counts.handled == before || isUncollected())) {
                    LockSupport.parkNanos(LOOK_NANOS);
                }
            }
        }
        SubjectMain.say("sent");
    }

    /// Whether the storm would end before its first collection.
    private boolean isUncollected() {
        return collections.get() == 0 && state.get() > SIGNALS_PER_COLLECTION;
    }

    /// Whether all signals are sent.
    ///
    /// @return true before it begins, too
    boolean isOver() {
        return !sender.isAlive();
    }

    /// Waits until all signals are sent, if it has begun.
    ///
    /// @throws InterruptedException when this thread is told to end
    void await() throws InterruptedException {
        sender.join();
    }

    /// The state now.
    ///
    /// @return the number of signals that were sent, or are about to be
    int state() {
        return state.get();
    }

    /// How often garbage was collected.
    ///
    /// @return since it began
    int collections() {
        return collections.get();
    }
}
