// SPDX-License-Identifier: MIT
package csdesign.process;

import static csdesign.posix.Errno.check;

import csdesign.cost.Costs;
import csdesign.kit.Log;
import csdesign.kit.Scoreboard;
import csdesign.kit.Server;
import csdesign.listen.AcceptFailures;
import csdesign.listen.StopDescriptor;
import csdesign.posix.Errno;
import csdesign.posix.Signal;
import csdesign.posix.SysPoll;
import csdesign.posix.SysWait;
import csdesign.spawn.ChildEnds;
import csdesign.spawn.JavaProgram;
import csdesign.spawn.Lifeline;
import csdesign.spawn.Spawner;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// The processes of a pool, as their parent sees them: it starts them all at once,
/// replaces one that dies, and stops them.
///
/// ```text
///   parent --posix_spawn--> worker 0   descriptors: 3 scoreboard, 4 lifeline,
///     |    --posix_spawn--> worker 1                5 ... the design's own
///     +-- ChildEnds: readable when one has died
/// ```
///
/// **Replacing.** The first worker that dies is replaced after [#FIRST_BACKOFF_MILLIS].
/// After each further death soon after, the wait is twice as long, up to
/// [#MOST_BACKOFF_MILLIS]: a worker that cannot live must not take the machine from the
/// others. Its row of the scoreboard keeps its counts. A worker that can never accept
/// again is not replaced: the server ends.
///
/// One thread uses this object, and the thread must live as long as the workers: the
/// kernel ends them together with the thread that started them.
public final class Workers implements AutoCloseable {
    /// The first wait before a worker is replaced, in milliseconds.
    private static final long FIRST_BACKOFF_MILLIS = 50;

    /// The longest one.
    private static final long MOST_BACKOFF_MILLIS = 5_000;

    /// A worker that lived at least this long is assumed to have died of a new cause: its
    /// back-off starts again at [#FIRST_BACKOFF_MILLIS].
    private static final long LIVED_MILLIS = 5_000;

    /// The longest wait: a grace may be longer than poll(2) can wait.
    private static final int MOST_WAIT_MILLIS = 60_000;

    /// How often those who start are looked at.
    private static final int READY_MILLIS = 2;

    private final Server server;
    private final Spawner spawner;
    private final Descriptors descriptors;
    private final StopDescriptor stop;
    private final Log log;
    private final Arena arena = Arena.ofConfined();
    private final Errno errno = Errno.allocate(arena);
    private final MemorySegment polled = arena.allocate(2L * SysPoll.POLLFD_BYTES, 8);
    private final List<Slot> slots = new ArrayList<>();
    private final ChildEnds ends;
    private final Lifeline lifeline = new Lifeline();
    private boolean stopping;

    /// What is handed to a worker.
    @FunctionalInterface
    public interface Descriptors {
        /// The descriptors for a worker that is about to be started, for the first time
        /// or again. They stay the parent's too.
        ///
        /// @param worker its number
        /// @return at [Worker#fd] 0, 1, ...
        /// @throws IOException when they cannot be made
        int[] of(int worker) throws IOException;
    }

    private static final class Slot {
        final int index;
        int pid;
        boolean alive;
        long startNanos;
        long restartNanos;
        long backoffMillis;

        Slot(int index) {
            this.index = index;
        }
    }

    private Workers(Server server, Class<?> design, Descriptors descriptors) throws IOException {
        this.server = server;
        this.descriptors = descriptors;
        log = new Log(server.slug());
        spawner = new Spawner(
                JavaProgram.of(design)
                        .collectingSerially()
                        .withDefault("--enable-native-access=ALL-UNNAMED", "native-access")
                        .withDefault("-Xmn16m", "-Xmn|NewSize|NewRatio|Use[ZG]")
                        .withDefault("-XX:-UsePerfData", "UsePerfData")
                        .deafToSignals(),
                Worker.PARENTS_SIGNALS);
        stop = StopDescriptor.of(server.stop());
        ends = new ChildEnds(log);
    }

