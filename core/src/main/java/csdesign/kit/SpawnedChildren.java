// SPDX-License-Identifier: MIT
package csdesign.kit;

import static csdesign.posix.Errno.check;
import static csdesign.posix.SysEpoll.EPOLLIN;
import static csdesign.posix.SysEpoll.EPOLL_CLOEXEC;
import static csdesign.posix.SysEpoll.EPOLL_CTL_ADD;

import csdesign.posix.Errno;
import csdesign.posix.Fcntl;
import csdesign.posix.Signal;
import csdesign.posix.SysEpoll;
import csdesign.posix.SysPidfd;
import csdesign.posix.SysWait;
import csdesign.posix.Unistd;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Programs that are started for one client each, with the connection as their descriptor
/// 0, and end with it.
///
/// They hear of the stop, and of the parent's end, by one pipe that all have: it ends. No
/// child needs a system call of ours, or a signal handler, for which it would start
/// slower.
///
/// Used by one thread.
public final class SpawnedChildren implements AutoCloseable {
    private static final int MAX_EVENTS = 64;

    /// How many live at once unless `--max-children` says otherwise. To start is nearly
    /// all that they do: more at once take longer each, and all get no more done.
    public static final int GOOD = 4;

    private final Limits limits;
    private final int scoreboard;
    private final List<String> words;
    private final Log log;
    private final Spawner spawner;
    private final Arena arena = Arena.ofConfined();
    private final Errno errno = Errno.allocate(arena);
    private final MemorySegment events = arena
            .allocate((long) MAX_EVENTS * SysEpoll.EVENT_BYTES, 8);
    private final Map<Integer, Integer> pidsByPidfd = new HashMap<>();
    private final int epoll;
    private final int lifeline;
    private int otherEnd;

    /// A client for whom no process could be started yet; -1 for none.
    private int waiting = -1;

    private boolean stopping;

    /// None yet.
    ///
    /// @param server within which limits
    /// @param design whose `main` they run
    /// @throws IOException when there is no descriptor for it
    public SpawnedChildren(Server server, Class<?> design) throws IOException {
        limits = server.limits();
        scoreboard = server.scoreboard().fd();
        words = server.words();
        log = new Log(server.slug());
        spawner = new Spawner(
                JavaProgram.of(design)
                        .without("--enable-native-access")
                        .collectingSerially()
                        .withDefault("-XX:TieredStopAtLevel=1", "TieredStopAtLevel")
                        .withDefault("-XX:-UsePerfData", "UsePerfData"));
        MemorySegment pipe = arena.allocate(ValueLayout.JAVA_INT, 2);
        check(Unistd.pipe2(errno, pipe, Fcntl.O_CLOEXEC), "pipe2");
        lifeline = pipe.getAtIndex(ValueLayout.JAVA_INT, 0);
        otherEnd = pipe.getAtIndex(ValueLayout.JAVA_INT, 1);
        epoll = check(SysEpoll.epoll_create1(errno, EPOLL_CLOEXEC), "epoll_create1");
    }

    /// A descriptor that is readable when a child has ended: then [#reap].
    ///
    /// @return for poll or epoll
    public int fd() {
        return epoll;
    }

    /// Whether another client may be accepted.
    ///
    /// @return false at the limit (`--max-children`, `--max-connections`), and while the
    ///     system has no process to give
    public boolean isRoom() {
        return waiting < 0 && pidsByPidfd.size() < limits.children(GOOD);
    }

    /// Whether a child is left.
    ///
    /// @return false when all have ended and were waited for
    public boolean anyAlive() {
        return waiting >= 0 || !pidsByPidfd.isEmpty();
    }

    /// When something is to be tried again: then [#reap].
    ///
    /// @return milliseconds for poll; -1 when nothing is
    public int timeoutMillis() {
        return waiting >= 0 || stopping ? (int) ListeningSocket.PAUSE_MILLIS : -1;
    }

    /// Starts a child for a client. When the system has no process for it, it is tried
    /// again, and there is no [#isRoom] for others.
    ///
    /// @param client the connection, which is the child's alone afterwards
    public void start(int client) {
        List<String> arguments = new ArrayList<>(
                List.of(Worker.CHILD, "0", "" + ProcessHandle.current().pid()));
        arguments.addAll(words);
        try {
            int pid = spawner.spawn(arguments, client, scoreboard, lifeline);
            int pidfd = check(SysPidfd.pidfd_open(errno, pid, 0), "pidfd_open");
            pidsByPidfd.put(pidfd, pid);
            SysEpoll.setEvent(events, 0, EPOLLIN, pidfd);
            check(SysEpoll.epoll_ctl(errno, epoll, EPOLL_CTL_ADD, pidfd, events), "epoll_ctl");
            Unistd.close(errno, client);
            waiting = -1;
        } catch (IOException e) {
            waiting = client;
            log.warn("no process for a client, tried again in " + ListeningSocket.PAUSE_MILLIS
                    + " ms: " + e.getMessage()
                    + ". Raise the limit (ulimit -u, ulimit -n), or lower --max-children");
        }
    }

    /// Takes those who have ended out of the table of processes, and tries again for a
    /// client that waits.
    public void reap() {
        int ended = SysEpoll.epoll_wait(errno, epoll, events, MAX_EVENTS, 0);
        for (int i = 0; i < ended; i++) {
            end(SysEpoll.eventFd(events, i));
        }
        if (waiting >= 0) {
            start(waiting);
        }
    }

    private void end(int pidfd) {
        Integer pid = pidsByPidfd.remove(pidfd);
        if (pid != null) {
            SysWait.waitpid(errno, pid, MemorySegment.NULL, 0);
            Unistd.close(errno, pidfd);
        }
    }

    /// Asks all to stop, those too that are started from now on.
    public void askToStop() {
        stopping = true;
        if (otherEnd >= 0) {
            Unistd.close(errno, otherEnd);
            otherEnd = -1;
        }
    }

    /// Kills those that are left, and waits for their end.
    @Override
    public void close() {
        pidsByPidfd.values().forEach(pid -> Signal.kill(errno, pid, Signal.SIGKILL));
        for (int pidfd : List.copyOf(pidsByPidfd.keySet())) {
            end(pidfd);
        }
        askToStop();
        if (waiting >= 0) {
            Unistd.close(errno, waiting);
        }
        spawner.close();
        Unistd.close(errno, lifeline);
        Unistd.close(errno, epoll);
        arena.close();
    }
}
