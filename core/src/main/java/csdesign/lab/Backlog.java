// SPDX-License-Identifier: MIT
package csdesign.lab;

import static csdesign.posix.SysSocket.IPPROTO_TCP;
import static csdesign.posix.SysSocket.MSG_NOSIGNAL;
import static csdesign.posix.SysSocket.TCP_DEFER_ACCEPT;

import csdesign.evidence.FourTuple;
import csdesign.evidence.Look;
import csdesign.evidence.NetCounters;
import csdesign.evidence.NotHereException;
import csdesign.evidence.PrivateNetwork.Network;
import csdesign.evidence.PrivateNetwork;
import csdesign.evidence.ProcNet;
import csdesign.evidence.TcpInfo;
import csdesign.evidence.TcpTable;
import csdesign.posix.Errno;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// **Backlog: how many connections wait to be accepted, and what becomes of the next.**
///
/// ```text
///   client          server's kernel                                 server
///     |---- SYN -------->|  full? dropped: SYN_SENT, again after 1 s
///     |<--- SYN ACK -----|
///   connected            |
///     |---- ACK -------->|  full? dropped, or a RST: tcp_abort_on_overflow
///     |                [accept queue: backlog + 1] ---- accept ---->|
/// ```
/// **What** The kernel makes connections by itself; accept only takes them from a queue.
/// A client is connected, and may send, before any program of the server saw it.
///
/// **Broken** A short backlog, and a server that is busy for a moment. A SYN that finds
/// the queue full is dropped, and nobody is told: the client repeats it after a second.
/// A few of many connects take just over 1 s then, though the server is idle again. SYN
/// cookies do not help: they are about handshakes under way, not about this queue.
///
/// **Fixed** A large backlog: the kernel takes as much as net.core.somaxconn permits. And
/// an accept without delay: a queue helps with a burst, not with too slow a server.
///
/// **In Java** `bind` without a backlog asks for 50.
///
/// **Look for** how long the late connect took, and that counters alone tell of it.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/lab/Backlog.java --auto`
///
/// @see <a href="https://man7.org/linux/man-pages/man2/listen.2.html">listen(2)</a>
/// @see <a href="https://www.rfc-editor.org/rfc/rfc6298#section-2">RFC 6298, 2</a>
public final class Backlog {
    static final Claim QUEUED = new Claim(
            "queued", "nobody accepts, and backlog + 1 clients are connected all the same");
    static final Claim EARLY = new Claim(
            "early", "what a client sends before the accept is acknowledged, and there after it");
    static final Claim DROPPED = new Claim(
            "dropped",
            "the next SYN is dropped without an answer: SYN_SENT, and a drop is counted");
    static final Claim LATE = new Claim("late", "with room again it connects, after a second");
    static final Claim LOST = new Claim(
            "lost", "full at the last step: the client is connected, the server's end is not");
    static final Claim RESET = new Claim(
            "reset", "with tcp_abort_on_overflow the last step is answered by a RST");
    static final Claim SILENT = new Claim("silent", "a SYN is dropped as before, without a RST");
    static final Claim ROOM = new Claim(
            "room", "with a large backlog as many clients connect by their first SYN");
    static final Claim CAPPED = new Claim("capped", "somaxconn is the largest backlog there is");
    static final Claim JDK = new Claim("jdk", "the JDK's bind asks for a backlog of 50");

    static final Option BACKLOG = new Option(List.of("--backlog"), "N", 4, 3, 999, "The short one");
    static final List<Option> OPTIONS = List.of(BACKLOG);

    private static final int LARGE = 100_000;
    private static final double SECOND_MILLIS = 900; // the timer is coarse
    private static final Path ABORT = Path.of("/proc/sys/net/ipv4/tcp_abort_on_overflow");
    private static final Path SOMAXCONN = Path.of("/proc/sys/net/core/somaxconn");
    private static final String OVERFLOWS = "TcpExt.ListenOverflows";
    private static final String RESETS = "Tcp.OutRsts";

    /// A listener, and clients in the order in which they connected.
    private record Crowd(int listener, List<Integer> clients) {}

    private Backlog() {}

    /// Runs the lab.
    ///
    /// @param arguments `--auto`, `--backlog N`
    public static void main(String... arguments) {
        Lab.main("backlog", Backlog::run, OPTIONS, arguments);
    }

    /// See [Lab#run].
    ///
    /// @param settings how
    /// @param journal what it writes into
    /// @throws IOException when a socket cannot be made
    /// @throws InterruptedException when it shall end
    public static void run(Settings settings, Journal journal)
            throws IOException, InterruptedException {
        journal.expect(QUEUED, EARLY, DROPPED, LATE, LOST, RESET, SILENT, ROOM, CAPPED, JDK);
        int backlog = settings.number(BACKLOG);
        PrivateNetwork.run(network -> {
            journal.attempt(() -> full(journal, backlog, network), QUEUED, EARLY, DROPPED, LATE);
            journal.attempt(() -> lastStep(journal, backlog), LOST);
            journal.attempt(() -> aborted(journal, backlog, network), RESET, SILENT);
            journal.attempt(() -> room(journal, backlog), ROOM, CAPPED);
            journal.attempt(() -> byTheJdk(journal), JDK);
        });
    }

