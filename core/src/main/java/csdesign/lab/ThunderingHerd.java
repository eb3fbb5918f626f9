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
import csdesign.lab.Waiters.Pool;
import csdesign.posix.SysEpoll;
import csdesign.posix.SysPoll;
import csdesign.posix.SysSelect;
import csdesign.posix.Unistd;
import csdesign.range.Option;
import csdesign.range.Settings;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// **Thundering herd: how many waiters one connection wakes.**
///
/// ```text
///   select, poll, epoll:  connection --> [listener] --> woken: 0 1 2 3 ... 15, one gets it
///   accept:               connection --> [listener] --> woken: 0 (next time 1, then 2)
///   EPOLLEXCLUSIVE:       connection --> [listener] --> woken: 0 (next time 0 again)
///   SO_REUSEPORT:         connection --> [one of 16 listeners] --> woken: its own waiter
/// ```
///
/// **What** N threads wait for the same listening socket, and all of them sleep. A
/// connection comes. How many threads does the kernel wake, for one of them to get it?
/// The lab counts the calls that return, and the context switches. A thread that is woken
/// may find inside the kernel that the connection is gone. It then sleeps again and its
/// call does not return, but the switch has been made.
///
/// **Broken** The threads wait until the socket is readable. That is true for all of
/// them, so the kernel wakes all of them: with select, poll and epoll, and with the JDK's
/// selector, which is made of epoll.
///
/// **Fixed** The threads wait in accept itself. The kernel wakes one of them, the one
/// that has waited longest. The original says of accept that all children wake up; on
/// Linux they do not. A program that must watch something else too uses EPOLLEXCLUSIVE,
/// or SO_REUSEPORT and a listening socket for each thread.
///
/// **In Java** These threads make the system calls themselves. The JDK's `accept` holds a
/// lock: one thread waits in the kernel, the others wait for the lock. The JDK's selector
/// has no EPOLLEXCLUSIVE.
///
/// **Look for** the context switches of epoll: as many as there are waiters, at every
/// size. Fewer calls return, and how many depends on which thread is quick.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/lab/ThunderingHerd.java --auto`
///
/// @see <a href="https://man7.org/linux/man-pages/man2/epoll_ctl.2.html">epoll_ctl(2), EPOLLEXCLUSIVE</a>
/// @see <a href="https://man7.org/linux/man-pages/man7/socket.7.html">socket(7), SO_REUSEPORT</a>
public final class ThunderingHerd {
    static final Claim ALL = new Claim(
            "readiness-wakes-all",
            "Broken: of the threads that wait in select, poll or epoll, one connection wakes"
                    + " every one.");
    static final Claim UNSEEN = new Claim(
            "wake-ups-stay-unseen",
            "A thread that finds nothing sleeps again inside the kernel: fewer calls return"
                    + " than threads are woken.");
    static final Claim ACCEPT = new Claim(
            "accept-wakes-one",
            "Fixed: of the threads that wait in accept, one connection wakes one (at most 1.1"
                    + " on average), however many wait.");
    static final Claim EXCLUSIVE = new Claim(
            "epollexclusive-wakes-one",
            "Fixed: of the threads that wait in epoll with EPOLLEXCLUSIVE, one connection wakes"
                    + " one.");
    static final Claim REUSEPORT = new Claim(
            "reuseport-wakes-one",
            "Fixed: with SO_REUSEPORT, and a listening socket for each thread, one connection"
                    + " wakes one thread.");

    static final Option WAITERS = new Option(
            List.of("-n", "--waiters"), "WAITERS", 16, 1, 64,
            "How many threads wait in the largest pool; the smaller pools have 1, 2, 4 and so on");
    static final Option CONNECTIONS = new Option(
            List.of("--connections"), "CONNECTIONS", 40, 10, 10_000,
            "How many connections are made to each pool, one after the other");
    static final List<Option> OPTIONS = List.of(WAITERS, CONNECTIONS);

    /// The most wake-ups for each connection that still count as one: a JVM has a stray
    /// switch now and then, and one of them in ten connections is no herd.
    private static final double ONE = 1.1;

    /// The fewest wake-ups for each connection that count as a herd, even of two waiters.
    private static final double HERD = 1.3;

