// SPDX-License-Identifier: MIT
package csdesign.lab;

import static csdesign.posix.Errno.EAGAIN;
import static csdesign.posix.Errno.EINVAL;
import static csdesign.posix.Errno.check;
import static csdesign.posix.SysEpoll.EPOLLEXCLUSIVE;
import static csdesign.posix.SysEpoll.EPOLLIN;

import csdesign.evidence.PrivateNetwork;
import csdesign.lab.Waiters.Pool;
import csdesign.posix.SockAddr;
import csdesign.posix.SysEpoll;
import csdesign.posix.SysSocket;
import csdesign.posix.Unistd;
import csdesign.range.Option;
import csdesign.range.Settings;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// **Accept order: which waiting worker gets a connection, and which connections wait.**
///
/// ```text
///   accept          0 1 2 3 0 1 2 3  the longest waiting      one queue, 0 is busy:
///   EPOLLEXCLUSIVE  0 0 0 0 0 0 0 0  the first to watch         ===> [    ] --> 1 2 3
///   epoll           2 0 3 3 1 0 2 1  the quickest             a queue each, 0 is busy:
///   SO_REUSEPORT    1 3 1 0 2 2 0 1  by a hash of the ports     ===> [||||] --> 0
///                                                               ===> [    ] --> 1
/// ```
///
/// **What** A pool of workers waits at one port: all idle, some busy, or one busy for
/// long. Which worker gets the next connection, and what does that cost the client?
///
/// **Broken** SO_REUSEPORT gives each worker a queue of its own. A hash of addresses and
/// ports sends a connection to one of the queues, whether or not its worker has time. One
/// busy worker of four makes a quarter of all connections wait, while three workers
/// sleep.
///
/// **Fixed** One queue, and workers that wait in accept. Each free worker takes the next
/// connection, in the order in which the workers came to wait. No connection waits while
/// a worker is idle.
///
/// **In Java** These threads call accept4 themselves. The JDK's accept holds a lock, so
/// there the order is the lock's. SO_REUSEPORT is an option of the JDK's channels.
///
/// **Look for** the column `waiting` and the 99th percentile. The median does not show
/// it.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/lab/AcceptOrder.java --auto`
///
/// @see <a href="https://man7.org/linux/man-pages/man7/socket.7.html">socket(7), SO_REUSEPORT</a>
/// @see <a href="https://man7.org/linux/man-pages/man2/epoll_ctl.2.html">epoll_ctl(2), EPOLLEXCLUSIVE</a>
public final class AcceptOrder {
    static final Claim LONGEST = new Claim(
            "accept-serves-the-longest-waiting",
            "In accept the worker that has waited longest gets the next connection: strictly in"
                    + " turn while all are idle, and in the order in which they were freed when"
                    + " some were busy.");
    static final Claim FIRST = new Claim(
            "epollexclusive-serves-the-first-watcher",
            "With EPOLLEXCLUSIVE the idle worker that was the first to watch the socket gets"
                    + " every connection, however long the others have waited.");
    static final Claim STRANDED = new Claim(
            "reuseport-strands-connections",
            "Broken: with SO_REUSEPORT the share of a busy worker waits, while the other workers"
                    + " sleep.");
    static final Claim NONE_STRANDED = new Claim(
            "one-queue-strands-none",
            "Fixed: with one queue no connection waits for the busy worker.");
    static final Claim TAIL = new Claim(
            "reuseport-lengthens-the-tail",
            "With SO_REUSEPORT the 99th percentile of the time until accept is more than twice"
                    + " as long as with one queue.");

    static final Option WAITERS = new Option(
            List.of("-n", "--waiters"), "WAITERS", 4, 2, 8, "How many workers wait");
    static final List<Option> OPTIONS = List.of(WAITERS);

    private static final int ROUNDS = 3;

    /// So many connections come while one worker is busy with a slow request.
    private static final int CONNECTIONS = 100;

    private static final long BUSY_NANOS = 200_000_000;

    private final Way<Pool> accept = new Way<>(
            "accept", new Pool(AcceptOrder::oneQueue, this::accept));
    private final Way<Pool> reuseport = new Way<>(
            "SO_REUSEPORT", new Pool(AcceptOrder::queueEach, this::accept));
    private final Way<Pool> epoll = new Way<>(
            "epoll", new Pool(AcceptOrder::oneQueue, waiter -> epoll(waiter, EPOLLIN)));
    private final Way<Pool> exclusive = new Way<>(
            "EPOLLEXCLUSIVE", new Pool(
                    AcceptOrder::oneQueue, waiter -> epoll(waiter, EPOLLIN | EPOLLEXCLUSIVE)));
    private final Journal journal;
    private final int size;
    private final List<Taken> taken = Collections.synchronizedList(new ArrayList<>());

    /// A connection that was accepted.
    ///
    /// @param worker the number of the worker that has it
    /// @param port of its client
    /// @param nanos when it was accepted
    private record Taken(int worker, int port, long nanos) {}

    /// What was seen of a pool with one busy worker.
    ///
    /// @param waiting how many connections waited while other workers slept
    /// @param p99Millis the 99th percentile of the time from connect to accept
    private record Round(long waiting, double p99Millis) {}