    // @start region="broken"
    private static Crowd few(Sockets sockets, int backlog)
            throws IOException {
        Crowd crowd = new Crowd(sockets.listen(0, backlog), new ArrayList<>());
        int port = sockets.port(crowd.listener);
        for (int i = 0; i < backlog + 1; i++) {
            crowd.clients.add(sockets.connect(port)); // connected, though nobody accepts
        }
        awaitQueued(crowd.listener, backlog + 1);
        crowd.clients.add(sockets.connecting(port)); // its SYN finds the queue full
        return crowd;
    }
    // @end

    // @start region="fixed"
    private static Crowd many(Sockets sockets, int backlog) throws IOException {
        Crowd crowd = new Crowd(sockets.listen(0, LARGE), new ArrayList<>());
        int port = sockets.port(crowd.listener);
        for (int i = 0; i < backlog + 2; i++) {
            crowd.clients.add(sockets.connect(port)); // connected, though nobody accepts
        }
        return crowd;
    }
    // @end

    private static void awaitQueued(int listener, int count) throws IOException {
        Look.until(
                count + " connections wait to be accepted",
                () -> TcpInfo.of(listener).unacknowledged(), queued -> queued == count);
    }

    /// Waits until the listener has dropped more than before. What it alone dropped: the
    /// counters of the network are everyone's.
    private static void awaitDrop(int listener, long before) throws IOException {
        Look.until(
                "the listener drops what finds its queue full",
                () -> TcpInfo.drops(listener), drops -> drops > before);
    }

    private static void full(Journal journal, int backlog, Network network)
            throws IOException {
        journal.part("Broken: a backlog of " + backlog + ", and nobody accepts");
        try (Sockets sockets = new Sockets()) {
            NetCounters before = NetCounters.read();
            Crowd crowd = few(sockets, backlog);
            long begun = System.nanoTime();
            awaitDrop(crowd.listener, 0);
            dropped(journal, before, crowd, network.isPrivate());
            int first = crowd.clients.getFirst();
            sockets.send(first, "early", MSG_NOSIGNAL);
            Look.until("the server's kernel has acknowledged it",
                    () -> TcpInfo.of(first).unacknowledged(), unacked -> unacked == 0);
            long there = sockets.recv(sockets.accept(crowd.listener)); // first in, first out
            journal.step("sent before the accept, received after it", there);
            journal.judge(EARLY, there == "early".length(), there + " bytes");
            late(journal, crowd.clients.getLast(), begun);
        }
    }

    private static void dropped(Journal journal, NetCounters before, Crowd crowd, boolean exact)
            throws IOException {
        TcpInfo queue = TcpInfo.of(crowd.listener);
        journal.step("backlog of the listener, by TCP_INFO", queue.sacked());
        journal.step("connections that wait to be accepted", queue.unacknowledged());
        journal.judge(QUEUED, queue.unacknowledged() == queue.sacked() + 1,
                queue.unacknowledged() + " connected, none accepted");
        String state = TcpInfo.of(crowd.clients.getLast()).state();
        long drops = TcpInfo.drops(crowd.listener);
        journal.step("state of the next client", state);
        journal.step("dropped by the listener, by SO_MEMINFO", drops);
        boolean alone = true;
        if (exact) {
            NetCounters after = NetCounters.read();
            long overflows = grown(journal, before, after, OVERFLOWS);
            long all = grown(journal, before, after, "TcpExt.ListenDrops");
            long cookies = grown(journal, before, after, "TcpExt.SyncookiesSent");
            long resets = grown(journal, before, after, RESETS);
            alone = overflows > 0 && all == overflows && cookies == 0 && resets == 0;
        }
        journal.judge(DROPPED, state.equals("SYN_SENT") && alone,
                state + ", " + drops + " dropped");
    }

    private static long grown(
            Journal journal, NetCounters before, NetCounters after, String counter) {
        journal.step(counter + " grew by", after.since(before, counter));
        return after.since(before, counter);
    }

    private static void late(Journal journal, int client, long begun) throws IOException {
        TcpInfo info = Look.until("the client is connected",
                () -> TcpInfo.of(client), now -> !now.state().equals("SYN_SENT"));
        double millis = (System.nanoTime() - begun) / 1e6;
        journal.step("its state after the accept", info.state());
        journal.step("ms that its connect took", millis);
        journal.step("SYNs that it sent again", info.retransmitted());
        boolean late = info.retransmitted() > 0 && millis > SECOND_MILLIS;
        journal.judge(LATE, late && info.state().equals("ESTABLISHED"),
                "%.0f ms, %d SYN sent again".formatted(millis, info.retransmitted()));
    }

