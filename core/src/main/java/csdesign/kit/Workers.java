// SPDX-License-Identifier: MIT
package csdesign.kit;

import static csdesign.posix.Errno.check;
import static csdesign.posix.SysEpoll.EPOLLIN;
import static csdesign.posix.SysEpoll.EPOLL_CLOEXEC;
import static csdesign.posix.SysEpoll.EPOLL_CTL_ADD;

import csdesign.posix.Errno;
import csdesign.posix.Signal;
import csdesign.posix.SysEpoll;
import csdesign.posix.SysPidfd;
import csdesign.posix.SysPoll;
import csdesign.posix.SysWait;
import csdesign.posix.Unistd;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/// The processes of a pool, as their parent sees them: it starts them all at once,
/// replaces one that dies, and stops them.
///
/// ```text
///   parent --posix_spawn--> worker 0   descriptors: 3 scoreboard, 4 ... the design's own
///     |    --posix_spawn--> worker 1
///     +-- epoll set of pidfds: readable when one has died
/// ```
///
/// **Replacing.** The first death is made good at once; one that follows soon after waits
/// twice as long as the last, up to [#MOST_BACKOFF_MILLIS]: a worker that cannot live
/// must not cost the others the machine. Its row of the scoreboard keeps its counts.
///
/// Used by one thread, which must live as long as the workers shall: the kernel ends them
/// with the thread that started them.
public final class Workers implements AutoCloseable {
    /// The first wait before a worker is replaced, in milliseconds.
    private static final long FIRST_BACKOFF_MILLIS = 50;

    /// The longest one.
    private static final long MOST_BACKOFF_MILLIS = 5_000;

    /// Who lived so long died of something new.
    private static final long LIVED_MILLIS = 5_000;

    /// How long after the grace a worker may take to end by itself.
    private static final long LEAVE_MILLIS = 1_000;

    /// How often those who start are looked at.
    private static final int READY_MILLIS = 2;

    private final Server server;
    private final Spawner spawner;
    private final Descriptors descriptors;
    private final StopDescriptor stop;
    private final Log log;
    private final Arena arena = Arena.ofConfined();
    private final Errno errno = Errno.allocate(arena);
    private final MemorySegment event = arena.allocate(SysEpoll.EVENT_BYTES, 8);
    private final MemorySegment status = arena.allocate(ValueLayout.JAVA_INT);
    private final MemorySegment polled = arena.allocate(2L * SysPoll.POLLFD_BYTES, 8);
    private final List<Slot> slots = new ArrayList<>();
    private final int epoll;
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
        int pidfd = -1;
        long startNanos;
        long restartNanos;
        long backoffMillis;
        boolean asked;

        Slot(int index) {
            this.index = index;
        }