    private AcceptOrder(Settings settings, Journal journal) {
        this.journal = journal;
        size = settings.number(WAITERS);
    }

    /// Runs the lab.
    ///
    /// @param arguments `--waiters WAITERS`
    public static void main(String... arguments) {
        Lab.main("accept-order", AcceptOrder::run, OPTIONS, arguments);
    }

    /// See [Lab#run].
    ///
    /// @param settings how
    /// @param journal what it writes into
    /// @throws IOException when a socket cannot be made
    /// @throws InterruptedException when it is told to end
    public static void run(Settings settings, Journal journal)
            throws IOException, InterruptedException {
        journal.expect(LONGEST, FIRST, STRANDED, NONE_STRANDED, TAIL);
        AcceptOrder lab = new AcceptOrder(settings, journal);
        PrivateNetwork.run(_ -> {
            journal.attempt(lab::compareOrders, LONGEST, FIRST);
            journal.attempt(lab::keepOneBusy, STRANDED, NONE_STRANDED, TAIL);
        });
    }

    // @start region="broken"
    private static int[] queueEach(Sockets sockets, int workers) throws IOException {
        int[] listeners = new int[workers];
        for (int i = 0; i < workers; i++) {
            // The kernel picks a port for the first listener; the others take the same port,
            // which SO_REUSEPORT permits.
            int port = i == 0 ? 0 : sockets.port(listeners[0]);
            listeners[i] = sockets.listenReusePort(port, CONNECTIONS);
        }
        return listeners;
    }
    // @end

    // @start region="fixed"
    private static int[] oneQueue(Sockets sockets, int workers) throws IOException {
        int[] listeners = new int[workers];
        Arrays.fill(listeners, sockets.listen(0, CONNECTIONS)); // the same socket for all
        return listeners;
    }
    // @end

    private void accept(Waiter waiter) throws IOException {
        while (take(waiter)) {
            // The worker waits in accept4, or for the end of its client.
        }
    }

    private void epoll(Waiter waiter, int mask) throws IOException {
        int epoll = waiter.watch(mask);
        MemorySegment event = waiter.allocate(SysEpoll.EVENT_BYTES);
        do {
            SysEpoll.epoll_wait(waiter.errno(), epoll, event, 1, -1);
        } while (take(waiter));
    }

    /// Takes a connection, if there is one, and is busy with it until its client ends.
    ///
    /// @return false when the listener is shut
    private boolean take(Waiter waiter) throws IOException {
        MemorySegment name = waiter.allocate(SockAddr.IN6_BYTES);
        MemorySegment bytes = waiter.allocate(Integer.BYTES);
        bytes.set(ValueLayout.JAVA_INT, 0, SockAddr.IN6_BYTES);
        int client = SysSocket.accept4(waiter.errno(), waiter.listener(), name, bytes, 0);
        if (client == -EINVAL || client == -EAGAIN) {
            return client == -EAGAIN;
        }
        check(client, "accept4");
        taken.add(new Taken(waiter.index(), SockAddr.read(name).getPort(), System.nanoTime()));
        waiter.row().accept();
        SysSocket.recv(waiter.errno(), client, name, 1, 0);
        Unistd.close(waiter.errno(), client);
        waiter.row().answer(1);
        return true;
    }

    /// Each connection comes when all workers sleep, so the order is the kernel's and not
    /// the scheduler's. First the pool is idle. Then bursts make half of it busy, and the
    /// workers are freed in the reverse order: only a queue of those that wait explains
    /// what accept does then. epoll and SO_REUSEPORT are only shown.
    private void compareOrders() throws IOException, InterruptedException {
        journal.part("All idle, one connection after the other: who gets it");
        int connections = size * ROUNDS;
        List<Integer> idleAccept = orderOf(accept, connections, 1);
        List<Integer> idleExclusive = orderOf(exclusive, connections, 1);
        orderOf(epoll, connections, 1);
        orderOf(reuseport, connections, 1);
        journal.part("Bursts that make half of them busy, freed the last one first");
        int bursts = 2 * ROUNDS;
        int width = (size + 1) / 2;
        List<Integer> burstAccept = orderOf(accept, bursts, width);
        List<Integer> burstExclusive = orderOf(exclusive, bursts, width);
        orderOf(epoll, bursts, width);

        journal.judge(
                LONGEST,
                idleAccept.equals(orderOfAQueue(connections, 1))
                        && burstAccept.equals(orderOfAQueue(bursts, width)),
                "idle " + words(idleAccept) + "; in bursts " + words(burstAccept));
        journal.judge(
                FIRST,
                idleExclusive.equals(lowestNumbers(connections, 1))
                        && burstExclusive.equals(lowestNumbers(bursts, width)),
                "idle " + words(idleExclusive) + "; in bursts " + words(burstExclusive));
    }