    /// A queue with one place left, and two clients at the last step of their handshakes.
    /// Otherwise a race; with TCP_DEFER_ACCEPT no handshake ends before the client sends.
    private static Crowd lastSteps(Sockets sockets, int backlog)
            throws IOException {
        Crowd crowd = new Crowd(sockets.listen(0, backlog), new ArrayList<>());
        sockets.set(crowd.listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, 9);
        int port = sockets.port(crowd.listener);
        for (int i = 0; i < backlog; i++) {
            crowd.clients.add(sockets.connect(port));
            sockets.send(crowd.clients.getLast(), "hello", MSG_NOSIGNAL);
        }
        awaitQueued(crowd.listener, backlog); // there is room for one more
        crowd.clients.add(sockets.connect(port));
        crowd.clients.add(sockets.connect(port));
        sockets.send(crowd.clients.get(backlog), "hello", MSG_NOSIGNAL);
        awaitQueued(crowd.listener, backlog + 1);
        long before = TcpInfo.drops(crowd.listener);
        sockets.send(crowd.clients.getLast(), "hello", MSG_NOSIGNAL);
        awaitDrop(crowd.listener, before);
        return crowd;
    }

    private static void lastStep(Journal journal, int backlog)
            throws IOException {
        journal.part("Broken: the queue is full at the last step of a handshake");
        try (Sockets sockets = new Sockets()) {
            Crowd crowd = lastSteps(sockets, backlog);
            int last = crowd.clients.getLast();
            String state = TcpInfo.of(last).state();
            FourTuple server = FourTuple.of(sockets.errno(), last).otherEnd();
            boolean half = TcpTable.isIn(server, "SYN_RECV");
            journal.step("state of the client", state);
            journal.step("server's end in SYN_RECV", half ? "yes" : "no");
            for (int i = 0; i < backlog + 1; i++) {
                sockets.accept(crowd.listener);
            }
            boolean open = state.equals("ESTABLISHED"); // so the client sends again
            journal.step("received after other accepts",
                    open ? sockets.recv(sockets.accept(crowd.listener)) : 0);
            journal.judge(LOST, open && half,
                    state + ", and the server's end is " + (half ? "" : "not ") + "in SYN_RECV");
        }
    }

    private static void aborted(Journal journal, int backlog, Network network)
            throws IOException {
        journal.part("The same with tcp_abort_on_overflow");
        if (!network.isPrivate()) {
            throw new NotHereException(
                    "tcp_abort_on_overflow is set in a network of one's own, and "
                            + network.refusal());
        }
        if (!Files.isWritable(ABORT)) {
            throw new NotHereException("it sets " + ABORT + ", which cannot be written here");
        }
        Files.writeString(ABORT, "1");
        try (Sockets sockets = new Sockets()) {
            NetCounters before = NetCounters.read();
            Crowd crowd = lastSteps(sockets, backlog);
            int last = crowd.clients.getLast();
            long recv = sockets.recv(last);
            journal.call("recv of the client", recv);
            long resets = grown(journal, before, NetCounters.read(), RESETS);
            journal.judge(RESET, recv == -Errno.ECONNRESET && resets == 1,
                    "recv: " + Errno.say(recv) + ", " + resets + " RST");
            NetCounters again = NetCounters.read();
            long drops = TcpInfo.drops(crowd.listener);
            int next = sockets.connecting(sockets.port(crowd.listener));
            awaitDrop(crowd.listener, drops);
            String state = TcpInfo.of(next).state();
            journal.step("state of the next client", state);
            long more = grown(journal, again, NetCounters.read(), RESETS);
            journal.judge(SILENT, state.equals("SYN_SENT") && more == 0,
                    state + ", " + more + " RST");
        }
    }

    private static void room(Journal journal, int backlog) throws IOException {
        journal.part("Fixed: a large backlog, and nobody accepts");
        try (Sockets sockets = new Sockets()) {
            Crowd crowd = many(sockets, backlog);
            long again = 0;
            for (int client : crowd.clients) {
                again += TcpInfo.of(client).retransmitted();
            }
            journal.step("connected, none accepted", crowd.clients.size());
            journal.step("SYNs sent again", again);
            long drops = TcpInfo.drops(crowd.listener);
            journal.step("dropped by the listener, by SO_MEMINFO", drops);
            journal.judge(ROOM, again == 0 && drops == 0,
                    crowd.clients.size() + " clients, " + again + " SYN sent again");
            int largest = TcpInfo.of(crowd.listener).sacked();
            long most = ProcNet.number(SOMAXCONN);
            journal.step("backlog of the listener, by TCP_INFO", largest);
            journal.step("net.core.somaxconn", most);
            journal.judge(CAPPED, largest == Math.min(most, LARGE), largest + " of " + LARGE);
        }
    }

    private static void byTheJdk(Journal journal) throws IOException {
        journal.part("The JDK's own");
        try (Sockets sockets = new Sockets();
                ServerSocketChannel channel = ServerSocketChannel.open()) {
            int free = sockets.listen(0, 1);
            InetSocketAddress address = new InetSocketAddress(
                    InetAddress.ofLiteral("127.0.0.1"), sockets.port(free));
            sockets.close(free);
            channel.bind(address);
            int backlog = TcpInfo.of(FourTuple.listening(address)).sacked();
            journal.step("backlog of the listener, by TCP_INFO", backlog);
            journal.judge(JDK, backlog == 50, "" + backlog);
        }
    }
}
