// SPDX-License-Identifier: MIT
package csdesign.design;

import static csdesign.posix.Errno.EINTR;
import static csdesign.posix.Errno.check;
import static csdesign.posix.SysEpoll.EPOLLEXCLUSIVE;
import static csdesign.posix.SysEpoll.EPOLLIN;
import static csdesign.posix.SysEpoll.EPOLL_CLOEXEC;
import static csdesign.posix.SysEpoll.EPOLL_CTL_ADD;
import static csdesign.posix.SysEpoll.EVENT_BYTES;
import static csdesign.posix.SysEpoll.epoll_create1;
import static csdesign.posix.SysEpoll.epoll_ctl;
import static csdesign.posix.SysEpoll.epoll_wait;
import static csdesign.posix.SysEpoll.setEvent;

import csdesign.cost.Console;
import csdesign.drive.BlockingDriver;
import csdesign.kit.Server;
import csdesign.listen.Acceptor;
import csdesign.listen.ListeningSocket;
import csdesign.listen.StopDescriptor;
import csdesign.posix.Errno;
import csdesign.posix.Unistd;
import csdesign.process.Worker;
import csdesign.process.Workers;
import csdesign.range.Option;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Locale;

/// **Prefork epoll: workers wait in epoll for one listening socket: a herd.**
///
/// ```text
///                               +--> worker 0: [epoll set] woken | accept | read ... close
///   clients ==> [listening socket] --> worker 1: [epoll set] woken | accept: nothing there
///                               +--> worker 2: [epoll set] woken | accept: nothing there
/// ```
///
/// **What** As prefork-accept, but each worker waits in epoll_wait(2) until the shared
/// socket is readable, and accepts then. The socket does not block: a worker that comes
/// too late finds nothing and waits again.
///
/// **Why** A worker that must watch more than the listening socket (timers, other
/// sockets, a stop) cannot block in accept. This is how event-driven servers share a
/// socket.
///
/// **Cost** The socket is readable for every worker, so one connection wakes all that
/// wait. Most find inside the kernel that the connection is gone already, and sleep
/// again. Some return for nothing, which costs each two context switches and two system
/// calls. With `--exclusive` (EPOLLEXCLUSIVE, Linux 4.5) the kernel wakes one or more,
/// usually one.
///
/// **When** Workers that watch other descriptors too, with `--exclusive`. Without it, to
/// see what the herd costs.
///
/// **In Java** The JDK's selector is epoll without EPOLLEXCLUSIVE. Several processes that
/// select on one inherited channel are this herd.
///
/// **Look for** wake-ups with nothing to accept, at Ctrl-C, when connections came one by
/// one to an idle pool; under load there are none, because no worker waits. There are
/// more context switches than these wake-ups account for: those are the rest of the herd.
/// With `--exclusive` there is neither, and one worker has nearly all connections: the
/// first that watched the socket, however long the others have waited. The lab
/// `accept-order` shows it.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/design/PreforkEpoll.java 2000`
///
/// @see <a href="https://man7.org/linux/man-pages/man2/epoll_ctl.2.html">epoll_ctl(2), EPOLLEXCLUSIVE</a>
public final class PreforkEpoll implements AutoCloseable {
    /// The listening socket, and the stop.
    private static final int MAX_EVENTS = 2;

    /// Wakes one worker and not all.
    static final Option EXCLUSIVE = Option.flag(
            "--exclusive", "EPOLLEXCLUSIVE, one worker is woken and not all");

    /// What it is: see [Catalog].
    static final Design DESIGN = new Design(
            "prefork-epoll",
            Design.Family.PROCESSES, Design.ServedBy.POOL_OF_PROCESSES, Design.Needs.LINUX,
            "N processes wait in epoll for one socket",
            "the thundering herd, and EPOLLEXCLUSIVE",
            PreforkEpoll::serve)
            .withWork(PreforkEpoll::work)
            .withOptions(EXCLUSIVE);

    /// Serves with all defaults until Ctrl-C; or is one of the workers.
    ///
    /// @param arguments the port, or nothing for 2000
    public static void main(String... arguments) {
        Design.main(DESIGN, arguments);
    }

    /// The parent: see [Design.Serve].
    ///
    /// @param server where to listen, what to say, and the limits
    /// @throws IOException when it cannot begin
    public static void serve(Server server) throws IOException {
        try (ListeningSocket listener = ListeningSocket.openShared(server);
                Workers workers = Workers.start(
                        server, PreforkEpoll.class, _ -> new int[] {listener.fd()})) {
            workers.awaitReady();
            Console.announce(server, listener.port());
            workers.keep(); // until the stop
            listener.shut();
            workers.stop();
            reportWakeUps(server);
        }
    }

    private static void reportWakeUps(Server server) {
        long wakeUps = 0;
        long empty = 0;
        for (int i = 0; i < server.workers(); i++) {
            wakeUps += server.scoreboard().row(i).wakeUps();
            empty += server.scoreboard().row(i).emptyWakeUps();
        }
        server.out().printf(
                Locale.ROOT, "%,d wake-ups, %,d of them with nothing to accept%n", wakeUps, empty);
    }

    /// A worker: a process of its own, with the listening socket as its first descriptor.
    static void work(Worker worker) throws IOException {
        try (Acceptor acceptor = new Acceptor(worker.fd(0), worker.server());
                StopDescriptor stop = StopDescriptor.of(worker.server().stop());
                PreforkEpoll waiting = new PreforkEpoll(worker, stop);
                BlockingDriver driver = new BlockingDriver(worker.server())) {
            worker.ready();
            waiting.loop(worker, acceptor, driver);
        }
    }

    // @start region="loop"
    private void loop(Worker worker, Acceptor acceptor, BlockingDriver driver) throws IOException {
        while (!worker.server().stop().requested()) {
            if (await() == 0 || worker.server().stop().requested()) { // 1: all workers wait here
                continue; // EINTR; or the stop woke it, which is not the herd's doing
            }
            int client = acceptor.tryAccept(); // 2
            worker.row().wakeUp(client == Acceptor.NONE);
            if (client != Acceptor.NONE) { // 3: else another worker was faster
                driver.serve(client, worker.row());
            }
        }
        for (int client; (client = acceptor.accept()) != Acceptor.NONE;) { // 4: the queue
            driver.serve(client, worker.row());
        }
    }

    private int await() throws IOException {
        int ready = epoll_wait(errno, epoll, events, MAX_EVENTS, -1);
        return ready == -EINTR ? 0 : check(ready, "epoll_wait");
    }
    // @end

    private void watch(int fd, int mask) throws IOException {
        setEvent(events, 0, mask, fd);
        check(epoll_ctl(errno, epoll, EPOLL_CTL_ADD, fd, events), "epoll_ctl", "ADD", "fd", fd);
    }

    @Override
    public void close() {
        Unistd.close(errno, epoll);
        arena.close();
    }

    private final Arena arena = Arena.ofConfined();
    private final Errno errno = Errno.allocate(arena);
    private final MemorySegment events = arena.allocate((long) MAX_EVENTS * EVENT_BYTES, 8);
    private final int epoll;

    private PreforkEpoll(Worker worker, StopDescriptor stop) throws IOException {
        epoll = check(epoll_create1(errno, EPOLL_CLOEXEC), "epoll_create1");
        watch(stop.fd(), EPOLLIN);
        boolean exclusive = worker.server().settings().isOn(EXCLUSIVE);
        watch(worker.fd(0), exclusive ? EPOLLIN | EPOLLEXCLUSIVE : EPOLLIN);
    }
}
