// SPDX-License-Identifier: MIT
package csdesign.lab;

import static csdesign.posix.SysSocket.IPPROTO_TCP;
import static csdesign.posix.SysSocket.MSG_NOSIGNAL;
import static csdesign.posix.SysSocket.TCP_DEFER_ACCEPT;

import csdesign.evidence.FourTuple;
import csdesign.evidence.NetCounters;
import csdesign.evidence.NotHereException;
import csdesign.evidence.PrivateNetwork;
import csdesign.evidence.PrivateNetwork.Network;
import csdesign.evidence.TcpInfo;
import csdesign.evidence.TcpTable;
import csdesign.posix.Errno;
import csdesign.range.Option;
import csdesign.range.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// **Backlog, last step: the client is connected, and the server's end is not.**
///
/// ```text
///   client          server's kernel                                 server
///     |---- SYN -------->|  room
///     |<--- SYN ACK -----|
///   connected            |  SYN_RECV; meanwhile others fill the queue
///     |---- ACK -------->|  queue full? dropped, or a RST: tcp_abort_on_overflow
///     |                [accept queue] ---------------- accept ----->|
/// ```
///
/// **What** The accept queue may fill while a handshake is under way. The client has its
/// SYN ACK, so its connect succeeds. Its last ACK finds the queue full and is dropped,
/// and the server's end stays in SYN_RECV.
///
/// **Broken** A client that takes a connect that succeeded for a server that listens to
/// it. It waits for an answer to a request that no one has received.
///
/// **Fixed** A server that accepts without delay. As soon as there is room the client's
/// repeated data completes the handshake, and nothing is lost but time. With
/// tcp_abort_on_overflow the kernel answers the last step by a RST: the client learns at
/// once that it is not served, even where a moment of patience would have helped.
///
/// **In Java** `SocketChannel.connect` returns as connect(2) does: a connection that is
/// complete at this end only.
///
/// **Look for** the two ends of one connection in two states, ESTABLISHED and SYN_RECV.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/lab/BacklogLastStep.java --auto`
///
/// @see <a href="https://man7.org/linux/man-pages/man7/tcp.7.html">tcp(7), tcp_abort_on_overflow</a>
public final class BacklogLastStep {
    static final Claim HALF = new Claim(
            "connected-at-one-end-only",
            "When the queue is full at the last step of a handshake, the client is connected, but"
                    + " the server's end stays in SYN_RECV.");
    static final Claim COMPLETED = new Claim(
            "completed-when-there-is-room",
            "When the server has accepted the others, the client's repeated data completes the"
                    + " handshake, and the server receives it.");
    static final Claim RESET = new Claim(
            "reset-with-abort-on-overflow",
            "With tcp_abort_on_overflow the last step is answered by a RST, and the client's recv"
                    + " by ECONNRESET.");
    static final Claim SILENT = new Claim(
            "no-reset-for-a-first-syn",
            "Even then a first SYN that finds the queue full is dropped in silence, without a"
                    + " RST.");

    static final Option BACKLOG = new Option(
            List.of("--backlog"), "N", 4, 3, 999, "How many connections may wait at the server");

    static final List<Option> OPTIONS = List.of(BACKLOG);

    private static final Path ABORT = Path.of("/proc/sys/net/ipv4/tcp_abort_on_overflow");
    private static final String RESETS = "Tcp.OutRsts";
    private static final String HELLO = "hello";

    /// How long the kernel waits for a client's first data: longer than the lab takes.
    private static final int DEFER_SECONDS = 9;

    private BacklogLastStep() {}

    /// Runs the lab.
    ///
    /// @param arguments `--auto`, `--backlog N`
    public static void main(String... arguments) {
        Lab.main("backlog-last-step", BacklogLastStep::run, OPTIONS, arguments);
    }

    /// See [Lab#run].
    ///
    /// @param settings how
    /// @param journal what it writes into
    /// @throws IOException when a socket cannot be made
    /// @throws InterruptedException when it is told to end
    public static void run(Settings settings, Journal journal)
            throws IOException, InterruptedException {
        journal.expect(HALF, COMPLETED, RESET, SILENT);
        int backlog = settings.number(BACKLOG);
        PrivateNetwork.run(network -> {
            journal.attempt(() -> dropTheLastStep(journal, backlog), HALF, COMPLETED);
            journal.attempt(() -> resetTheLastStep(journal, backlog, network), RESET, SILENT);
        });
    }

