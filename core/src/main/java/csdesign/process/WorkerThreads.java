// SPDX-License-Identifier: MIT
package csdesign.process;

import csdesign.kit.Limits;
import csdesign.kit.Log;
import csdesign.kit.Scoreboard;
import csdesign.kit.Server;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// The threads of a pool: started before the clients come, and waited for at the stop.
///
/// Each thread counts in its own row. [Workers] does the same with processes. A thread
/// need not be replaced, because it does not die alone.
public final class WorkerThreads {
    /// Address space for a thread's stack. The deepest call here needs a few KiB.
    private static final long STACK_BYTES = 256 * 1024;

    /// How long after the grace a thread may take to notice, in milliseconds: one that
    /// computes is not interrupted. Then the process ends without it.
    private static final long LEAVE_MILLIS = 1_000;

    private final Limits limits;
    private final List<Thread> threads = new ArrayList<>();

    private WorkerThreads(Limits limits) {
        this.limits = limits;
    }

    /// What each thread does.
    @FunctionalInterface
    public interface Work {
        /// Serves until the server is told to stop and its clients are answered.
        ///
        /// @param row where this thread counts
        /// @throws IOException when it cannot begin; the others go on
        void as(Scoreboard.Row row) throws IOException;
    }

    /// Starts `-n` threads.
    ///
    /// @param server how many, and where they count
    /// @param work what each does
    /// @return the threads
    /// @throws IOException when the system has not so many
    public static WorkerThreads start(Server server, Work work) throws IOException {
        WorkerThreads workers = new WorkerThreads(server.limits());
        Log log = new Log(server.slug());
        for (int i = 0; i < server.workers(); i++) {
            Scoreboard.Row row = server.scoreboard().row(i);
            row.ownedBy(ProcessHandle.current().pid());
            String name = "worker " + i;
            try {
                workers.threads.add(
                        Thread.ofPlatform()
                                .daemon()
                                .name(name)
                                .stackSize(STACK_BYTES)
                                .start(() -> run(work, row, name, log)));
            } catch (OutOfMemoryError noThread) {
                throw new IOException("no thread for " + name + " of " + server.workers() + ": "
                        + noThread.getMessage() + ". Raise the limit (ulimit -u), or lower -n",
                        noThread);
            }
        }
        return workers;
    }

    private static void run(Work work, Scoreboard.Row row, String name, Log log) {
        row.state(Scoreboard.State.WAITING);
        try {
            work.as(row);
        } catch (IOException e) {
            log.warn(name + " ends: " + e.getMessage());
        } finally {
            row.state(Scoreboard.State.ENDED);
        }
    }

    /// Waits after a stop until all have ended, or the grace is over.
    public void awaitEnd() {
        long most = TimeUnit.MILLISECONDS.toNanos(limits.graceMillis() + LEAVE_MILLIS);
        long begin = System.nanoTime();
        try {
            for (Thread thread : threads) {
                long left = TimeUnit.NANOSECONDS.toMillis(most - (System.nanoTime() - begin));
                thread.join(Math.max(1, left)); // 0 would be for ever
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