    private static final int WARM_UP_CONNECTIONS = 10;
    private static final int BACKLOG = 128;

    private static final List<Way<Pool>> READABLE = List.of(
            new Way<>("select", new Pool(ThunderingHerd::oneListener, ThunderingHerd::select)),
            new Way<>("poll", new Pool(ThunderingHerd::oneListener, ThunderingHerd::poll)),
            new Way<>("epoll", new Pool(ThunderingHerd::oneListener, ThunderingHerd::epoll)));
    private static final Way<Pool> IN_ACCEPT = new Way<>(
            "accept", new Pool(ThunderingHerd::oneListener, ThunderingHerd::accept));
    private static final Way<Pool> IN_EPOLLEXCLUSIVE = new Way<>(
            "EPOLLEXCLUSIVE", new Pool(ThunderingHerd::oneListener, ThunderingHerd::exclusive));
    private static final Way<Pool> AT_OWN_LISTENERS = new Way<>(
            "SO_REUSEPORT", new Pool(ThunderingHerd::listenerEach, ThunderingHerd::accept));

    private final Journal journal;
    private final List<Integer> sizes = new ArrayList<>();
    private final int connections;

    /// What was counted of a pool, divided by the number of connections.
    ///
    /// @param returned calls that returned from waiting
    /// @param switches context switches: threads that were woken
    private record PerConnection(double returned, double switches) {}

