// SPDX-License-Identifier: MIT
package csdesign.bench;

import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// All processes that a bench has started. None of them outlives it: not after an exception, not
/// after Ctrl-C, and not after `kill -9`, which ends their standard input.
final class BenchProcesses implements AutoCloseable {
    /// How long this JVM may take to notice a signal. A terminal's Ctrl-C goes to all processes of
    /// the bench at once, and another one may have ended by then.
    private static final long SIGNAL_MILLIS = 300;

    private final Set<BenchProcess> all = ConcurrentHashMap.newKeySet();
    private final Interruption interruption;

    /// None yet.
    ///
    /// @param interruption ends them too
    BenchProcesses(Interruption interruption) {
        this.interruption = interruption;
    }

    /// Starts one, see [BenchProcess#start].
    BenchProcess start(String name, List<String> command, Cpus cpus) throws IOException {
        BenchProcess process = BenchProcess.start(name, command, cpus);
        all.add(process);
        interruption.add(process);
        return process;
    }

    /// Ends one.
    void end(BenchProcess process) {
        process.close();
        all.remove(process);
        interruption.remove(process);
    }

    /// Ends the bench when a signal has come.
    ///
    /// @throws Interruption.HappenedException then
    void throwIfInterrupted() throws Interruption.HappenedException {
        if (interruption.hasHappened()) {
            throw new Interruption.HappenedException();
        }
    }

    /// One of the processes has failed. A signal to all of them may be the cause: then it reaches
    /// this JVM too, within [#SIGNAL_MILLIS], and the failure says nothing about a server.
    ///
    /// @throws Interruption.HappenedException when a signal has come by then
    void throwIfASignalIsTheCause() throws InterruptedException, Interruption.HappenedException {
        if (interruption.happensWithin(SIGNAL_MILLIS)) {
            throw new Interruption.HappenedException();
        }
    }

    /// Ends all that are left, all at the same time.
    @Override
    public void close() {
        all.forEach(BenchProcess::ask);
        all.forEach(this::end);
    }
}
