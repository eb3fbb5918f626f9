// SPDX-License-Identifier: MIT
package csdesign.lab;

import static csdesign.posix.SysSocket.IPPROTO_TCP;
import static csdesign.posix.SysSocket.MSG_MORE;
import static csdesign.posix.SysSocket.TCP_CORK;

import csdesign.evidence.PrivateNetwork;
import csdesign.evidence.TcpInfo;
import csdesign.range.Option;
import csdesign.range.Settings;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/// **Nagle: write, write, read waits for an ACK that only a timer sends.**
///
/// ```text
///   written, written, then read                        written with MSG_MORE, then read
///   sender                          receiver           sender                    receiver
///     |------- header --------------->|                  |                          |
///   body: not full, and header is     | waits for the    |                          |
///   not acknowledged: Nagle holds it  | body; its ACK    |---- header and body ---->|
///     |<------ ACK -------------------| waits 40 ms      |<--- reply, and ACK ------|
///     |------- body ----------------->| reply
/// ```
///
/// **What** Nagle's rule holds a segment that is not full while an earlier one is not
/// acknowledged. The receiver delays its ACK, so that a reply can carry it. A program
/// that writes twice and then reads makes each of the two wait for the other.
///
/// **Broken** Header and body in a send each: about 40 ms for each exchange, at any
/// bandwidth. The first exchange of a connection does not wait, because Linux
/// acknowledges the first segments at once. A test with one request for each connection
/// sees nothing.
///
/// **Fixed** One segment: MSG_MORE at all sends but the last, TCP_CORK around them, or
/// one writev. TCP_NODELAY switches Nagle's rule off and ends the waiting too, but makes
/// a segment of each write: see [Cork].
///
/// **In Java** Nagle's rule is on unless you set `StandardSocketOptions.TCP_NODELAY`;
/// `SocketChannel.write(ByteBuffer[])` is writev. There is no MSG_MORE and no TCP_CORK.
///
/// **Look for** the 40 ms, and that as many requests were held back as there were
/// exchanges. A cork that no one takes off holds for some 200 ms.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/lab/Nagle.java --auto`
///
/// @see <a href="https://www.rfc-editor.org/rfc/rfc9293#section-3.7.4">RFC 9293, 3.7.4</a>
/// @see <a href="https://www.rfc-editor.org/rfc/rfc1122#page-96">RFC 1122, 4.2.3.2</a>
/// @see <a href="https://man7.org/linux/man-pages/man7/tcp.7.html">tcp(7), TCP_NODELAY</a>
public final class Nagle {
    static final Claim FIRST = new Claim(
            "first-exchange-does-not-wait", "The first exchange of a connection does not wait.");
    static final Claim WAITS = new Claim(
            "write-write-read-waits-for-a-timer",
            "In later exchanges write, write, read takes 40 ms: the second write waits for an"
                    + " ACK, and only the receiver's timer sends it.");
    static final Claim REMEDIED = new Claim(
            "no-wait-with-any-remedy",
            "With TCP_NODELAY, TCP_CORK, MSG_MORE or writev the exchange waits for no ACK.");
    static final Claim HELD = new Claim(
            "forgotten-cork-holds-200-ms",
            "A cork that no one takes off lets its bytes go by itself, after about 200 ms.");

    static final List<Option> OPTIONS = List.of();

    /// A header and a body. Together they are less than a full segment.
    private static final int[] REQUEST = {200, 200};

    /// The first of them does not wait; the median is that of the others.
    private static final int EXCHANGES = 11;

    /// An ACK is delayed for 40 ms (TCP_DELACK_MIN), or more; less the ticks of up to 10
    /// ms that may have begun.
    private static final double LEAST_DELAY_MILLIS = 30;

    /// A cork holds for 200 ms (TCP_RTO_MIN), or more; less the same ticks.
    private static final double LEAST_HELD_MILLIS = 180;

    /// What was measured on one connection. A request is held back when its end was
    /// written and has not been sent.
    ///
    /// @param firstMillis how long the first exchange took
    /// @param firstHeld whether its request was held back
    /// @param millis the median of the others
    /// @param held how many of the others had their request held back
    private record Exchanges(double firstMillis, boolean firstHeld, double millis, int held) {}

    private Nagle() {}

    /// Runs the lab.
    ///
    /// @param arguments `--auto`
    public static void main(String... arguments) {
        Lab.main("nagle", Nagle::run, OPTIONS, arguments);
    }

    /// See [Lab#run].
    ///
    /// @param settings how
    /// @param journal what it writes into
    /// @throws IOException when a socket cannot be made
    /// @throws InterruptedException when it is told to end
    public static void run(Settings settings, Journal journal)
            throws IOException, InterruptedException {
        journal.expect(FIRST, WAITS, REMEDIED, HELD);
        PrivateNetwork.run(_ -> {
            journal.attempt(() -> compareExchanges(journal), FIRST, WAITS, REMEDIED);
            journal.attempt(() -> forgetTheCork(journal), HELD);
        });
    }

