// SPDX-License-Identifier: MIT
package csdesign.bench;

import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// All processes that a bench has started. None of them outlives it: not after an exception, not
/// after Ctrl-C, and not after `kill -9`, which ends their standard input.
final class Children implements AutoCloseable {
    /// A terminal's Ctrl-C goes to all processes of the bench at once, and a child may have ended
    /// before this JVM has noticed its own signal.
    private static final long SIGNAL_MILLIS = 300;

    private final Set<Child> all = ConcurrentHashMap.newKeySet();
    private final Interruption interruption;

    /// None yet.
    ///
    /// @param interruption ends them too
    Children(Interruption interruption) {
        this.interruption = interruption;
    }

    /// Starts one, see [Child#start].
    Child start(String name, List<String> command, Cpus cpus) throws IOException {
        Child child = Child.start(name, command, cpus);
        all.add(child);
        interruption.add(child);
        return child;
    }

    /// Ends one.
    void end(Child child) {
        child.close();
        all.remove(child);
        interruption.remove(child);
    }

    /// Returns, unless a signal ends this bench: then what the children did is no news.
    void returnUnlessInterrupted() throws InterruptedException, Interruption.HappenedException {
        if (interruption.happensWithin(SIGNAL_MILLIS)) {
            throw new Interruption.HappenedException();
        }
    }

    void throwIfInterrupted() throws Interruption.HappenedException {
        if (interruption.hasHappened()) {
            throw new Interruption.HappenedException();
        }
    }

    /// Ends all that are left, all at the same time.
    @Override
    public void close() {
        all.forEach(Child::ask);
        all.forEach(this::end);
    }
}
