// SPDX-License-Identifier: MIT
package csdesign.lab;

import static csdesign.posix.Errno.EAGAIN;
import static csdesign.posix.Errno.EINVAL;
import static csdesign.posix.Errno.check;
import static csdesign.posix.SysEpoll.EPOLLEXCLUSIVE;
import static csdesign.posix.SysEpoll.EPOLLIN;
import static csdesign.posix.SysEpoll.epoll_wait;
import static csdesign.posix.SysSocket.accept4;
import static java.lang.foreign.MemorySegment.NULL;

import csdesign.evidence.PrivateNetwork;
import csdesign.lab.Waiters.Waiter;
import csdesign.posix.SysEpoll;
import csdesign.posix.SysPoll;
import csdesign.posix.SysSelect;
import csdesign.posix.Unistd;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// **Thundering herd: how many waiters one connection wakes.**
///
/// ```text
///   select, poll, epoll:  connection --> [listener] --> woken: 0 1 2 3 ... 15, one gets it
///   accept:               connection --> [listener] --> woken: 0 (next time 1, then 2)
///   EPOLLEXCLUSIVE:       connection --> [listener] --> woken: 0 (next time 0 again)
///   SO_REUSEPORT:         connection --> [one of 16 listeners] --> woken: who waits there
/// ```
/// **What** N threads wait for the same listening socket, and all of them sleep. A
/// connection comes: how many does the kernel wake, for one to get it? Counted twice: the
/// wake-ups that return from the call, and the context switches, for who is woken and
/// finds inside the kernel that the connection is gone sleeps again without a word.
///
/// **Broken** Waiting until the socket is readable: that is true for everybody, and the
/// kernel wakes everybody. select, poll and epoll, and with epoll the JDK's selector.
///
/// **Fixed** Waiting in accept itself: the kernel wakes one, the one that has waited
/// longest. The original says of it that all children wake up; on Linux they do not.
/// Where something else must be watched too: EPOLLEXCLUSIVE, or SO_REUSEPORT and a
/// listener each.
///
/// **In Java** These threads make the calls themselves. The JDK's `accept` holds a lock:
/// one waits in the kernel, the others for the lock. Its selector has no EPOLLEXCLUSIVE.
///
/// **Look for** the context switches of epoll: as many as there are waiters, at every
/// size. The wake-ups that return are fewer, and depend on who is quick.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/lab/ThunderingHerd.java --auto`
///
/// @see <a href="https://man7.org/linux/man-pages/man2/epoll_ctl.2.html">epoll_ctl(2), EPOLLEXCLUSIVE</a>
/// @see <a href="https://man7.org/linux/man-pages/man7/socket.7.html">socket(7), SO_REUSEPORT</a>
public final class ThunderingHerd {
    static final Claim SELECT = new Claim("select-herd", "select: a connection wakes everybody");
    static final Claim POLL = new Claim("poll-herd", "poll: a connection wakes everybody");
    static final Claim EPOLL = new Claim("epoll-herd", "epoll: a connection wakes everybody");
    static final Claim SILENT = new Claim(
            "silent", "who finds nothing sleeps again in the kernel: fewer return than are woken");
    static final Claim ACCEPT = new Claim(
            "accept-one", "accept: a connection wakes one (at most 1.1), however many wait");
    static final Claim EXCLUSIVE = new Claim("exclusive-one", "EPOLLEXCLUSIVE: the same");
    static final Claim REUSEPORT = new Claim("reuseport-one", "SO_REUSEPORT: the same");

    static final Option WAITERS = new Option(
            List.of("-n", "--waiters"), "WAITERS", 16, 1, 64,
            "The largest pool; the others are 1, 2, 4 and so on");
    static final Option CONNECTIONS = new Option(
            List.of("--connections"), "CONNECTIONS", 40, 10, 10_000,
            "How many connections each pool of each kind gets");
    static final List<Option> OPTIONS = List.of(WAITERS, CONNECTIONS);