    private ThunderingHerd(Settings settings, Journal journal) {
        this.journal = journal;
        int largest = settings.number(WAITERS);
        for (int size = 1; size < largest; size *= 2) {
            sizes.add(size);
        }
        sizes.add(largest);
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
    /// @throws InterruptedException when it is told to end
    public static void run(Settings settings, Journal journal)
            throws IOException, InterruptedException {
        journal.expect(ALL, UNSEEN, ACCEPT, EXCLUSIVE, REUSEPORT);
        ThunderingHerd lab = new ThunderingHerd(settings, journal);
        PrivateNetwork.run(_ -> {
            journal.attempt(lab::waitUntilReadable, ALL, UNSEEN);
            journal.attempt(lab::waitForOne, ACCEPT, EXCLUSIVE, REUSEPORT);
        });
    }

    // @start region="broken"
    private static void epoll(Waiter waiter) throws IOException {
        // Each thread has an epoll set of its own, with the one listener in it.
        int epoll = waiter.watch(EPOLLIN);
        MemorySegment event = waiter.allocate(SysEpoll.EVENT_BYTES);
        do {
            epoll_wait(waiter.errno(), epoll, event, 1, -1); // a connection wakes all threads
        } while (take(waiter)); // one gets it; a thread that is late gets EAGAIN
    }
    // @end

    // @start region="fixed"
    private static void exclusive(Waiter waiter) throws IOException {
        int epoll = waiter.watch(EPOLLIN | EPOLLEXCLUSIVE);
        MemorySegment event = waiter.allocate(SysEpoll.EVENT_BYTES);
        do {
            epoll_wait(waiter.errno(), epoll, event, 1, -1); // "one or more", epoll_ctl(2) says
        } while (take(waiter));
    }

    private static void accept(Waiter waiter) throws IOException {
        while (take(waiter)) {
            // The listener blocks: the thread waits in accept4, and a connection wakes one.
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
        boolean isLate = client == -EAGAIN;
        waiter.row().wakeUp(isLate);
        if (!isLate) {
            Unistd.close(waiter.errno(), check(client, "accept4"));
            // This comes last, because the lab makes its next connection when it is counted.
            waiter.row().accept();
        }
        return true;
    }

    private static int[] oneListener(Sockets sockets, int waiters) throws IOException {
        int[] listeners = new int[waiters];
        Arrays.fill(listeners, sockets.listenReusePort(0, BACKLOG));
        return listeners;
    }

    private static int[] listenerEach(Sockets sockets, int waiters) throws IOException {
        int[] listeners = new int[waiters];
        for (int i = 0; i < waiters; i++) {
            int port = i == 0 ? 0 : sockets.port(listeners[0]);
            listeners[i] = sockets.listenReusePort(port, BACKLOG);
        }
        return listeners;
    }

    /// Pools of growing size wait in select, poll and epoll. If a connection wakes all,
    /// the switches grow with the pool and are as many as its threads. The claim asks for
    /// half as many, which a pool cannot reach in which one thread alone is woken.
    private void waitUntilReadable() throws IOException, InterruptedException {
        journal.part("Broken: they wait until the listener is readable");
        columns();
        List<PerConnection> largest = new ArrayList<>();
        for (Way<Pool> way : READABLE) {
            largest.add(rows(way).getLast());
        }
        int size = sizes.getLast();
        if (size == 1) {
            String because = "one waiter is no herd: give it -n 2 or more";
            journal.notHere(ALL, because);
            journal.notHere(UNSEEN, because);
            return;
        }
        double herd = Math.max(HERD, size / 2.0);
        journal.judge(
                ALL, largest.stream().allMatch(one -> one.switches > herd),
                size + " wait; woken for each connection: "
                        + byWay(largest, PerConnection::switches));
        double returned = largest.stream().mapToDouble(PerConnection::returned).sum();
        double switches = largest.stream().mapToDouble(PerConnection::switches).sum();
        journal.judge(
                UNSEEN, returned < switches,
                "returned for each connection: " + byWay(largest, PerConnection::returned));
    }

    private static String byWay(List<PerConnection> all, ToDoubleFunction<PerConnection> count) {
        return IntStream.range(0, all.size())
                .mapToObj(i -> String.format(Locale.ROOT, "%s %.2f", READABLE.get(i).name(),
                        count.applyAsDouble(all.get(i))))
                .collect(Collectors.joining(", "));
    }

    /// The same pools wait in the three ways that let the kernel pick one thread. If it
    /// wakes only that one, there is one return and one switch for each connection, at
    /// every size of the pool.
    private void waitForOne() throws IOException, InterruptedException {
        journal.part("Fixed: the kernel wakes one");
        columns();
        judgeOne(ACCEPT, IN_ACCEPT);
        judgeOne(EXCLUSIVE, IN_EPOLLEXCLUSIVE);
        judgeOne(REUSEPORT, AT_OWN_LISTENERS);
    }

    private void judgeOne(Claim claim, Way<Pool> way) throws IOException, InterruptedException {
        List<PerConnection> all = rows(way);
        PerConnection largest = all.getLast();
        journal.judge(
                claim, all.stream().allMatch(one -> one.returned + one.switches <= 2 * ONE),
                String.format(Locale.ROOT,
                        "%d wait, %.2f are woken for each connection, %.2f return",
                        sizes.getLast(), largest.switches, largest.returned));
    }

    private void columns() {
        List<String> columns = new ArrayList<>(List.of("waiters"));
        sizes.forEach(size -> columns.add("" + size));
        journal.columns(columns.toArray(String[]::new));
    }

    /// Counts pools of all sizes that wait in one way, and writes the two rows of the
    /// table.
    private List<PerConnection> rows(Way<Pool> way) throws IOException, InterruptedException {
        // The first pool makes the JVM load and link what this way needs.
        count(way, 2, WARM_UP_CONNECTIONS);
        List<PerConnection> all = new ArrayList<>();
        List<Object> returned = new ArrayList<>(List.of(way.name() + ", returned"));
        List<Object> switches = new ArrayList<>(List.of(way.name() + ", switches"));
        for (int size : sizes) {
            PerConnection one = count(way, size, connections);
            all.add(one);
            returned.add(one.returned);
            switches.add(one.switches);
        }
        journal.row(returned.toArray());
        journal.row(switches.toArray());
        return all;
    }

    /// Makes connections to one pool, each when all its threads sleep.
    private static PerConnection count(Way<Pool> way, int size, int connections)
            throws IOException, InterruptedException {
        try (Sockets sockets = new Sockets();
                Waiters waiters = Waiters.start(way.action(), size, sockets)) {
            int port = sockets.port(waiters.listener(0));
            double before = waiters.switches();
            for (int i = 1; i <= connections; i++) {
                int client = sockets.connect(port);
                waiters.awaitAccepted(i);
                waiters.awaitAsleep();
                sockets.close(client);
            }
            return new PerConnection(
                    1.0 * waiters.wakeUps() / connections,
                    (waiters.switches() - before) / connections);
        }
    }
}
