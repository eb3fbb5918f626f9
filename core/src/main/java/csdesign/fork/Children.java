// SPDX-License-Identifier: MIT
package csdesign.fork;

import csdesign.kit.Limits;
import csdesign.kit.Log;
import csdesign.kit.Scoreboard;
import csdesign.kit.Server;
import csdesign.kit.Stop;
import csdesign.posix.Errno;
import csdesign.posix.Signal;
import csdesign.posix.SysWait;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Who was forked and is alive, and the watch over them.
///
/// A child of a JVM may hang where no deadline of its own helps it, even before its first
/// instruction. So each has a row in shared memory where it promises a sign of life: when
/// it will be back from waiting at the latest. Who breaks its promise by
/// [#MARGIN_MILLIS] is killed, counted and reported.
///
/// The parent reaps: it calls [#ended] for whom waitpid(2) gave.
public final class Children implements AutoCloseable {
    /// How many live at once unless `--max-children` says otherwise: as many as Apache's
    /// prefork has by default.
    private static final int GOOD = 256;

    /// How long after its fork a child must have made its first promise. It takes less
    /// than a millisecond, but for a machine with far more to do than it can.
    private static final long BEGIN_MILLIS = 10_000;

    /// How long after the time that it promised a child must be back.
    private static final long MARGIN_MILLIS = 10_000;

    /// How often the promises are looked at.
    private static final long WATCH_MILLIS = 1_000;

    private final Arena arena = Arena.ofConfined();
    private final Errno errno = Errno.allocate(arena);
    private final MemorySegment status = arena.allocate(ValueLayout.JAVA_INT);
    private final Log log;
    private final Scoreboard.Row counts;
    private final Stop stop;
    private final Scoreboard.Row[] rows;
    private final int[] pids;
    private int count;
    private int killed;
    private long watchNanos = System.nanoTime();

    /// Nobody yet.
    ///
    /// @param server with `--max-children`
    /// @throws IOException when there is no shared memory
    public Children(Server server) throws IOException {
        log = new Log(server.slug());
        counts = server.scoreboard().row(0);
        stop = server.stop();
        int most = server.limits().children(GOOD);
        Scoreboard promises = Scoreboard.shared(most);
        rows = new Scoreboard.Row[most];
        for (int slot = 0; slot < most; slot++) {
            rows[slot] = promises.row(slot);
        }
        pids = new int[most];
    }

    /// Whether no further one may be forked now.
    ///
    /// @return whether `--max-children` are alive
    public boolean isFull() {
        return count == pids.length;
    }

    /// How many are alive.
    ///
    /// @return or dead and not yet reaped
    public int count() {
        return count;
    }

    /// A place for a child that is about to be forked, when they are not full.
    ///
    /// @return its number
    public int place() {
        int slot = freePlace();
        rows[slot].promise(System.nanoTime() + (BEGIN_MILLIS - MARGIN_MILLIS) * 1_000_000);
        return slot;
    }

    int freePlace() {
        int slot = 0;
        while (pids[slot] != 0) {
            slot++;
        }
        return slot;
    }

    /// The parent after the fork.
    ///
    /// @param slot from [#place]
    /// @param pid the child
    public void began(int slot, int pid) {
        pids[slot] = pid;
        count++;
    }

    /// The parent when fork failed.
    ///
    /// @param error EAGAIN or ENOMEM
    public void cannotFork(int error) {
        log.warn("fork: " + Errno.name(error) + ": " + Errno.description(error)
                + ": accepting pauses; connections wait in the backlog. Raise the limit on"
                + " processes (ulimit -u, pids.max), or lower --max-children below it");
    }

    /// The child before it waits or works.
    ///
    /// @param slot from [#place]
    /// @param millis for how long at most
    public void promise(int slot, long millis) {
        rows[slot].promise(System.nanoTime() + millis * 1_000_000);
    }

    /// The parent has reaped one.
    ///
    /// @param pid who
    /// @param wstatus how it ended, as waitpid(2) told
    public void ended(int pid, int wstatus) {
        for (int slot = 0; slot < pids.length; slot++) {
            if (pids[slot] == pid) {
                pids[slot] = 0;
                count--;
                if (wstatus != 0) {
                    log.warn("child " + pid + " ended by " + SysWait.describe(wstatus)
                            + ": its client is lost, the others go on");
                }
                return;
            }
        }
    }

    /// How long a wait may be so that [#killWedged] and the end of the grace are in time.
    ///
    /// @return milliseconds; -1 when no child is to be watched
    public int timeoutMillis() {
        if (count == 0) {
            return -1;
        }
        long left = stop.requested() ? stop.deadlineNanos() - System.nanoTime() : Long.MAX_VALUE;
        return (int) Math.clamp(left / 1_000_000 + 1, 0, WATCH_MILLIS);
    }

    /// Kills who has broken its promise. Looks once a second.
    public void killWedged() {
        long now = System.nanoTime();
        if (now - watchNanos < WATCH_MILLIS * 1_000_000) {
            return;
        }
        watchNanos = now;
        for (int slot = 0; slot < pids.length; slot++) {
            if (pids[slot] != 0
                    && now - rows[slot].promise() > MARGIN_MILLIS * 1_000_000) {
                killed++;
                Signal.kill(errno, pids[slot], Signal.SIGKILL);
                log.warn("child " + pids[slot] + " gave no sign of life for "
                        + MARGIN_MILLIS / 1_000 + " s and is killed: the "
                        + killed + ". since the start");
            }
        }
    }

    /// How many were killed because they gave no sign of life.
    ///
    /// @return the count
    public int killed() {
        return killed;
    }

    /// Kills those that are left, and waits for their end. Each was in the middle of
    /// something: one that is idle at a stop leaves within [Limits#LAST_CALL_MILLIS].
    @Override
    public void close() {
        for (int pid : pids) {
            if (pid != 0) {
                counts.cut(1);
                Signal.kill(errno, pid, Signal.SIGKILL);
                SysWait.waitpid(errno, pid, status, 0);
            }
        }
        arena.close();
    }
}
