// SPDX-License-Identifier: MIT
package csdesign.lab;

import static csdesign.posix.SysSocket.IPPROTO_TCP;
import static csdesign.posix.SysSocket.TCP_CORK;
import static csdesign.posix.SysSocket.TCP_MAXSEG;

import csdesign.evidence.PrivateNetwork;
import csdesign.evidence.TcpInfo;
import csdesign.range.Option;
import csdesign.range.Settings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/// **Cork: an answer is written in pieces. How many segments does it become?**
///
/// ```text
///   plain sends                  TCP_CORK, sends
///   write --> [  ]               write --> held
///   write --> [  ]               write --> held, held --> [full]
///   write --> [  ]               write --> held, held --> [full]
///   write --> [  ]               uncork ----------------> [rest]
/// ```
///
/// **What** TCP sends a stream of bytes, and not writes. How a stream is cut into
/// segments depends on when the writes happen, unless the program says that more is to
/// come.
///
/// **Broken** A header and a body, or a body in many small pieces, with a send for each:
/// TCP cannot know that more will come, and makes a segment of nearly every piece. Each
/// of them costs a header of 52 bytes or more, and the work of a packet at both ends.
///
/// **Fixed** TCP_CORK: no segment that is not full leaves until the cork is taken off.
/// One writev of all pieces does the same in one call. MSG_MORE holds a piece for its own
/// call only, so an ACK that arrives in between lets it go.
///
/// **In Java** There is no TCP_CORK. `SocketChannel.write(ByteBuffer[])` is writev, and a
/// `BufferedOutputStream` gathers small writes.
///
/// **Look for** the segments of nine writes, and the bytes in each.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/lab/Cork.java --auto`
///
/// @see <a href="https://man7.org/linux/man-pages/man7/tcp.7.html">tcp(7), TCP_CORK</a>
/// @see <a href="https://man7.org/linux/man-pages/man2/send.2.html">send(2), MSG_MORE</a>
public final class Cork {
    static final Claim FULL = new Claim(
            "cork-fills-segments",
            "With TCP_CORK an answer of nine writes takes as few segments as its bytes allow;"
                    + " plain sends take more.");
    static final Claim NODELAY = new Claim(
            "nodelay-a-segment-for-each-write", "With TCP_NODELAY each write becomes a segment.");
    static final Claim GATHERED = new Claim(
            "writev-as-few-as-cork",
            "One writev, and one write of several buffers by the JDK, take as few segments as"
                    + " TCP_CORK.");
    static final Claim MORE = new Claim(
            "msg-more-in-between",
            "MSG_MORE takes fewer segments than there are writes, but perhaps more than"
                    + " TCP_CORK: an ACK that arrives lets a piece go.");
    static final Claim MTU = new Claim(
            "one-segment-on-the-loopback",
            "In segments as long as the loopback's MTU the corked answer is one, and plain sends"
                    + " still take more.");

    static final List<Option> OPTIONS = List.of();

    /// A header, and a body in eight writes; the first window has room for all of them.
    /// The header alone costs a segment more, with timestamps (12 bytes of each) or
    /// without.
    private static final int[] ANSWER = {200, 210, 210, 210, 210, 210, 210, 210, 210};

    /// What every IPv4 host takes (RFC 9293, 3.7.1): so small that full segments show.
    private static final int MSS = 536;

    /// As long as the MTU allows.
    private static final int LONGEST = 0;

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
    /// @throws InterruptedException when it is told to end
    public static void run(Settings settings, Journal journal)
            throws IOException, InterruptedException {
        journal.expect(FULL, NODELAY, GATHERED, MORE, MTU);
        PrivateNetwork.run(_ -> {
            journal.attempt(() -> writeInShortSegments(journal), FULL, NODELAY, GATHERED, MORE);
            journal.attempt(() -> writeInLongSegments(journal), MTU);
        });
    }

    // @start region="broken"
    /// A send for each piece: TCP does not know that more will come.
    private static void sendEach(Sockets sockets, int connection, int... pieces)
            throws IOException {
        for (int piece : pieces) {
            sockets.sendWhole(connection, piece, 0);
        }
    }
    // @end

    // @start region="fixed"
    /// The same sends between cork and uncork: full segments leave, the rest at the end.
    private static void corkAndSendEach(Sockets sockets, int connection, int... pieces)
            throws IOException {
        sockets.set(connection, IPPROTO_TCP, TCP_CORK, 1);
        sendEach(sockets, connection, pieces);
        sockets.set(connection, IPPROTO_TCP, TCP_CORK, 0);
    }
    // @end