    /// Starts `-n` workers, all at once. [#awaitReady] waits for them.
    ///
    /// @param server what they serve
    /// @param design whose `main` they run
    /// @param descriptors what each is handed
    /// @return the workers
    /// @throws IOException when one cannot be started
    public static Workers start(Server server, Class<?> design, Descriptors descriptors)
            throws IOException {
        Workers workers = new Workers(server, design, descriptors);
        try {
            for (int i = 0; i < server.workers(); i++) {
                Slot slot = new Slot(i);
                workers.slots.add(slot);
                workers.spawn(slot);
            }
            return workers;
        } catch (IOException e) {
            workers.close();
            throw e;
        }
    }

    /// Waits until all accept.
    ///
    /// @throws IOException when one ends before
    public void awaitReady() throws IOException {
        for (Slot slot : slots) {
            while (row(slot).state() == Scoreboard.State.ABSENT && !server.stop().requested()) {
                if (wait(READY_MILLIS)) {
                    requireAlive();
                }
            }
        }
    }

    private void requireAlive() throws IOException {
        for (Slot slot : slots) {
            int status = ends.reap(slot.pid);
            if (status >= 0) {
                forget(slot);
                throw new IOException("worker " + slot.index + " ended before it was ready ("
                        + SysWait.describe(status) + ")");
            }
        }
    }

    /// Replaces workers that die, until the server is told to stop.
    ///
    /// @throws IOException when the parent's own descriptors fail it
    public void keep() throws IOException {
        while (!server.stop().requested()) {
            wait(timeoutMillis());
            tend();
        }
    }

    /// A descriptor that is readable when a worker has died: then [#tend].
    ///
    /// @return for poll or epoll
    public int fd() {
        return ends.fd();
    }

    /// When something is to be done by itself: then [#tend].
    ///
    /// @return milliseconds for poll; -1 when nothing is
    public int timeoutMillis() {
        long nanos = Long.MAX_VALUE;
        if (stopping) {
            nanos = server.stop().deadlineNanos() - System.nanoTime();
        }
        for (Slot slot : slots) {
            if (!slot.alive && !stopping) {
                nanos = Math.min(nanos, slot.restartNanos - System.nanoTime());
            }
        }
        int look = ends.timeoutMillis();
        if (nanos == Long.MAX_VALUE) {
            return look;
        }
        int millis = Math.clamp((nanos + 999_999) / 1_000_000, 0, MOST_WAIT_MILLIS);
        return look < 0 ? millis : Math.min(millis, look);
    }

    /// Takes note of the dead, and replaces those whose time has come.
    ///
    /// @throws IOException when the parent's own descriptors fail it
    public void tend() throws IOException {
        for (Slot slot : slots) {
            if (slot.alive) {
                reap(slot);
            }
            if (!slot.alive && !stopping && System.nanoTime() - slot.restartNanos >= 0) {
                restart(slot);
            }
        }
    }

    /// Whether a worker lives.
    ///
    /// @param worker its number
    /// @return false from its death to its replacement
    public boolean isAlive(int worker) {
        return slots.get(worker).alive;
    }

    private void reap(Slot slot) {
        int status = ends.reap(slot.pid);
        if (status < 0) {
            return;
        }
        forget(slot);
        if (stopping) {
            return;
        }
        if (server.scoreboard().acceptError() != 0) { // its replacement would fare no better
            server.stop().fail(AcceptFailures.forGood(server.scoreboard().acceptError()));
            return;
        }
        boolean lived = System.nanoTime() - slot.startNanos > LIVED_MILLIS * 1_000_000;
        slot.backoffMillis = lived || slot.backoffMillis == 0
                ? FIRST_BACKOFF_MILLIS
                : Math.min(2 * slot.backoffMillis, MOST_BACKOFF_MILLIS);
        slot.restartNanos = System.nanoTime() + slot.backoffMillis * 1_000_000;
        log.warn("worker " + slot.index + " (pid " + slot.pid + ") ended by "
                + SysWait.describe(status) + ": replaced in "
                + slot.backoffMillis + " ms; its clients are lost, the others go on");
    }

