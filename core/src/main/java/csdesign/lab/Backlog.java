// SPDX-License-Identifier: MIT
package csdesign.lab;

import static csdesign.posix.SysSocket.MSG_NOSIGNAL;

import csdesign.evidence.Look;
import csdesign.evidence.NetCounters;
import csdesign.evidence.PrivateNetwork;
import csdesign.evidence.PrivateNetwork.Network;
import csdesign.evidence.TcpInfo;
import csdesign.range.Option;
import csdesign.range.Settings;
import java.io.IOException;
import java.util.List;

/// **Backlog: how many connections wait to be accepted, and what becomes of the next
/// one.**
///
/// ```text
///   client          server's kernel                                 server
///     |---- SYN -------->|  queue full? dropped: SYN_SENT, again after 1 s
///     |<--- SYN ACK -----|
///   connected            |
///     |---- ACK -------->|
///     |                [accept queue: backlog + 1] ---- accept ---->|
/// ```
///
/// **What** The kernel completes handshakes by itself, and puts the connections into a
/// queue; accept(2) only takes them out. A client is connected, and may send, before any
/// program of the server knows of it.
///
/// **Broken** The backlog is short, and the server is busy for a moment. A SYN that finds
/// the queue full is dropped, and the client is not told. It sends the SYN again after a
/// second. So a few of many connections take just over a second, although the server has
/// long been idle again. SYN cookies do not help: they are for handshakes that are under
/// way, not for this queue.
///
/// **Fixed** A large backlog. The kernel grants as much as net.core.somaxconn permits:
/// see [BacklogCap]. The server must also accept without delay, because a queue helps
/// with a burst, and not with a server that is too slow.
///
/// **In Java** `bind` without a backlog asks for 50.
///
/// **Look for** how long the late connect took. Only counters tell the server about it.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/lab/Backlog.java --auto`
///
/// @see <a href="https://man7.org/linux/man-pages/man2/listen.2.html">listen(2)</a>
/// @see <a href="https://www.rfc-editor.org/rfc/rfc6298#section-2">RFC 6298, 2</a>
public final class Backlog {
    static final Claim CONNECTED = new Claim(
            "connected-before-accept",
            "Before the server has accepted anyone, backlog + 1 clients are already connected.");
    static final Claim EARLY = new Claim(
            "sent-before-accept",
            "What a client sends before it is accepted is acknowledged at once, and the server"
                    + " receives it after the accept.");
    static final Claim DROPPED = new Claim(
            "next-syn-dropped-in-silence",
            "The SYN of the next client is dropped without an answer: the client stays in"
                    + " SYN_SENT, and the listening socket counts a drop.");
    static final Claim LATE = new Claim(
            "connected-a-second-late",
            "When there is room again that client connects, but only by the SYN that it sends"
                    + " again after a second.");
    static final Claim ROOM = new Claim(
            "no-drop-with-a-large-backlog",
            "With a large backlog as many clients connect by their first SYN, and nothing is"
                    + " dropped.");

    static final Option BACKLOG = new Option(
            List.of("--backlog"), "N", 4, 3, 999,
            "How many connections may wait at the server with the short queue");

    static final List<Option> OPTIONS = List.of(BACKLOG);

    private static final int LARGE = 100_000;

    /// The first retransmission timeout is 1 s (RFC 6298); the kernel's timer is coarse.
    private static final double SECOND_MILLIS = 900;

    private static final String OVERFLOWS = "TcpExt.ListenOverflows";
    private static final String DROPS = "TcpExt.ListenDrops";
    private static final String COOKIES = "TcpExt.SyncookiesSent";
    private static final String RESETS = "Tcp.OutRsts";

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
    /// @throws InterruptedException when it is told to end
    public static void run(Settings settings, Journal journal)
            throws IOException, InterruptedException {
        journal.expect(CONNECTED, EARLY, DROPPED, LATE, ROOM);
        int backlog = settings.number(BACKLOG);
        PrivateNetwork.run(network -> {
            journal.attempt(
                    () -> overflow(journal, backlog, network), CONNECTED, EARLY, DROPPED, LATE);
            journal.attempt(() -> leaveRoom(journal, backlog), ROOM);
        });
    }

    // @start region="broken"
    /// Fills a short queue: backlog + 1 clients are connected, though no one accepts. One
    /// more begins to connect, and its SYN finds the queue full.
    private static Crowd overflowAShortQueue(Sockets sockets, int backlog) throws IOException {
        Crowd crowd = Crowd.at(sockets.listen(0, backlog));
        int port = sockets.port(crowd.listener());
        for (int i = 0; i < backlog + 1; i++) {
            crowd.clients().add(sockets.connect(port));
        }
        crowd.awaitQueued(backlog + 1);
        crowd.clients().add(sockets.beginConnect(port));
        return crowd;
    }
    // @end

    // @start region="fixed"
    /// The same clients at a long queue: all are connected, though no one accepts.
    private static Crowd connectAllToALongQueue(Sockets sockets, int backlog)
            throws IOException {
        Crowd crowd = Crowd.at(sockets.listen(0, LARGE));
        int port = sockets.port(crowd.listener());
        for (int i = 0; i < backlog + 2; i++) {
            crowd.clients().add(sockets.connect(port));
        }
        return crowd;
    }
    // @end