    /// The order in which workers come from the head of a queue, and go back to its end
    /// when they are free.
    private List<Integer> orderOfAQueue(int bursts, int width) {
        List<Integer> queue = new ArrayList<>(IntStream.range(0, size).boxed().toList());
        for (int i = 0; i < bursts; i++) {
            queue.addAll(List.copyOf(queue.subList(i * width, (i + 1) * width).reversed()));
        }
        return queue.subList(0, bursts * width);
    }

    /// The order in which always the idle worker with the lowest number comes.
    private static List<Integer> lowestNumbers(int bursts, int width) {
        return IntStream.range(0, bursts * width).map(i -> i % width).boxed().toList();
    }

    /// Makes bursts of connections to a new pool. Before each connection, and before a
    /// client ends, all workers sleep: they wait for a connection, or serve one.
    ///
    /// @return the numbers of the workers that got the connections
    private List<Integer> orderOf(Way<Pool> way, int bursts, int width)
            throws IOException, InterruptedException {
        taken.clear();
        // What is declared last is closed first: a worker needs its client's end to end.
        try (Sockets sockets = new Sockets();
                Waiters pool = Waiters.start(way.action(), size, sockets);
                Sockets clients = new Sockets()) {
            for (int i = 1; i <= bursts; i++) {
                List<Integer> open = new ArrayList<>();
                while (open.size() < width) {
                    open.add(clients.connect(sockets.port(pool.listener(0))));
                    pool.awaitAccepted((i - 1) * width + open.size());
                    pool.awaitAsleep();
                }
                while (!open.isEmpty()) {
                    clients.close(open.removeLast());
                    pool.awaitServed(i * width - open.size());
                    pool.awaitAsleep();
                }
            }
        }
        List<Integer> order = taken.stream().map(Taken::worker).toList();
        IntStream counts = IntStream.range(0, size).map(i -> Collections.frequency(order, i));
        journal.step(way.name(), words(order));
        journal.step(way.name() + ", of each worker", words(counts.boxed().toList()));
        return order;
    }

    /// One worker is busy with a slow client while 100 others come. The same is done with
    /// a queue for each worker and with one queue, in turn, so that both meet the same
    /// machine. A hash gives a worker about its share: the claim allows a quarter of it
    /// to twice of it.
    private void keepOneBusy() throws IOException, InterruptedException {
        journal.part("One worker busy: a queue each (broken) and one queue (fixed), in turn");
        journal.columns("way", "connections", "waiting", "p50 ms", "p99 ms", "max ms");
        List<Round> broken = new ArrayList<>();
        List<Round> fixed = new ArrayList<>();
        for (int i = 0; i < ROUNDS; i++) {
            broken.add(roundWithOneBusy(reuseport));
            fixed.add(roundWithOneBusy(accept));
        }
        long stranded = broken.stream().mapToLong(Round::waiting).sum();
        int share = ROUNDS * CONNECTIONS / size;
        journal.judge(
                STRANDED, stranded >= share / 4 && stranded <= 2L * share,
                stranded + " waited while others slept; a worker's share is " + share);
        long waited = fixed.stream().mapToLong(Round::waiting).sum();
        journal.judge(NONE_STRANDED, waited == 0, waited + " waited while others slept");
        double slow = medianMillis(broken);
        double quick = medianMillis(fixed);
        journal.judge(
                TAIL, slow > 2 * quick, slow + " ms and " + quick + " ms, medians of the rounds");
    }

    private static double medianMillis(List<Round> rounds) {
        double median = rounds.stream().map(Round::p99Millis).sorted().toList().get(ROUNDS / 2);
        return Math.round(median * 10) / 10.0;
    }

    /// The slow client comes first and keeps its worker busy. Each of the others comes
    /// when the one before it is accepted, or is seen in a queue. When all are there and
    /// all workers sleep, those that still wait are counted. Then the slow client ends.
    private Round roundWithOneBusy(Way<Pool> way) throws IOException, InterruptedException {
        taken.clear();
        long[] begunNanos = new long[65_536]; // by the client's port
        long waiting;
        try (Sockets sockets = new Sockets();
                Waiters pool = Waiters.start(way.action(), size, sockets);
                Sockets clients = new Sockets()) {
            int port = sockets.port(pool.listener(0));
            long end = System.nanoTime() + BUSY_NANOS;
            int slow = clients.connect(port);
            pool.awaitAccepted(1);
            for (int i = 1; i <= CONNECTIONS; i++) {
                long now = System.nanoTime();
                int client = clients.connect(port);
                begunNanos[clients.port(client)] = now;
                pool.awaitArrived(i + 1);
                clients.close(client);
            }
            pool.awaitAsleep();
            waiting = pool.queued();
            while (System.nanoTime() < end) {
                pool.pause();
            }
            clients.close(slow);
            pool.awaitServed(1 + CONNECTIONS);
        }
        double[] millis = taken.stream().skip(1) // the slow client
                .mapToDouble(one -> (one.nanos - begunNanos[one.port]) / 1e6)
                .sorted().toArray();
        journal.row(way.name(), CONNECTIONS, waiting, millis[49], millis[98], millis[99]);
        return new Round(waiting, millis[98]);
    }

    private static String words(List<Integer> numbers) {
        return numbers.stream().map(String::valueOf).collect(Collectors.joining(" "));
    }
}
