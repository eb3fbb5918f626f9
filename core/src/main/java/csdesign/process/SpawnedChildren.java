// SPDX-License-Identifier: MIT
package csdesign.process;

import csdesign.kit.Log;
import csdesign.kit.Scoreboard;
import csdesign.kit.Server;
import csdesign.listen.ListeningSocket;
import csdesign.posix.Errno;
import csdesign.posix.Signal;
import csdesign.posix.SysWait;
import csdesign.posix.Unistd;
import csdesign.spawn.ChildEnds;
import csdesign.spawn.JavaProgram;
import csdesign.spawn.Lifeline;
import csdesign.spawn.Spawner;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/// A program for each client. It is started with the connection as its descriptor 0, and
/// ends with the connection.
///
/// All children hold one pipe. When the pipe ends they know that they must stop, or that
/// the parent has ended. So a child needs neither a system call by FFM nor a signal
/// handler, which would make its start slower.
///
/// One thread uses this object.
public final class SpawnedChildren implements AutoCloseable {
    private final int most;
    private final int scoreboard;
    private final List<String> arguments;
    private final Log log;
    private final Spawner spawner;
    private final Arena arena = Arena.ofConfined();
    private final Errno errno = Errno.allocate(arena);
    private final Scoreboard.Row row;
    private final List<Integer> pids = new ArrayList<>();
    private final ChildEnds ends;
    private final Lifeline lifeline = new Lifeline();

    /// A client for whom no process could be started yet; -1 for none.
    private int waiting = -1;

    private boolean stopping;

    /// None yet.
    ///
    /// @param server within which limits
    /// @param most how many live at once (`--max-children`)
    /// @param design whose `main` they run
    /// @throws IOException when there is no descriptor for it
    public SpawnedChildren(Server server, int most, Class<?> design) throws IOException {
        this.most = Math.min(most, server.limits().maxConnections());
        scoreboard = server.scoreboard().fd();
        row = server.scoreboard().row(0);
        arguments = Worker.arguments(Worker.CHILD, 0, server);
        log = new Log(server.slug());
        spawner = new Spawner(
                JavaProgram.of(design)
                        .without("--enable-native-access")
                        .collectingSerially()
                        .withDefault("-XX:TieredStopAtLevel=1", "TieredStopAtLevel")
                        .withDefault("-XX:-UsePerfData", "UsePerfData")
                        .deafToSignals(),
                Worker.PARENTS_SIGNALS);
        ends = new ChildEnds(log);
    }

    /// A descriptor that is readable when a child has ended: then [#reap].
    ///
    /// @return for poll or epoll
    public int fd() {
        return ends.fd();
    }

    /// Whether another client may be accepted.
    ///
    /// @return false at the limit (`--max-children`, `--max-connections`), and while the
    ///     system has no process to give
    public boolean isRoom() {
        return waiting < 0 && pids.size() < most;
    }

    /// Whether a child is left.
    ///
    /// @return false when all have ended and were waited for
    public boolean anyAlive() {
        return waiting >= 0 || !pids.isEmpty();
    }

    /// When something is to be tried again: then [#reap].
    ///
    /// @return milliseconds for poll; -1 when nothing is
    public int timeoutMillis() {
        return waiting >= 0 || stopping
                ? (int) ListeningSocket.PAUSE_MILLIS
                : ends.timeoutMillis();
    }

    /// Starts a child for a client. When the system has no process left, this is tried
    /// again later, and until then there is no [#isRoom] for another client. For one
    /// client a child is started only once.
    ///
    /// @param client the connection, which is the child's alone afterwards
    public void start(int client) {
        int pid;
        try {
            pid = spawner.spawn(arguments, client, scoreboard, lifeline.fd());
        } catch (IOException e) {
            waiting = client;
            log.warn("no process for a client, tried again in " + ListeningSocket.PAUSE_MILLIS
                    + " ms: " + e.getMessage()
                    + ". Raise the limit (ulimit -u, ulimit -n), or lower --max-children");
            return;
        }
        pids.add(pid);
        ends.add(pid);
        Unistd.close(errno, client);
        waiting = -1;
    }

    /// Reaps the children that have ended, and tries again to start one for a client that
    /// waits.
    public void reap() {
        pids.removeIf(this::hasEnded);
        if (waiting >= 0) {
            start(waiting);
        }
    }

    private boolean hasEnded(int pid) {
        int status = ends.reap(pid);
        if (status > 0) {
            log.warn("child " + pid + " ended by " + SysWait.describe(status)
                    + ": its client is lost, the others go on");
            if (stopping) {
                row.cut(1);
            }
        }
        return status >= 0;
    }

    /// Asks all to stop, those too that are started from now on.
    public void askToStop() {
        stopping = true;
        lifeline.letGo();
    }

    /// Kills those that are left, and waits for their end.
    @Override
    public void close() {
        pids.forEach(pid -> Signal.kill(errno, pid, Signal.SIGKILL));
        pids.forEach(ends::await);
        row.cut(pids.size());
        if (waiting >= 0) {
            Unistd.close(errno, waiting);
            row.cut(1);
        }
        spawner.close();
        lifeline.close();
        ends.close();
        arena.close();
    }
}