    // @start region="broken"
    /// The header leaves at once. The body is not a full segment, and the header is not
    /// acknowledged yet: the body is held back.
    private static void sendTwice(Sockets sockets, int connection, int... headerAndBody)
            throws IOException {
        sockets.sendWhole(connection, headerAndBody[0], 0);
        sockets.sendWhole(connection, headerAndBody[1], 0);
    }
    // @end

    // @start region="fixed"
    /// The header is held until the body is there: one segment leaves, and nothing is
    /// left to wait for an ACK.
    private static void sendTogether(Sockets sockets, int connection, int... headerAndBody)
            throws IOException {
        sockets.sendWhole(connection, headerAndBody[0], MSG_MORE);
        sockets.sendWhole(connection, headerAndBody[1], 0);
    }
    // @end

    /// The same exchanges, once as they should not be and then in four better ways.
    ///
    /// The time alone would show little on a busy machine. So the kernel is asked too,
    /// after each request: TCP_INFO tells how many bytes of this connection were written
    /// and not sent (tcpi_notsent_bytes), which is what Nagle's rule holds back.
    private static void compareExchanges(Journal journal) throws IOException {
        journal.part("Broken: a request in two sends, then recv");
        columns(journal);
        Exchanges broken = measure(journal, "sends", Nagle::sendTwice);
        journal.judge(
                FIRST, !broken.firstHeld || broken.firstMillis < broken.millis / 2,
                Math.round(broken.firstMillis) + " ms, "
                        + (broken.firstHeld ? "held back" : "not held back"));
        journal.judge(
                WAITS, broken.millis > LEAST_DELAY_MILLIS && broken.held > EXCHANGES / 2,
                Math.round(broken.millis) + " ms, " + broken.held + " held back");
        journal.part("Fixed: the same request");
        columns(journal);
        List<Exchanges> fixed = List.of(
                measure(journal, "TCP_NODELAY, sends", Pieces::sendsWithoutDelay),
                measure(journal, "TCP_CORK, sends", Pieces::corkedSends),
                measure(journal, "sends with MSG_MORE", Nagle::sendTogether),
                measure(journal, "writev", Pieces::writev));
        double most = fixed.stream().mapToDouble(Exchanges::millis).max().orElse(0);
        int held = fixed.stream().mapToInt(Exchanges::held).max().orElse(0);
        journal.judge(
                REMEDIED, most < broken.millis / 2 && held < broken.held / 2,
                "at most " + Math.round(most) + " ms, " + held + " held back");
    }

    private static void columns(Journal journal) {
        journal.columns("way", "first ms", "median ms", "exchanges", "held back");
    }

    /// Makes a new connection and measures its exchanges. One thread plays both ends, so
    /// it waits for nothing but the kernel.
    private static Exchanges measure(Journal journal, String name, Pieces.Writing writing)
            throws IOException {
        double[] millis = new double[EXCHANGES];
        boolean[] held = new boolean[EXCHANGES];
        try (Sockets sockets = new Sockets()) {
            int listener = sockets.listen(0, 2);
            loadWhatIsMeasured(sockets, sockets.connect(sockets.port(listener)), writing);
            sockets.accept(listener);
            int client = sockets.connect(sockets.port(listener));
            int server = sockets.accept(listener);
            for (int i = 0; i < EXCHANGES; i++) {
                long begun = System.nanoTime();
                writing.write(sockets, client, REQUEST);
                held[i] = TcpInfo.of(client).heldBack() > 0;
                sockets.recvWhole(server, Pieces.sum(REQUEST));
                sockets.sendWhole(server, 1, 0);
                sockets.recvWhole(client, 1);
                millis[i] = (System.nanoTime() - begun) / 1e6;
            }
        }
        int later = (int) IntStream.range(1, EXCHANGES).filter(i -> held[i]).count();
        Arrays.sort(millis, 1, EXCHANGES);
        double median = millis[EXCHANGES / 2];
        journal.row(name, millis[0], median, EXCHANGES - 1, later);
        return new Exchanges(millis[0], held[0], median, later);
    }

    /// Writes once to a connection that is not measured, so that no class is loaded, and
    /// no source file compiled, while the clock runs.
    private static void loadWhatIsMeasured(
            Sockets sockets, int other, Pieces.Writing writing) throws IOException {
        writing.write(sockets, other, REQUEST);
        TcpInfo.of(other);
    }

    /// The remedy can be worse than the fault: a program sets TCP_CORK, writes, and never
    /// takes the cork off. Nothing else waits here, so the time that the bytes need is
    /// the time that the cork holds them.
    private static void forgetTheCork(Journal journal) throws IOException {
        journal.part("A cork that no one takes off");
        try (Sockets sockets = new Sockets()) {
            int listener = sockets.listen(0, 1);
            int sender = sockets.connect(sockets.port(listener));
            sockets.set(sender, IPPROTO_TCP, TCP_CORK, 1);
            long begun = System.nanoTime();
            sockets.sendWhole(sender, 200, 0);
            sockets.recvWhole(sockets.accept(listener), 200);
            double millis = (System.nanoTime() - begun) / 1e6;
            journal.step("ms until the bytes arrived", millis);
            journal.judge(HELD, millis > LEAST_HELD_MILLIS, Math.round(millis) + " ms");
        }
    }
}
