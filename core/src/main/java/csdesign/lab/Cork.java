// SPDX-License-Identifier: MIT
package csdesign.lab;

import static csdesign.posix.Errno.check;
import static csdesign.posix.SysSocket.IOVEC_BYTES;
import static csdesign.posix.SysSocket.IPPROTO_TCP;
import static csdesign.posix.SysSocket.MSG_MORE;
import static csdesign.posix.SysSocket.TCP_CORK;
import static csdesign.posix.SysSocket.TCP_MAXSEG;
import static csdesign.posix.SysSocket.TCP_NODELAY;

import csdesign.evidence.PrivateNetwork;
import csdesign.evidence.TcpInfo;
import csdesign.posix.SysUio;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/// **Cork: one answer, written in pieces: how many segments, and what waits for an ACK.**
///
/// ```text
///   written, written, then read                        corked: written, written, uncorked
///   sender                          receiver           sender                    receiver
///     |------- header --------------->|                  |                          |
///   body: not full, and header is     | waits for the    |                          |
///   not acknowledged: Nagle holds it  | body; its ACK    |---- header and body ---->|
///     |<------ ACK -------------------| waits 40 ms      |<--- reply, and ACK ------|
///     |------- body ----------------->| reply
/// ```
/// **What** TCP sends bytes, not writes. Nagle's rule holds a segment that is not full
/// while an earlier one is not acknowledged; the receiver delays its ACK for a reply to
/// carry it. Who writes twice and then reads makes each wait for the other.
///
/// **Broken** Header and body in a send each: a segment for the header alone, and about
/// 40 ms for each exchange, at any bandwidth. A new connection hides it: its first ACKs
/// are not delayed.
///
/// **Fixed** TCP_CORK: no segment leaves that is not full, until it is set to 0. So do
/// one writev of all pieces, and MSG_MORE at all sends but the last, unless an ACK comes
/// in between. TCP_NODELAY ends the waiting too, but makes a segment of each write.
///
/// **In Java** There is no TCP_CORK; `SocketChannel.write(ByteBuffer[])` is writev, and
/// TCP_NODELAY a standard option. Nagle's rule is on unless you set it.
///
/// **Look for** the segments of 9 writes; the 40 ms, and as many requests held back as
/// exchanges. A cork that no one pulls holds for some 200 ms.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/lab/Cork.java --auto`
///
/// @see <a href="https://man7.org/linux/man-pages/man7/tcp.7.html">tcp(7), TCP_CORK</a>
/// @see <a href="https://www.rfc-editor.org/rfc/rfc9293#section-3.7.4">RFC 9293, 3.7.4</a>
/// @see <a href="https://www.rfc-editor.org/rfc/rfc1122#page-96">RFC 1122, 4.2.3.2</a>
public final class Cork {
    static final Claim FULL = new Claim(
            "full", "TCP_CORK needs as few segments as the bytes allow; plain sends need more");
    static final Claim NODELAY = new Claim("nodelay", "TCP_NODELAY makes a segment of each write");
    static final Claim GATHERED = new Claim(
            "gathered", "writev, and the JDK's write of several buffers, need no more than that");
    static final Claim MORE = new Claim(
            "more", "MSG_MORE makes it fewer, if not so few: an ACK that arrives lets a rest go");
    static final Claim MTU = new Claim("mtu", "at the loopback's MTU the corked answer is one");
    static final Claim HIDDEN = new Claim(
            "hidden", "the first exchange of a connection does not wait");
    static final Claim WAITS = new Claim(
            "waits", "write, write, read takes 40 ms: the ACK that it waits for is a timer's");
    static final Claim REMEDIED = new Claim(
            "remedied", "with TCP_NODELAY, TCP_CORK, MSG_MORE or writev it waits for no ACK");
    static final Claim HELD = new Claim(
            "held", "a cork that nobody pulls lets go by itself, after about 200 ms");

    static final List<Option> OPTIONS = List.of();

    /// A header, and a body in 8 writes, for all of which the first window has room. The
    /// header alone costs a segment more, with timestamps (12 bytes of each) or without.
    private static final int[] ANSWER = {200, 210, 210, 210, 210, 210, 210, 210, 210};

    private static final int[] REQUEST = {200, 200}; // less than a full segment

    /// What every IPv4 host takes (RFC 9293, 3.7.1): small, so that full segments show.
    private static final int MSS = 536;

    private static final int EXCHANGES = 11; // of which the first one is hidden

    /// An ACK is delayed for 40 ms, a cork held for 200 (TCP_DELACK_MIN, TCP_RTO_MIN), or
    /// more; less the ticks of up to 10 ms that may have begun.
    private static final double LEAST_DELAY_MILLIS = 30;
    private static final double LEAST_HELD_MILLIS = 180;

    private interface Way {
        void write(Sockets sockets, int connection, int... pieces) throws IOException;
    }