        boolean isAlive() {
            return pidfd >= 0;
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
                        .withDefault("-XX:-UsePerfData", "UsePerfData"));
        stop = StopDescriptor.of(server.stop());
        epoll = check(SysEpoll.epoll_create1(errno, EPOLL_CLOEXEC), "epoll_create1");
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
            if (SysWait.waitpid(errno, slot.pid, status, SysWait.WNOHANG) == slot.pid) {
                forget(slot);
                throw new IOException("worker " + slot.index + " ended before it was ready ("
                        + SysWait.describe(status.get(ValueLayout.JAVA_INT, 0)) + ")");
            }
        }
    }

    /// Replaces who dies, until the server shall stop.
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
        return epoll;
    }

    /// When a worker is to be replaced: then [#tend].
    ///
    /// @return milliseconds for poll; -1 when none is
    public int timeoutMillis() {
        long nanos = Long.MAX_VALUE;
        for (Slot slot : slots) {
            if (!slot.isAlive() && !stopping) {
                nanos = Math.min(nanos, slot.restartNanos - System.nanoTime());
            }
        }
        return nanos == Long.MAX_VALUE ? -1 : (int) Math.max(0, (nanos + 999_999) / 1_000_000);
    }

    /// Takes note of the dead, and replaces those whose time has come.
    ///
    /// @throws IOException when the parent's own descriptors fail it
    public void tend() throws IOException {
        for (Slot slot : slots) {
            if (slot.isAlive()) {
                reap(slot);
            }
            if (!slot.isAlive() && !stopping && System.nanoTime() - slot.restartNanos >= 0) {
                restart(slot);
            }
        }
    }

    /// Whether a worker lives.
    ///
    /// @param worker its number
    /// @return false from its death to its replacement
    public boolean isAlive(int worker) {
        return slots.get(worker).isAlive();
    }

    private void reap(Slot slot) {
        if (SysWait.waitpid(errno, slot.pid, status, SysWait.WNOHANG) != slot.pid) {
            return;
        }
        forget(slot);
        if (stopping) {
            return;
        }
        boolean lived = System.nanoTime() - slot.startNanos > LIVED_MILLIS * 1_000_000;
        slot.backoffMillis = lived || slot.backoffMillis == 0
                ? FIRST_BACKOFF_MILLIS
                : Math.min(2 * slot.backoffMillis, MOST_BACKOFF_MILLIS);
        slot.restartNanos = System.nanoTime() + slot.backoffMillis * 1_000_000;
        log.warn("worker " + slot.index + " (pid " + slot.pid + ") ended by "
                + SysWait.describe(status.get(ValueLayout.JAVA_INT, 0)) + ": replaced in "
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
        List<String> arguments = new ArrayList<>(
                List.of(Worker.MARK, "" + slot.index, "" + ProcessHandle.current().pid()));
        arguments.addAll(server.words());
        int[] own = descriptors.of(slot.index);
        int[] handed = new int[1 + own.length];
        handed[0] = server.scoreboard().fd();
        System.arraycopy(own, 0, handed, 1, own.length);
        slot.pid = spawner.spawn(arguments, -1, handed);
        slot.startNanos = System.nanoTime();
        row(slot).ownedBy(slot.pid);
        slot.pidfd = check(SysPidfd.pidfd_open(errno, slot.pid, 0), "pidfd_open");
        SysEpoll.setEvent(event, 0, EPOLLIN, slot.pidfd);
        check(SysEpoll.epoll_ctl(errno, epoll, EPOLL_CTL_ADD, slot.pidfd, event), "epoll_ctl");
    }

    private void forget(Slot slot) {
        Unistd.close(errno, slot.pidfd); // which takes it out of the epoll set too
        slot.pidfd = -1;
        row(slot).state(Scoreboard.State.ENDED);
    }

    private Scoreboard.Row row(Slot slot) {
        return server.scoreboard().row(slot.index);
    }

    /// Waits for a death or the wish to stop.
    ///
    /// @return whether somebody died
    private boolean wait(int millis) {
        SysPoll.set(polled, 0, epoll, SysPoll.POLLIN);
        SysPoll.set(polled, 1, stop.fd(), SysPoll.POLLIN);
        SysPoll.poll(errno, polled, 2, millis);
        if (SysPoll.revents(polled, 1) != 0) {
            stop.clear();
        }
        return SysPoll.revents(polled, 0) != 0;
    }

    /// Asks all to stop, and does not wait for them. Nobody is replaced from now on.
    public void askToStop() {
        if (!stopping) {
            Costs.seeWorkers();
            stopping = true;
            askThoseWhoHear();
        }
    }

    /// SIGTERM would end a JVM that still starts, and nobody would empty a queue that is
    /// its alone: it is asked once it is ready.
    ///
    /// @return whether somebody is still to be asked
    private boolean askThoseWhoHear() {
        boolean left = false;
        for (Slot slot : slots) {
            if (slot.isAlive() && !slot.asked) {
                if (row(slot).state() == Scoreboard.State.ABSENT) {
                    left = true;
                } else {
                    slot.asked = true;
                    Signal.kill(errno, slot.pid, Signal.SIGTERM);
                }
            }
        }
        return left;
    }

    /// Whether a worker is left.
    ///
    /// @return false when all have ended
    public boolean anyAlive() {
        return slots.stream().anyMatch(Slot::isAlive);
    }

    /// Asks all to stop and waits until they have: those in flight are answered, up to
    /// the grace. Who does not end then is killed.
    ///
    /// @throws IOException when the parent's own descriptors fail it
    public void stop() throws IOException {
        askToStop();
        boolean graceWasOver = false;
        while (anyAlive()) {
            long leftMillis = (server.stop().deadlineNanos() - System.nanoTime()) / 1_000_000;
            if (leftMillis < -LEAVE_MILLIS) {
                return; // close kills them
            }
            if (server.stop().graceIsOver() && !graceWasOver) {
                graceWasOver = true;
                signalAll(Signal.SIGTERM); // a second one ends their grace too
            }
            long most = leftMillis > 0 ? leftMillis + 1 : LEAVE_MILLIS + leftMillis;
            wait((int) Math.max(1, askThoseWhoHear() ? Math.min(READY_MILLIS, most) : most));
            tend();
        }
    }

    private void signalAll(int signal) {
        for (Slot slot : slots) {
            if (slot.isAlive()) {
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
            if (slot.isAlive()) {
                SysWait.waitpid(errno, slot.pid, status, 0);
                forget(slot);
            }
        }
        stop.close();
        spawner.close();
        Unistd.close(errno, epoll);
        arena.close();
    }
}