    /// One answer, written in six ways to a receiver that takes short segments. The
    /// kernel counts the segments with data (TCP_INFO), and every way writes the same
    /// bytes, so the count is the difference between the ways.
    private static void writeInShortSegments(Journal journal) throws IOException {
        journal.part("One answer, in segments of at most 536 bytes");
        journal.columns("way", "writes", "segments", "bytes each");
        int plain = countSegments(journal, "sends", Cork::sendEach, MSS);
        int undelayed = countSegments(
                journal, "TCP_NODELAY, sends", Pieces::sendsWithoutDelay, MSS);
        int corked = countSegments(journal, "TCP_CORK, sends", Cork::corkAndSendEach, MSS);
        int more = countSegments(journal, "sends with MSG_MORE", Pieces::sendsWithMore, MSS);
        int writev = countSegments(journal, "writev", Pieces::writev, MSS);
        int jdk = countSegmentsOfTheJdk(journal);
        int fewest = Math.ceilDiv(Pieces.sum(ANSWER), MSS);
        journal.judge(FULL, corked == fewest && plain > corked,
                corked + " segments; plain sends take " + plain);
        journal.judge(NODELAY, undelayed == ANSWER.length, undelayed + " segments of 9 writes");
        journal.judge(GATHERED, writev == corked && jdk == corked,
                "writev " + writev + ", the JDK " + jdk + " segments");
        journal.judge(MORE, more >= corked && more < ANSWER.length, more + " segments");
    }

    /// The same where one segment has room for the whole answer. What plain sends write
    /// apart is sent apart even here: it is not the MTU that cuts it.
    private static void writeInLongSegments(Journal journal) throws IOException {
        journal.part("The same in segments as long as the loopback's (MTU 65,536)");
        journal.columns("way", "writes", "segments", "bytes each");
        int plain = countSegments(journal, "sends", Cork::sendEach, LONGEST);
        int corked = countSegments(journal, "TCP_CORK, sends", Cork::corkAndSendEach, LONGEST);
        journal.judge(MTU, corked == 1 && plain > 1, corked + " corked, plain sends " + plain);
    }

    /// Writes the answer on a new connection, and asks its sender for the count. Here the
    /// client sends: TCP makes no difference between the two ends.
    private static int countSegments(
            Journal journal, String name, Pieces.Writing writing, int mss) throws IOException {
        try (Sockets sockets = new Sockets()) {
            int listener = listen(sockets, mss);
            int sender = sockets.connect(sockets.port(listener));
            writing.write(sockets, sender, ANSWER);
            sockets.recvWhole(sockets.accept(listener), Pieces.sum(ANSWER));
            int segments = TcpInfo.of(sender).dataSegmentsOut();
            row(journal, name, segments);
            return segments;
        }
    }

    /// The same by the JDK, which keeps its descriptor to itself: the segments are
    /// counted where they arrive.
    private static int countSegmentsOfTheJdk(Journal journal) throws IOException {
        try (Sockets sockets = new Sockets(); SocketChannel sender = SocketChannel.open()) {
            int listener = listen(sockets, MSS);
            InetAddress host = InetAddress.ofLiteral("127.0.0.1");
            sender.connect(new InetSocketAddress(host, sockets.port(listener)));
            int receiver = sockets.accept(listener);
            IntStream pieces = Arrays.stream(ANSWER);
            sender.write(pieces.mapToObj(ByteBuffer::allocate).toArray(ByteBuffer[]::new));
            sockets.recvWhole(receiver, Pieces.sum(ANSWER));
            int segments = TcpInfo.of(receiver).dataSegmentsIn();
            row(journal, "the JDK's write of 9", segments);
            return segments;
        }
    }

    private static void row(Journal journal, String name, int segments) {
        journal.row(name, ANSWER.length, segments, Pieces.sum(ANSWER) / segments);
    }

    /// TCP_MAXSEG at a listening socket limits what its clients may send in one segment.
    private static int listen(Sockets sockets, int mss) throws IOException {
        int listener = sockets.listen(0, 1);
        sockets.set(listener, IPPROTO_TCP, TCP_MAXSEG, mss);
        return listener;
    }
}
