// SPDX-License-Identifier: MIT
package csdesign.lab;

import static csdesign.posix.Errno.ECONNRESET;
import static csdesign.posix.Errno.check;
import static csdesign.posix.SysSocket.MSG_DONTWAIT;
import static csdesign.posix.SysSocket.SHUT_WR;

import csdesign.evidence.Look;
import csdesign.evidence.PrivateNetwork;
import csdesign.evidence.TcpInfo;
import csdesign.posix.Errno;
import csdesign.posix.SysSocket;
import csdesign.range.Option;
import csdesign.range.Settings;
import java.io.IOException;
import java.util.List;

/// **Close unread: a server answers, closes, and takes back its own answer.**
///
/// ```text
///   client              server                 client              server
///     |--- request ------->|  not read           |--- request ------->|
///     |<-- answer, begun --|                     |<-- answer ---------|
///     |                    |  close              |<-- FIN ------------|  shutdown
///     |<-- RST ------------|  the rest is        |--- FIN ----------->|  read to the end,
///   ECONNRESET                thrown away      0, after all of it         close
/// ```
///
/// **What** close(2) of a connection whose received bytes were not all read sends a RST
/// in place of a FIN: the other end is to learn that its bytes were not read (RFC 2525,
/// 2.17). A RST throws away what was not delivered yet, in both directions.
///
/// **Broken** A server sees enough of a request to refuse it, answers, and closes. The
/// rest of the request lies unread. The client may never see the answer that says why.
///
/// **Fixed** shutdown(SHUT_WR) sends a FIN behind the answer. The server then reads, and
/// forgets, what the client still sends until the client ends too, and closes only then.
/// A server does that under a deadline, because a client can go on sending for ever.
///
/// **In Java** `Socket.close` and `SocketChannel.close` close in the same way;
/// `shutdownOutput` is the first half of the remedy, and reading to the end the second.
///
/// **Look for** how many bytes send(2) took, and how many the client received.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/lab/CloseUnread.java --auto`
///
/// @see <a href="https://man7.org/linux/man-pages/man2/shutdown.2.html">shutdown(2)</a>
/// @see <a href="https://www.rfc-editor.org/rfc/rfc2525#section-2.17">RFC 2525, 2.17</a>
/// @see <a href="https://www.rfc-editor.org/rfc/rfc9112#section-9.6">RFC 9112, 9.6</a>
public final class CloseUnread {
    static final Claim RESET = new Claim(
            "rst-for-an-unread-request",
            "A server that closes with a request unread sends a RST: after the answer, or in its"
                    + " place, the client reads ECONNRESET.");
    static final Claim LOST = new Claim(
            "rest-of-the-answer-lost",
            "What send(2) had taken of a long answer, and the client had not received when the"
                    + " server closed, is thrown away.");
    static final Claim WHOLE = new Claim(
            "whole-answer-after-reading-to-the-end",
            "With shutdown, reading to the end and then close, the client receives the whole"
                    + " answer, and 0 after it.");

    static final List<Option> OPTIONS = List.of();

    private static final String REQUEST = "3000";

    /// A long answer is sent in blocks: more of them than any buffers hold, or so many as
    /// the buffers take.
    private static final int BLOCK_BYTES = 50_000;
    private static final long BLOCKS = 200;
    private static final String BLOCK = "x".repeat(BLOCK_BYTES);

    /// What a client read until the end.
    ///
    /// @param bytes how many came
    /// @param last what the last recv answered: 0, or a negative errno
    private record Received(long bytes, long last) {
        String of(long sent) {
            return bytes + " of " + sent + " bytes came, then " + Errno.say(last);
        }
    }

    private CloseUnread() {}

    /// Runs the lab.
    ///
    /// @param arguments `--auto`
    public static void main(String... arguments) {
        Lab.main("close-unread", CloseUnread::run, OPTIONS, arguments);
    }

    /// See [Lab#run].
    ///
    /// @param settings how
    /// @param journal what it writes into
    /// @throws IOException when a socket cannot be made
    /// @throws InterruptedException when it is told to end
    public static void run(Settings settings, Journal journal)
            throws IOException, InterruptedException {
        journal.expect(RESET, LOST, WHOLE);
        PrivateNetwork.run(_ -> {
            journal.attempt(() -> closeAfterAShortAnswer(journal), RESET);
            journal.attempt(() -> closeAfterALongAnswer(journal), LOST);
            journal.attempt(() -> endAfterALongAnswer(journal), WHOLE);
        });
    }

    // @start region="broken"
    /// The answer is written, so the server has done its work. It closes, and the request
    /// lies unread: a RST is sent, and what is still in the send buffer is dropped.
    private static void close(Sockets sockets, int connection) {
        sockets.close(connection);
    }
    // @end