    /// One for each connection; a stray switch of the JVM in ten connections is no herd.
    private static final double ONE = 1.1;
    private static final double HERD = 1.3;
    private static final int WARM_UP = 10;
    private static final int BACKLOG = 128;
    private static final List<Way> READABLE = List.of(
            new Way("select", SELECT, true, ThunderingHerd::select),
            new Way("poll", POLL, true, ThunderingHerd::poll),
            new Way("epoll", EPOLL, true, ThunderingHerd::epoll));
    private static final List<Way> ONE_EACH = List.of(
            new Way("accept", ACCEPT, true, ThunderingHerd::accept),
            new Way("EPOLLEXCLUSIVE", EXCLUSIVE, true, ThunderingHerd::exclusive),
            new Way("SO_REUSEPORT", REUSEPORT, false, ThunderingHerd::accept));

    private final Journal journal;
    private final List<Integer> sizes = new ArrayList<>();
    private final int connections;

    /// A way to wait, at one listener or at one for each.
    private record Way(String name, Claim claim, boolean shares, Waiters.Way waiting) {}

    /// What was counted, for each connection.
    private record Cell(double returned, double switches) {}

    private ThunderingHerd(Settings settings, Journal journal) {
        this.journal = journal;
        int most = settings.number(WAITERS);
        for (int size = 1; size < most; size *= 2) {
            sizes.add(size);
        }
        sizes.add(most);
        connections = settings.number(CONNECTIONS);
    }

    /// Runs the lab.
    ///
    /// @param arguments `--waiters WAITERS`, `--connections CONNECTIONS`
    public static void main(String... arguments) {
        Lab.main("thundering-herd", ThunderingHerd::run, OPTIONS, arguments);
    }

    /// See [Lab#run].
    ///
    /// @param settings how
    /// @param journal what it writes into
    /// @throws IOException when a socket cannot be made
    /// @throws InterruptedException when it shall end
    public static void run(Settings settings, Journal journal)
            throws IOException, InterruptedException {
        journal.expect(SELECT, POLL, EPOLL, SILENT, ACCEPT, EXCLUSIVE, REUSEPORT);
        ThunderingHerd lab = new ThunderingHerd(settings, journal);
        PrivateNetwork.run(_ -> {
            journal.attempt(lab::broken, SELECT, POLL, EPOLL, SILENT);
            journal.attempt(lab::fixed, ACCEPT, EXCLUSIVE, REUSEPORT);
        });
    }

    // @start region="broken"
    private static void epoll(Waiter waiter) throws IOException {
        MemorySegment event = waiter.allocate(SysEpoll.EVENT_BYTES);
        int epoll = waiter.watch(EPOLLIN); // a set of its own, with the listener of all
        do {
            epoll_wait(waiter.errno(), epoll, event, 1, -1); // a connection wakes everybody
        } while (take(waiter)); // one gets it, who is late EAGAIN
    }
    // @end

    // @start region="fixed"
    private static void exclusive(Waiter waiter) throws IOException {
        MemorySegment event = waiter.allocate(SysEpoll.EVENT_BYTES);
        int epoll = waiter.watch(EPOLLIN | EPOLLEXCLUSIVE);
        do {
            epoll_wait(waiter.errno(), epoll, event, 1, -1); // it wakes one or more
        } while (take(waiter));
    }

    private static void accept(Waiter waiter) throws IOException {
        while (take(waiter)) {
            // the listener blocks: they wait in accept4, and a connection wakes one
        }
    }
    // @end

    private static void select(Waiter waiter) throws IOException {
        waiter.unblock();
        MemorySegment set = waiter.allocate(SysSelect.FD_SET_BYTES);
        do {
            SysSelect.FD_SET(waiter.listener(), set);
            SysSelect.select(waiter.errno(), waiter.listener() + 1, set, NULL, NULL, NULL);
        } while (take(waiter));
    }

    private static void poll(Waiter waiter) throws IOException {
        waiter.unblock();
        MemorySegment fds = waiter.allocate(SysPoll.POLLFD_BYTES);
        SysPoll.set(fds, 0, waiter.listener(), SysPoll.POLLIN);
        do {
            SysPoll.poll(waiter.errno(), fds, 1, -1);
        } while (take(waiter));
    }