    /// Fills a queue while a handshake is at its last step.
    ///
    /// Otherwise this is a race. Here a listening socket with TCP_DEFER_ACCEPT holds it
    /// still: it completes a handshake only when the client sends its first data. The
    /// last two clients connect while there is one place left; the first of the two takes
    /// it by its data, and the data of the other one finds the queue full.
    // @start region="broken"
    private static Crowd fillAtTheLastStep(Sockets sockets, int backlog) throws IOException {
        Crowd crowd = Crowd.at(sockets.listen(0, backlog));
        sockets.set(crowd.listener(), IPPROTO_TCP, TCP_DEFER_ACCEPT, DEFER_SECONDS);
        int port = sockets.port(crowd.listener());
        for (int i = 0; i < backlog; i++) {
            crowd.clients().add(sockets.connect(port));
            sockets.send(crowd.last(), HELLO, MSG_NOSIGNAL);
        }
        crowd.awaitQueued(backlog);
        int inTime = sockets.connect(port);
        int tooLate = sockets.connect(port);
        crowd.clients().addAll(List.of(inTime, tooLate));
        sockets.send(inTime, HELLO, MSG_NOSIGNAL);
        crowd.awaitQueued(backlog + 1);
        long before = crowd.drops();
        sockets.send(tooLate, HELLO, MSG_NOSIGNAL);
        crowd.awaitMoreDropsThan(before);
        return crowd;
    }
    // @end

    // @start region="fixed"
    /// Accepts all that wait, and then the client that was too late: its data, which no
    /// one has acknowledged, is sent again, and completes the handshake.
    private static long acceptUntilTheLast(Sockets sockets, Crowd crowd) throws IOException {
        int queued = crowd.clients().size() - 1;
        for (int i = 0; i < queued; i++) {
            sockets.accept(crowd.listener());
        }
        return sockets.recv(sockets.accept(crowd.listener()));
    }
    // @end

    /// The two ends of one connection are asked for their states: the client's by
    /// TCP_INFO, the server's in the table of the kernel, because no program has its
    /// descriptor yet.
    private static void dropTheLastStep(Journal journal, int backlog) throws IOException {
        journal.part("Broken: the queue is full at the last step of a handshake");
        try (Sockets sockets = new Sockets()) {
            Crowd crowd = fillAtTheLastStep(sockets, backlog);
            String state = TcpInfo.of(crowd.last()).state();
            FourTuple server = FourTuple.of(sockets.errno(), crowd.last()).otherEnd();
            boolean isHalf = TcpTable.isIn(server, "SYN_RECV");
            journal.step("state of the client", state);
            journal.step("server's end in SYN_RECV", isHalf ? "yes" : "no");
            journal.judge(HALF, state.equals("ESTABLISHED") && isHalf,
                    state + ", and the server's end is " + (isHalf ? "" : "not ")
                            + "in SYN_RECV");
            journal.part("Fixed: the server accepts");
            long received = acceptUntilTheLast(sockets, crowd);
            journal.step("received from the client that was too late", received);
            journal.judge(COMPLETED, received == HELLO.length(), received + " bytes");
        }
    }

    /// The same queue in a network whose tcp_abort_on_overflow is set. The client learns
    /// of the overflow by a RST. The setting is about the last step alone: a SYN that
    /// finds the queue full is dropped as ever, and no RST is counted for it.
    private static void resetTheLastStep(Journal journal, int backlog, Network network)
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
            Crowd crowd = fillAtTheLastStep(sockets, backlog);
            long recv = sockets.recv(crowd.last());
            journal.call("recv of the client", recv);
            long resets = resetsSince(before, journal);
            journal.judge(RESET, recv == -Errno.ECONNRESET && resets == 1,
                    "recv: " + Errno.say(recv) + ", " + resets + " RST");
            NetCounters again = NetCounters.read();
            long drops = crowd.drops();
            int next = sockets.beginConnect(sockets.port(crowd.listener()));
            crowd.awaitMoreDropsThan(drops);
            String state = TcpInfo.of(next).state();
            journal.step("state of the next client", state);
            long more = resetsSince(again, journal);
            journal.judge(SILENT, state.equals("SYN_SENT") && more == 0,
                    state + ", " + more + " RST");
        }
    }

    private static long resetsSince(NetCounters before, Journal journal) throws IOException {
        long count = NetCounters.read().since(before, RESETS);
        journal.step(RESETS + " grew by", count);
        return count;
    }
}