    // @start region="fixed"
    /// The FIN goes behind the answer. The client's bytes are read and forgotten until
    /// the client ends too: then nothing is unread, and close sends no RST.
    private static void readToTheEnd(Sockets sockets, int connection) throws IOException {
        int result = SysSocket.shutdown(sockets.errno(), connection, SHUT_WR);
        check(result, "shutdown", "SHUT_WR");
        while (sockets.recv(connection) > 0) {
            // more of what the client says
        }
        sockets.close(connection);
    }
    // @end

    /// A short answer is delivered before the RST can come, and is still readable after
    /// it: on Linux a RST does not take away what lies in the receiver's buffer. So the
    /// error stands behind an answer that looks complete.
    private static void closeAfterAShortAnswer(Journal journal) throws IOException {
        journal.part("Broken: a short answer, then close with the request unread");
        try (Sockets sockets = new Sockets()) {
            int listener = sockets.listen(0, 1);
            int client = sockets.connect(sockets.port(listener));
            int server = acceptWithARequest(sockets, listener, client);
            journal.call("send, an answer of 6 bytes", sockets.send(server, "answer", 0));
            close(sockets, server);
            TcpInfo.await(client, "CLOSE");
            long first = sockets.recv(client);
            long second = sockets.recv(client);
            journal.call("recv", first);
            journal.call("recv again", second);
            journal.judge(
                    RESET, first == -ECONNRESET || second == -ECONNRESET,
                    "recv: " + Errno.say(first) + ", then " + Errno.say(second));
        }
    }

    /// A long answer: as much as send(2) takes while the client reads nothing. The
    /// client's buffer holds a part of it, and the rest waits in the server's. Then the
    /// server closes, and only when the RST has come does the client read what is left.
    private static void closeAfterALongAnswer(Journal journal) throws IOException {
        journal.part("Broken: a long answer, then close with the request unread");
        try (Sockets sockets = new Sockets()) {
            int listener = sockets.listen(0, 1);
            int client = sockets.connect(sockets.port(listener));
            int server = acceptWithARequest(sockets, listener, client);
            long sent = 0;
            for (long count; (count = sockets.send(server, BLOCK, MSG_DONTWAIT)) > 0;) {
                sent += count;
            }
            close(sockets, server);
            TcpInfo.await(client, "CLOSE");
            Received received = receive(sockets, client);
            say(journal, sent, received);
            journal.judge(
                    LOST, received.bytes < sent && received.last == -ECONNRESET,
                    received.of(sent));
        }
    }

    /// A long answer again, and the orderly end. The client reads all the while, as
    /// clients do, and closes when it has read the end, which is what the server waits
    /// for.
    private static void endAfterALongAnswer(Journal journal)
            throws IOException, InterruptedException {
        journal.part("Fixed: a long answer, then shutdown, read to the end, close");
        try (Sockets sockets = new Sockets()) {
            int listener = sockets.listen(0, 1);
            int port = sockets.port(listener);
            OtherEnd<Received> client = OtherEnd.begin(() -> requestAndReceive(port));
            int server = sockets.accept(listener);
            awaitRequest(server);
            for (int i = 0; i < BLOCKS; i++) {
                sockets.sendWhole(server, BLOCK_BYTES, 0);
            }
            readToTheEnd(sockets, server);
            Received received = client.await();
            say(journal, BLOCKS * BLOCK_BYTES, received);
            journal.judge(
                    WHOLE, received.equals(new Received(BLOCKS * BLOCK_BYTES, 0)),
                    received.of(BLOCKS * BLOCK_BYTES));
        }
    }

    private static Received requestAndReceive(int port) throws IOException {
        try (Sockets sockets = new Sockets()) {
            int client = sockets.connect(port);
            sockets.send(client, REQUEST, 0);
            return receive(sockets, client);
        }
    }

    /// A connection at whose server the request has arrived. The server does not read it.
    private static int acceptWithARequest(Sockets sockets, int listener, int client)
            throws IOException {
        int server = sockets.accept(listener);
        sockets.send(client, REQUEST, 0);
        awaitRequest(server);
        return server;
    }

    private static void awaitRequest(int server) throws IOException {
        Look.until(
                "the request has come", () -> TcpInfo.of(server).dataSegmentsIn(),
                segments -> segments > 0);
    }

    /// Reads until the end, or an error.
    private static Received receive(Sockets sockets, int client) throws IOException {
        long bytes = 0;
        long count;
        while ((count = sockets.recv(client)) > 0) {
            bytes += count;
        }
        return new Received(bytes, count);
    }

    private static void say(Journal journal, long sent, Received received) {
        journal.step("bytes that send took", sent);
        journal.step("bytes that the client received", received.bytes);
        journal.call("recv after them", received.last);
    }
}