    /// How long the first took and the median of the others, and how many of either had
    /// the end of their request held back: it was written, and not sent.
    private record Exchanges(double firstMillis, int firstHeld, double millis, int held) {}

    private Cork() {}

    /// Runs the lab.
    ///
    /// @param arguments `--auto`
    public static void main(String... arguments) {
        Lab.main("cork", Cork::run, OPTIONS, arguments);
    }

    /// See [Lab#run].
    ///
    /// @param settings how
    /// @param journal what it writes into
    /// @throws IOException when a socket cannot be made
    /// @throws InterruptedException when it shall end
    public static void run(Settings settings, Journal journal)
            throws IOException, InterruptedException {
        journal.expect(FULL, NODELAY, GATHERED, MORE, MTU, HIDDEN, WAITS, REMEDIED, HELD);
        PrivateNetwork.run(_ -> {
            journal.attempt(() -> segments(journal), FULL, NODELAY, GATHERED, MORE);
            journal.attempt(() -> longSegments(journal), MTU);
            journal.attempt(() -> exchanges(journal), HIDDEN, WAITS, REMEDIED);
            journal.attempt(() -> held(journal), HELD);
        });
    }

    // @start region="broken"
    private static void sends(Sockets sockets, int connection, int... pieces) throws IOException {
        for (int piece : pieces) {
            sockets.sendWhole(connection, piece, 0);
        }
    }
    // @end

    // @start region="fixed"
    private static void corked(Sockets sockets, int connection, int... pieces)
            throws IOException {
        sockets.set(connection, IPPROTO_TCP, TCP_CORK, 1);
        for (int piece : pieces) {
            sockets.sendWhole(connection, piece, 0);
        }
        sockets.set(connection, IPPROTO_TCP, TCP_CORK, 0); // what is left goes now
    }
    // @end

    private static void undelayed(Sockets sockets, int connection, int... pieces)
            throws IOException {
        sockets.set(connection, IPPROTO_TCP, TCP_NODELAY, 1);
        sends(sockets, connection, pieces);
    }

    private static void more(Sockets sockets, int connection, int... pieces) throws IOException {
        for (int i = 0; i < pieces.length; i++) {
            sockets.sendWhole(connection, pieces[i], i < pieces.length - 1 ? MSG_MORE : 0);
        }
    }

    private static void writev(Sockets sockets, int connection, int... pieces)
            throws IOException {
        MemorySegment bytes = sockets.arena().allocate(sum(pieces));
        MemorySegment iov = sockets.arena().allocate((long) pieces.length * IOVEC_BYTES, 8);
        for (int i = 0; i < pieces.length; i++) {
            iov.set(ValueLayout.ADDRESS, (long) i * IOVEC_BYTES, bytes);
            iov.set(ValueLayout.JAVA_LONG, (long) i * IOVEC_BYTES + 8, pieces[i]);
        }
        check((int) SysUio.writev(sockets.errno(), connection, iov, pieces.length), "writev");
    }

    private static void segments(Journal journal) throws IOException {
        journal.part("One answer, in segments of at most 536 bytes");
        journal.columns("way", "writes", "segments", "bytes each");
        int sends = segments(journal, "sends", Cork::sends, MSS);
        int undelayed = segments(journal, "TCP_NODELAY, sends", Cork::undelayed, MSS);
        int corked = segments(journal, "TCP_CORK, sends", Cork::corked, MSS);
        int more = segments(journal, "sends with MSG_MORE", Cork::more, MSS);
        int writev = segments(journal, "writev", Cork::writev, MSS);
        int jdk = segmentsOfTheJdk(journal);
        journal.judge(FULL, corked == Math.ceilDiv(sum(ANSWER), MSS) && sends > corked,
                corked + " segments; plain sends make " + sends);
        journal.judge(NODELAY, undelayed == ANSWER.length, undelayed + " segments of 9 writes");
        journal.judge(GATHERED, writev == corked && jdk == corked,
                "writev " + writev + ", the JDK " + jdk + " segments");
        journal.judge(MORE, more >= corked && more < undelayed, more + " segments");
    }

    private static void longSegments(Journal journal) throws IOException {
        journal.part("The same in segments as long as the loopback's (MTU 65,536)");
        journal.columns("way", "writes", "segments", "bytes each");
        int sends = segments(journal, "sends", Cork::sends, 0);
        int corked = segments(journal, "TCP_CORK, sends", Cork::corked, 0);
        journal.judge(MTU, corked == 1 && sends > 1, corked + " corked, plain sends " + sends);
    }

    /// On a new connection, whose client sends: TCP makes no difference between its ends.
    private static int segments(Journal journal, String name, Way way, int mss) throws IOException {
        try (Sockets sockets = new Sockets()) {
            int listener = listen(sockets, mss);
            int sender = sockets.connect(sockets.port(listener));
            way.write(sockets, sender, ANSWER);
            sockets.recvWhole(sockets.accept(listener), sum(ANSWER));
            int segments = TcpInfo.of(sender).dataSegmentsOut();
            journal.row(name, ANSWER.length, segments, sum(ANSWER) / segments);
            return segments;
        }
    }

