// SPDX-License-Identifier: MIT
package csdesign.fork;

import csdesign.kit.Log;
import csdesign.kit.Scoreboard;
import csdesign.kit.Server;
import csdesign.kit.Stop;
import csdesign.listen.ListeningSocket;
import csdesign.posix.Errno;
import csdesign.posix.Signal;
import csdesign.posix.SysWait;
import csdesign.spawn.Lifeline;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// The forked children of this process: what a loop needs around fork(2), `_exit` and
/// waitpid(2), which it calls itself.
///
/// ```text
///   parent                                                child
///     warmUp                     once
///     isRoom, prepare, fork(2) ----------------------->   serve one client ... _exit(2)
///     began
///     killHung                   <-- shared memory -----  heartbeats
///     askToStop                  --- lifeline --------->  the last call
///     waitpid(2), ended          <-- SIGCHLD
/// ```
///
/// Whatever a child uses is made here, before the first fork. What a child made for
/// itself, each child would make again. [ForkingJvm] says what else a JVM needs that
/// forks.
///
/// A child of a JVM may hang where no deadline of its own helps it, even before its first
/// instruction. So each has a time by when it must give a sign of life: see [Heartbeats].
/// One that is late by [#MARGIN_MILLIS] is killed, counted and reported.
///
/// Used by one thread.
public final class ForkedChildren implements AutoCloseable {
    /// How late a sign of life may be, the first one after the fork included. A child
    /// begins within a millisecond, except on a machine that has far more to do than it
    /// can.
    private static final long MARGIN_MILLIS = 10_000;

    /// How often the parent looks for children that are late.
    private static final long WATCH_MILLIS = 1_000;

    /// The longest wait: a grace may be longer than poll(2) can wait.
    private static final int MOST_WAIT_MILLIS = 60_000;

    private final Arena arena = Arena.ofConfined();
    private final Errno errno = Errno.allocate(arena);
    private final MemorySegment status = arena.allocate(ValueLayout.JAVA_INT);
    private final Stop stop;
    private final Log log;
    private final Scoreboard.Row row;
    private final ForkingJvm jvm = new ForkingJvm();
    private final Lifeline lifeline = new Lifeline();
    private final Heartbeats heartbeats;
    private final ForkedChild child;
    private final ForkWarmUp warmUp;

    /// The process in each slot; 0 where there is none.
    private final int[] pids;

    private int count;

    /// The slot of the child that is about to be forked, or that this process is.
    private int slot;

    private int killed;
    private long watchedNanos = System.nanoTime();
    private boolean stopping;

    /// Whether the last fork failed; and from when on the next one may be tried.
    private boolean pausing;

    private long resumeNanos;

    /// No child yet.
    ///
    /// @param server within which limits
    /// @param most how many live at once (`--max-children`)
    /// @throws IOException when there is no memory or descriptor for them
    public ForkedChildren(Server server, int most) throws IOException {
        stop = server.stop();
        log = new Log(server.slug());
        row = server.scoreboard().row(0);
        pids = new int[Math.min(most, server.limits().maxConnections())];
        heartbeats = Heartbeats.share(errno, pids.length);
        child = new ForkedChild(server, lifeline, heartbeats);
        warmUp = new ForkWarmUp(server, heartbeats, arena);
    }

    /// Runs once, in the parent, what the children will run, and makes small what fork(2)
    /// copies. Before the first fork.
    ///
    /// @throws IOException when the process has no descriptors left, or no /proc
    public void warmUp() throws IOException {
        warmUp.all(slot);
        jvm.settle();
    }

    /// Whether a child may be forked now.
    ///
    /// @return false while `--max-children` are alive, and for a while after a failure
    public boolean isRoom() {
        if (pausing && System.nanoTime() - resumeNanos >= 0) {
            pausing = false;
        }
        return !pausing && count < pids.length;
    }

    /// Whether a child is left.
    ///
    /// @return false when all have ended and were waited for
    public boolean anyAlive() {
        return count > 0;
    }

