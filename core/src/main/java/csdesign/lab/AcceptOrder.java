// SPDX-License-Identifier: MIT
package csdesign.lab;

import static csdesign.posix.Errno.EAGAIN;
import static csdesign.posix.Errno.EINVAL;
import static csdesign.posix.Errno.check;
import static csdesign.posix.SysEpoll.EPOLLEXCLUSIVE;
import static csdesign.posix.SysEpoll.EPOLLIN;

import csdesign.evidence.PrivateNetwork;
import csdesign.lab.Waiters.Waiter;
import csdesign.posix.SockAddr;
import csdesign.posix.SysEpoll;
import csdesign.posix.SysSocket;
import csdesign.posix.Unistd;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// **Accept order: who of those who wait gets a connection, and which connections wait.**
///
/// ```text
///   accept          0 1 2 3 0 1 2 3  who has waited longest   one queue, 0 is busy:
///   EPOLLEXCLUSIVE  0 0 0 0 0 0 0 0  who watched it first       ===> [    ] --> 1 2 3
///   epoll           2 0 3 3 1 0 2 1  who is quick             a queue each, 0 is busy:
///   SO_REUSEPORT    1 3 1 0 2 2 0 1  whom the ports hash to     ===> [||||] --> 0
///                                                               ===> [    ] --> 1
/// ```
/// **What** A pool waits at one port: all idle, some busy, one busy for long. Who gets
/// the next connection, and what does that cost those who connect?
///
/// **Broken** SO_REUSEPORT, a queue for each worker: a connection goes where the hash of
/// its addresses and ports says, whether or not that worker has time. One busy worker of
/// four makes a quarter of all wait, while the other three sleep.
///
/// **Fixed** One queue, and workers that wait in accept: whoever is free takes the next
/// one, in the order in which they came to wait. Nobody waits while a worker is idle.
///
/// **In Java** These threads call accept4 themselves: the JDK's accept holds a lock, and
/// the order is the lock's. SO_REUSEPORT is an option of its channels.
///
/// **Look for** the column `waiting` and the 99th percentile; the median does not notice.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/lab/AcceptOrder.java --auto`
///
/// @see <a href="https://man7.org/linux/man-pages/man7/socket.7.html">socket(7), SO_REUSEPORT</a>
/// @see <a href="https://man7.org/linux/man-pages/man2/epoll_ctl.2.html">epoll_ctl(2), EPOLLEXCLUSIVE</a>
public final class AcceptOrder {
    static final Claim TURNS = new Claim("turns", "accept, all idle: strictly in turn");
    static final Claim LONGEST = new Claim("longest", "accept, some busy: who waited longest");
    static final Claim ONE = new Claim("one", "EPOLLEXCLUSIVE, all idle: who watched first");
    static final Claim FIRST = new Claim("first", "EPOLLEXCLUSIVE, some busy: so among the idle");
    static final Claim BLIND = new Claim(
            "blind", "SO_REUSEPORT: a busy worker's share waits while the others sleep");
    static final Claim SHARED = new Claim("shared", "one queue: nobody waits for the busy worker");
    static final Claim TAIL = new Claim(
            "tail", "with SO_REUSEPORT the 99th percentile is more than twice as long");

    static final Option WAITERS = new Option(
            List.of("-n", "--waiters"), "WAITERS", 4, 2, 8, "How many workers wait");
    static final List<Option> OPTIONS = List.of(WAITERS);

    private static final int ROUNDS = 3;
    /// They come while one worker is busy with a slow request.
    private static final int CONNECTIONS = 100;
    private static final long BUSY_NANOS = 200_000_000;

    private final Way accept = new Way("accept", false, this::accept);
    private final Way reuseport = new Way("SO_REUSEPORT", true, this::accept);
    private final Way epoll = new Way("epoll", false, waiter -> epoll(waiter, EPOLLIN));
    private final Way exclusive = new Way(
            "EPOLLEXCLUSIVE", false, waiter -> epoll(waiter, EPOLLIN | EPOLLEXCLUSIVE));
    private final Journal journal;
    private final int size;
    private final List<Taken> taken = Collections.synchronizedList(new ArrayList<>());

    private record Way(String name, boolean each, Waiters.Way waiting) {}

    /// A connection that was accepted: by whom, the client's port, and when.
    private record Taken(int worker, int port, long nanos) {}

    /// How many connections waited while others slept, and what 99 of 100 took at most.
    private record Round(long waiting, double p99) {}

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
    /// @throws InterruptedException when it shall end
    public static void run(Settings settings, Journal journal)
            throws IOException, InterruptedException {
        journal.expect(TURNS, LONGEST, ONE, FIRST, BLIND, SHARED, TAIL);
        AcceptOrder lab = new AcceptOrder(settings, journal);
        PrivateNetwork.run(_ -> {
            journal.attempt(lab::idle, TURNS, ONE);
            journal.attempt(lab::bursts, LONGEST, FIRST);
            journal.attempt(lab::oneBusy, BLIND, SHARED, TAIL);
        });
    }