    /// A short queue overflows, then the server accepts one connection, and waits for the
    /// client whose SYN was dropped.
    private static void overflow(Journal journal, int backlog, Network network)
            throws IOException {
        journal.part("Broken: a backlog of " + backlog + ", and no one accepts");
        try (Sockets sockets = new Sockets()) {
            NetCounters before = NetCounters.read();
            Crowd crowd = overflowAShortQueue(sockets, backlog);
            long begun = System.nanoTime();
            crowd.awaitMoreDropsThan(0);
            judgeQueue(journal, crowd);
            judgeDrop(journal, crowd, before, network);
            acceptTheFirst(journal, sockets, crowd);
            awaitTheLast(journal, crowd, begun);
        }
    }

    /// TCP_INFO of a listening socket tells its backlog, and how many connections wait.
    private static void judgeQueue(Journal journal, Crowd crowd) throws IOException {
        TcpInfo queue = TcpInfo.of(crowd.listener());
        journal.step("backlog of the listener, by TCP_INFO", queue.acceptBacklog());
        journal.step("connections that wait to be accepted", queue.acceptQueue());
        journal.judge(CONNECTED, queue.acceptQueue() == queue.acceptBacklog() + 1,
                queue.acceptQueue() + " connected, none accepted");
    }

    /// The drop is counted at the socket, where no one else's can be among them. Where
    /// the network is the lab's own its counters say the same, and also that there was
    /// nothing else: no cookie, and no RST that would have told the client.
    private static void judgeDrop(
            Journal journal, Crowd crowd, NetCounters before, Network network)
            throws IOException {
        String state = TcpInfo.of(crowd.last()).state();
        long drops = crowd.drops();
        journal.step("state of the next client", state);
        journal.step("dropped by the listener, by SO_MEMINFO", drops);
        boolean isSilent = true;
        if (network.isPrivate()) {
            NetCounters now = NetCounters.read();
            for (String counter : List.of(OVERFLOWS, DROPS, COOKIES, RESETS)) {
                journal.step(counter + " grew by", now.since(before, counter));
            }
            isSilent = now.since(before, OVERFLOWS) > 0
                    && now.since(before, DROPS) == now.since(before, OVERFLOWS)
                    && now.since(before, COOKIES) == 0
                    && now.since(before, RESETS) == 0;
        }
        journal.judge(DROPPED, state.equals("SYN_SENT") && isSilent,
                state + ", " + drops + " dropped");
    }

    /// The first client in the queue sends something. It is acknowledged while no program
    /// has accepted the connection: the kernel keeps the bytes. The queue is first in,
    /// first out, so the next accept returns this connection, and makes room for one
    /// more.
    private static void acceptTheFirst(Journal journal, Sockets sockets, Crowd crowd)
            throws IOException {
        int first = crowd.clients().getFirst();
        sockets.send(first, "early", MSG_NOSIGNAL);
        Look.until("the server's kernel has acknowledged it",
                () -> TcpInfo.of(first).unacknowledged(), segments -> segments == 0);
        long received = sockets.recv(sockets.accept(crowd.listener()));
        journal.step("sent before the accept, received after it", received);
        journal.judge(EARLY, received == "early".length(), received + " bytes");
    }

    /// There is room now, but the client whose SYN was dropped does not know that: it
    /// connects when its timer sends the SYN again.
    private static void awaitTheLast(Journal journal, Crowd crowd, long begun)
            throws IOException {
        int client = crowd.last();
        TcpInfo info = Look.until("the client is connected",
                () -> TcpInfo.of(client), now -> !now.state().equals("SYN_SENT"));
        double millis = (System.nanoTime() - begun) / 1e6;
        journal.step("its state after the accept", info.state());
        journal.step("ms that its connect took", millis);
        journal.step("SYNs that it sent again", info.retransmitted());
        boolean isLate = info.retransmitted() > 0 && millis > SECOND_MILLIS;
        journal.judge(LATE, isLate && info.state().equals("ESTABLISHED"),
                "%.0f ms, %d SYN sent again".formatted(millis, info.retransmitted()));
    }

    /// As many clients as before at a long queue. Each is connected already when connect
    /// returns; that no SYN was sent again shows that none was dropped.
    private static void leaveRoom(Journal journal, int backlog) throws IOException {
        journal.part("Fixed: a large backlog, and no one accepts");
        try (Sockets sockets = new Sockets()) {
            Crowd crowd = connectAllToALongQueue(sockets, backlog);
            long again = 0;
            for (int client : crowd.clients()) {
                again += TcpInfo.of(client).retransmitted();
            }
            long drops = crowd.drops();
            journal.step("connected, none accepted", crowd.clients().size());
            journal.step("SYNs sent again", again);
            journal.step("dropped by the listener, by SO_MEMINFO", drops);
            journal.judge(ROOM, again == 0 && drops == 0,
                    crowd.clients().size() + " clients, " + again + " SYN sent again");
        }
    }
}