    /// Takes a connection, if there is one, and counts.
    ///
    /// @return false when the listener is shut
    private static boolean take(Waiter waiter) throws IOException {
        int client = accept4(waiter.errno(), waiter.listener(), NULL, NULL, 0);
        if (client == -EINVAL) {
            return false;
        }
        boolean empty = client == -EAGAIN; // another one was faster
        waiter.row().wakeUp(empty);
        if (!empty) {
            Unistd.close(waiter.errno(), check(client, "accept4"));
            waiter.row().accept(); // last: this is what the next connection waits for
        }
        return true;
    }

    private void broken() throws IOException, InterruptedException {
        journal.part("Broken: they wait until the listener is readable");
        header();
        double returned = 0;
        double switches = 0;
        for (Way way : READABLE) {
            Cell largest = rows(way).getLast();
            returned += largest.returned;
            switches += largest.switches;
            double herd = Math.max(HERD, sizes.getLast() / 2.0);
            judge(way.claim, largest.switches > herd, words(largest));
        }
        Cell mean = new Cell(returned / READABLE.size(), switches / READABLE.size());
        judge(SILENT, returned < switches, words(mean));
    }

    private void judge(Claim claim, boolean shown, String evidence) {
        if (sizes.getLast() > 1) {
            journal.judge(claim, shown, evidence);
        } else {
            journal.notHere(claim, "one waiter is no herd: give it -n 2 or more");
        }
    }

    private void fixed() throws IOException, InterruptedException {
        journal.part("Fixed: the kernel wakes one");
        header();
        for (Way way : ONE_EACH) {
            List<Cell> cells = rows(way);
            boolean one = cells.stream().allMatch(cell -> cell.returned + cell.switches <= 2 * ONE);
            journal.judge(way.claim, one, words(cells.getLast()));
        }
    }

    private String words(Cell cell) {
        return String.format(
                Locale.ROOT, "%d wait, %.2f are woken for each connection, %.2f return",
                sizes.getLast(), cell.switches, cell.returned);
    }

    private void header() {
        List<String> columns = new ArrayList<>(List.of("waiters"));
        sizes.forEach(size -> columns.add("" + size));
        journal.columns(columns.toArray(String[]::new));
    }

    /// All sizes of one way, and its two lines of the table.
    private List<Cell> rows(Way way) throws IOException, InterruptedException {
        cell(way, 2, WARM_UP); // loads and links what the JVM needs for it
        List<Cell> cells = new ArrayList<>();
        List<Object> returned = new ArrayList<>(List.of(way.name + ", returned"));
        List<Object> switches = new ArrayList<>(List.of(way.name + ", switches"));
        for (int size : sizes) {
            Cell cell = cell(way, size, connections);
            cells.add(cell);
            returned.add(cell.returned);
            switches.add(cell.switches);
        }
        journal.row(returned.toArray());
        journal.row(switches.toArray());
        return cells;
    }

    /// One pool: each connection comes when all sleep.
    private static Cell cell(Way way, int size, int connections)
            throws IOException, InterruptedException {
        try (Sockets sockets = new Sockets()) {
            int[] listeners = listeners(sockets, way, size);
            int port = sockets.port(listeners[0]);
            try (Waiters waiters = Waiters.start(listeners, way.waiting)) {
                double before = waiters.switches();
                for (int i = 1; i <= connections; i++) {
                    int client = sockets.connect(port);
                    waiters.awaitAccepted(i);
                    waiters.awaitAsleep();
                    sockets.close(client);
                }
                return new Cell(1.0 * waiters.wakeUps() / connections,
                        (waiters.switches() - before) / connections);
            }
        }
    }

    private static int[] listeners(Sockets server, Way way, int size) throws IOException {
        int first = server.listenBeside(0, BACKLOG);
        int[] listeners = new int[size];
        for (int i = 0; i < size; i++) {
            boolean same = i == 0 || way.shares;
            listeners[i] = same ? first : server.listenBeside(server.port(first), BACKLOG);
        }
        return listeners;
    }
}