    /// The parent, before each fork: chooses the slot of the child, and collects garbage
    /// when it is time, because the child cannot.
    ///
    /// @throws IOException when the process has no descriptors left
    public void prepare() throws IOException {
        slot = 0;
        while (pids[slot] != 0) {
            slot++;
        }
        if (jvm.collect()) {
            warmUp.once(slot); // after a collection the JVM enters its stubs the slow way once
        }
        heartbeats.expectWithin(slot, 0);
    }

    /// The parent, after each fork. When it failed, there is no room for a while.
    ///
    /// @param pid what fork(2) returned: the child, or a negative errno
    public void began(int pid) {
        if (pid < 0) {
            pausing = true;
            resumeNanos = System.nanoTime() + ListeningSocket.PAUSE_MILLIS * 1_000_000;
            log.warn("fork: " + Errno.name(-pid) + ": " + Errno.description(-pid)
                    + ": accepting pauses; connections wait in the backlog. Raise the limit on"
                    + " processes (ulimit -u, pids.max), or lower --max-children below it");
            return;
        }
        row.accept();
        pids[slot] = pid;
        count++;
    }

    /// The child, after the fork: serves one client to its end.
    ///
    /// @param client the connection's descriptor, non-blocking; it is left open
    /// @return the exit code
    public int serve(int client) {
        lifeline.letGo();
        return child.serve(client, slot);
    }

    /// The parent, for each child that waitpid(2) returned.
    ///
    /// @param pid the child
    /// @param wstatus how it ended, as waitpid(2) told
    public void ended(int pid, int wstatus) {
        pausing = false; // there is room for one process now
        for (int i = 0; i < pids.length; i++) {
            if (pids[i] == pid) {
                pids[i] = 0;
                count--;
                if (wstatus != 0) {
                    log.warn("child " + pid + " ended by " + SysWait.describe(wstatus)
                            + ": its client is lost, the others go on");
                }
                return;
            }
        }
    }

    /// How long a wait may be so that [#killHung], the end of the grace and the next try
    /// after a failed fork are in time.
    ///
    /// @return milliseconds for poll; -1 when nothing is due
    public int timeoutMillis() {
        long millis = Long.MAX_VALUE;
        if (count > 0) {
            millis = WATCH_MILLIS;
        }
        if (pausing) {
            millis = Math.min(millis, (resumeNanos - System.nanoTime()) / 1_000_000 + 1);
        }
        if (stop.requested()) {
            millis = Math.min(millis, (stop.deadlineNanos() - System.nanoTime()) / 1_000_000 + 1);
        }
        return millis == Long.MAX_VALUE ? -1 : Math.clamp(millis, 0, MOST_WAIT_MILLIS);
    }

    /// Kills each child that has not given its sign of life. Looks once a second, however
    /// often it is called.
    public void killHung() {
        long now = System.nanoTime();
        if (now - watchedNanos < WATCH_MILLIS * 1_000_000) {
            return;
        }
        watchedNanos = now;
        for (int i = 0; i < pids.length; i++) {
            if (pids[i] != 0 && heartbeats.lateNanos(i, now) > MARGIN_MILLIS * 1_000_000) {
                killed++;
                Signal.kill(errno, pids[i], Signal.SIGKILL);
                log.warn("child " + pids[i] + " gave no sign of life for "
                        + MARGIN_MILLIS / 1_000 + " s and is killed: the "
                        + killed + ". since the start");
            }
        }
    }

    /// Asks all to stop, and those that are forked from now on.
    public void askToStop() {
        if (!stopping) {
            stopping = true;
            lifeline.tell();
        }
    }

    /// Kills those that are left, and waits for their end. Each was in the middle of
    /// something: an idle one leaves soon after the stop, see
    /// [csdesign.kit.Limits#LAST_CALL_MILLIS].
    @Override
    public void close() {
        for (int pid : pids) {
            if (pid != 0) {
                row.cut(1);
                Signal.kill(errno, pid, Signal.SIGKILL);
                SysWait.waitpid(errno, pid, status, 0);
            }
        }
        child.close();
        lifeline.close();
        arena.close();
    }
}