    // @start region="broken"
    private int[] queueEach(Sockets sockets) throws IOException {
        int[] listeners = new int[size];
        for (int i = 0; i < size; i++) { // the first one at any port, the others at the same
            int port = i == 0 ? 0 : sockets.port(listeners[0]);
            listeners[i] = sockets.listenBeside(port, CONNECTIONS); // SO_REUSEPORT
        }
        return listeners;
    }
    // @end

    // @start region="fixed"
    private int[] oneQueue(Sockets sockets) throws IOException {
        int[] listeners = new int[size];
        Arrays.fill(listeners, sockets.listen(0, CONNECTIONS)); // the same one for all
        return listeners;
    }
    // @end

    private Waiters start(Way way, Sockets sockets) throws IOException, InterruptedException {
        taken.clear();
        return Waiters.start(way.each ? queueEach(sockets) : oneQueue(sockets), way.waiting);
    }

    private void accept(Waiter waiter) throws IOException {
        while (take(waiter)) {
            // it waits in accept4, or for its client to end
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
    /// False when the listener is shut.
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

    private void idle() throws IOException, InterruptedException {
        journal.part("All idle, one connection after the other: who gets it");
        int rounds = size * ROUNDS;
        judge(TURNS, play(accept, rounds, 1), inTurn(rounds, 1));
        judge(ONE, play(exclusive, rounds, 1), Collections.nCopies(rounds, 0));
        play(epoll, rounds, 1);
        play(reuseport, rounds, 1);
    }

    private void bursts() throws IOException, InterruptedException {
        journal.part("Bursts that make half of them busy, freed the last one first");
        int rounds = 2 * ROUNDS;
        int width = (size + 1) / 2;
        judge(LONGEST, play(accept, rounds, width), inTurn(rounds, width));
        judge(FIRST, play(exclusive, rounds, width),
                IntStream.range(0, rounds * width).mapToObj(i -> i % width).toList());
        play(epoll, rounds, width);
    }

    private void judge(Claim claim, List<Integer> seen, List<Integer> expected) {
        journal.judge(claim, seen.equals(expected), words(seen));
    }

    /// The order of a queue: from its head, and back to its end when they are free.
    private List<Integer> inTurn(int bursts, int width) {
        List<Integer> queue = new ArrayList<>(IntStream.range(0, size).boxed().toList());
        for (int i = 0; i < bursts; i++) {
            queue.addAll(List.copyOf(queue.subList(i * width, (i + 1) * width).reversed()));
        }
        return queue.subList(0, bursts * width);
    }

    /// Each connection comes when all sleep, be it that they wait for one or serve one.
    private List<Integer> play(Way way, int bursts, int width)
            throws IOException, InterruptedException {
        try (Sockets sockets = new Sockets();
                Waiters pool = start(way, sockets);
                Sockets clients = new Sockets()) { // these end first
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
        journal.step(way.name, words(order));
        journal.step(way.name + ", of each worker", words(counts.boxed().toList()));
        return order;
    }

    private void oneBusy() throws IOException, InterruptedException {
        journal.part("One worker busy: a queue each (broken) and one queue (fixed), in turn");
        journal.columns("way", "connections", "waiting", "p50 ms", "p99 ms", "max ms");
        List<Round> broken = new ArrayList<>();
        List<Round> fixed = new ArrayList<>();
        for (int i = 0; i < ROUNDS; i++) {
            broken.add(round(reuseport));
            fixed.add(round(accept));
        }
        long blind = broken.stream().mapToLong(Round::waiting).sum();
        long shared = fixed.stream().mapToLong(Round::waiting).sum();
        int share = ROUNDS * CONNECTIONS / size; // to which a hash comes near
        journal.judge(BLIND, blind >= share / 4 && blind <= share + share,
                blind + " waited while others slept; a worker's share is " + share);
        journal.judge(SHARED, shared == 0, shared + " waited while others slept");
        double slow = median(broken);
        double quick = median(fixed);
        journal.judge(
                TAIL, slow > 2 * quick, slow + " ms and " + quick + " ms, medians of the rounds");
    }

    private static double median(List<Round> rounds) {
        double median = rounds.stream().map(Round::p99).sorted().toList().get(ROUNDS / 2);
        return Math.round(median * 10) / 10.0;
    }

    private Round round(Way way) throws IOException, InterruptedException {
        long[] began = new long[65_536]; // by the client's port
        long waiting;
        try (Sockets sockets = new Sockets();
                Waiters pool = start(way, sockets);
                Sockets clients = new Sockets()) {
            int port = sockets.port(pool.listener(0));
            long end = System.nanoTime() + BUSY_NANOS;
            int slow = clients.connect(port);
            pool.awaitAccepted(1); // and this worker is busy
            for (int i = 1; i <= CONNECTIONS; i++) {
                long now = System.nanoTime();
                int client = clients.connect(port);
                began[clients.port(client)] = now;
                pool.awaitArrived(i + 1); // it is accepted, or seen to wait
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
        double[] millis = taken.stream().skip(1) // the slow one
                .mapToDouble(one -> (one.nanos - began[one.port]) / 1e6).sorted().toArray();
        journal.row(way.name, CONNECTIONS, waiting, millis[49], millis[98], millis[99]);
        return new Round(waiting, millis[98]);
    }

    private static String words(List<Integer> numbers) {
        return numbers.stream().map(String::valueOf).collect(Collectors.joining(" "));
    }
}