    private void restart(Slot slot) {
        try {
            spawn(slot);
        } catch (IOException e) {
            slot.backoffMillis = Math
                    .min(Math.max(2 * slot.backoffMillis, FIRST_BACKOFF_MILLIS),
                            MOST_BACKOFF_MILLIS);
            slot.restartNanos = System.nanoTime() + slot.backoffMillis * 1_000_000;
            log.warn("worker " + slot.index + " cannot be started: " + e.getMessage()
                    + ": tried again in " + slot.backoffMillis + " ms");
        }
    }

    private void spawn(Slot slot) throws IOException {
        row(slot).state(Scoreboard.State.ABSENT);
        List<String> arguments = Worker.arguments(Worker.MARK, slot.index, server);
        int[] own = descriptors.of(slot.index);
        int[] handed = new int[2 + own.length];
        handed[0] = server.scoreboard().fd();
        handed[1] = lifeline.fd();
        System.arraycopy(own, 0, handed, 2, own.length);
        slot.pid = spawner.spawn(arguments, -1, handed);
        slot.alive = true;
        slot.startNanos = System.nanoTime();
        row(slot).ownedBy(slot.pid);
        ends.add(slot.pid);
    }

    private void forget(Slot slot) {
        slot.alive = false;
        if (stopping && row(slot).state() == Scoreboard.State.SERVING) {
            row(slot).cut(1);
        }
        row(slot).state(Scoreboard.State.ENDED);
    }

    private Scoreboard.Row row(Slot slot) {
        return server.scoreboard().row(slot.index);
    }

    /// Waits until a worker has died, or for the stop.
    ///
    /// @return whether a worker died
    /// @throws IOException when poll fails: without a wait this would spin
    private boolean wait(int millis) throws IOException {
        SysPoll.set(polled, 0, ends.fd(), SysPoll.POLLIN);
        SysPoll.set(polled, 1, stop.fd(), SysPoll.POLLIN);
        int ready = SysPoll.poll(errno, polled, 2, millis);
        check(ready == -Errno.EINTR ? 0 : ready, "poll");
        if (SysPoll.revents(polled, 1) != 0) {
            stop.clear();
        }
        return SysPoll.revents(polled, 0) != 0;
    }

    /// Asks all to stop, those too that are still starting, and does not wait for them.
    /// No worker is replaced from now on.
    public void askToStop() {
        if (!stopping) {
            Costs.seeWorkers();
            stopping = true;
            lifeline.letGo();
        }
    }

    /// Whether a worker is left.
    ///
    /// @return false when all have ended
    public boolean anyAlive() {
        return slots.stream().anyMatch(slot -> slot.alive);
    }

    /// Asks all to stop and waits until they have: those in flight are answered, up to
    /// the grace. A worker that is left then is killed by [#close].
    ///
    /// @throws IOException when the parent's own descriptors fail it
    public void stop() throws IOException {
        askToStop();
        while (anyAlive() && !server.stop().graceIsOver()) {
            wait(timeoutMillis());
            tend();
        }
    }

    private void signalAll(int signal) {
        for (Slot slot : slots) {
            if (slot.alive) {
                Signal.kill(errno, slot.pid, signal);
            }
        }
    }

    /// Kills those that are left, and waits for their end.
    @Override
    public void close() {
        stopping = true;
        signalAll(Signal.SIGKILL);
        for (Slot slot : slots) {
            if (slot.alive) {
                ends.await(slot.pid);
                forget(slot);
            }
        }
        stop.close();
        spawner.close();
        lifeline.close();
        ends.close();
        arena.close();
    }
}