    /// The same by the JDK, which shows no descriptor: counted where they arrive.
    private static int segmentsOfTheJdk(Journal journal) throws IOException {
        try (Sockets sockets = new Sockets(); SocketChannel sender = SocketChannel.open()) {
            int listener = listen(sockets, MSS);
            InetAddress host = InetAddress.ofLiteral("127.0.0.1");
            sender.connect(new InetSocketAddress(host, sockets.port(listener)));
            int receiver = sockets.accept(listener);
            IntStream pieces = Arrays.stream(ANSWER);
            sender.write(pieces.mapToObj(ByteBuffer::allocate).toArray(ByteBuffer[]::new));
            sockets.recvWhole(receiver, sum(ANSWER));
            int segments = TcpInfo.of(receiver).dataSegmentsIn();
            journal.row("the JDK's write of 9", ANSWER.length, segments, sum(ANSWER) / segments);
            return segments;
        }
    }

    private static int listen(Sockets sockets, int mss) throws IOException {
        int listener = sockets.listen(0, 1);
        sockets.set(listener, IPPROTO_TCP, TCP_MAXSEG, mss); // 0: as long as the MTU allows
        return listener;
    }

    private static void exchanges(Journal journal) throws IOException {
        journal.part("Broken: a request in two sends, then recv");
        header(journal);
        Exchanges broken = exchanges(journal, "sends", Cork::sends);
        journal.judge(
                HIDDEN, broken.firstHeld == 0 || broken.firstMillis < broken.millis / 2,
                Math.round(broken.firstMillis) + " ms, " + broken.firstHeld + " held back");
        journal.judge(
                WAITS, broken.millis > LEAST_DELAY_MILLIS && broken.held > EXCHANGES / 2,
                Math.round(broken.millis) + " ms, " + broken.held + " held back");
        journal.part("Fixed: the same request");
        header(journal);
        List<Exchanges> fixed = List.of(
                exchanges(journal, "TCP_NODELAY, sends", Cork::undelayed),
                exchanges(journal, "TCP_CORK, sends", Cork::corked),
                exchanges(journal, "sends with MSG_MORE", Cork::more),
                exchanges(journal, "writev", Cork::writev));
        double most = fixed.stream().mapToDouble(Exchanges::millis).max().orElse(0);
        int held = fixed.stream().mapToInt(Exchanges::held).max().orElse(0);
        journal.judge(
                REMEDIED, most < broken.millis / 2 && held < broken.held / 2,
                "at most " + Math.round(most) + " ms, " + held + " held back");
    }

    private static void header(Journal journal) {
        journal.columns("way", "first ms", "median ms", "exchanges", "held back");
    }

    /// On a new connection. Both ends are this thread's: it waits for the kernel only.
    private static Exchanges exchanges(Journal journal, String name, Way way) throws IOException {
        double[] millis = new double[EXCHANGES];
        boolean[] held = new boolean[EXCHANGES];
        try (Sockets sockets = new Sockets()) {
            int listener = sockets.listen(0, 1);
            int client = sockets.connect(sockets.port(listener));
            int server = sockets.accept(listener);
            for (int i = 0; i < EXCHANGES; i++) {
                long begun = System.nanoTime();
                way.write(sockets, client, REQUEST);
                held[i] = TcpInfo.of(client).heldBack() > 0; // of this connection, no other
                sockets.recvWhole(server, sum(REQUEST));
                sockets.sendWhole(server, 1, 0); // the reply
                sockets.recvWhole(client, 1);
                millis[i] = (System.nanoTime() - begun) / 1e6;
            }
        }
        int later = (int) IntStream.range(1, EXCHANGES).filter(i -> held[i]).count();
        Arrays.sort(millis, 1, EXCHANGES);
        double median = millis[EXCHANGES / 2];
        journal.row(name, millis[0], median, EXCHANGES - 1, later);
        return new Exchanges(millis[0], held[0] ? 1 : 0, median, later);
    }

    private static void held(Journal journal) throws IOException {
        journal.part("A cork that nobody pulls");
        try (Sockets sockets = new Sockets()) {
            int listener = sockets.listen(0, 1);
            int sender = sockets.connect(sockets.port(listener));
            sockets.set(sender, IPPROTO_TCP, TCP_CORK, 1);
            long begun = System.nanoTime();
            sockets.sendWhole(sender, 200, 0);
            sockets.recvWhole(sockets.accept(listener), 200);
            double millis = (System.nanoTime() - begun) / 1e6;
            journal.step("ms until it arrived", millis);
            journal.judge(HELD, millis > LEAST_HELD_MILLIS, Math.round(millis) + " ms");
        }
    }

    private static int sum(int... pieces) {
        return Arrays.stream(pieces).sum();
    }
}
