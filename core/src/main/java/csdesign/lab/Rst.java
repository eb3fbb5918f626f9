// SPDX-License-Identifier: MIT
package csdesign.lab;

import static csdesign.posix.Errno.ECONNREFUSED;
import static csdesign.posix.Errno.ECONNRESET;
import static csdesign.posix.Errno.check;
import static csdesign.posix.SysSocket.SHUT_WR;

import csdesign.evidence.Capture;
import csdesign.evidence.Capture.Segment;
import csdesign.evidence.Condition;
import csdesign.evidence.NetCounters;
import csdesign.evidence.PrivateNetwork;
import csdesign.evidence.TcpInfo;
import csdesign.evidence.TcpTable;
import csdesign.kit.Sockets;
import csdesign.kit.Stop;
import csdesign.kit.StopDescriptor;
import csdesign.posix.Errno;
import csdesign.posix.SysPoll;
import csdesign.posix.SysSocket;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/// **Rst: the segment that ends a connection at once, and who sends it.**
///
/// ```text
///   client                server               client                server
///     |------ SYN ---------->|                   |------ SYN ---------->|
///     |<----- SYN ACK -------|                   |<----- SYN ACK -------|
///     |------ ACK ---------->|                   |------ ACK ---------->|
///     |<----- RST ACK -------| SO_LINGER 0,      |<----- FIN ACK -------| shutdown,
///     |                      | close             |------ FIN ACK ------>| read to the end,
///   recv: ECONNRESET                           recv: 0                  close
/// ```
/// **What** A RST says that there is no connection (any more). It is not acknowledged,
/// nothing waits for it, and it leaves no TIME_WAIT. It arises when a server aborts
/// (SO_LINGER with 0 seconds, then close), when it closes a connection whose bytes it has
/// not read, and when a segment arrives where there is no socket.
///
/// **Broken** The original's server sets SO_LINGER to 0 and closes: its client reads
/// ECONNRESET where it waited for an answer. What most do by mistake is the second case:
/// they answer and close while a part of the request lies unread. The answer may be lost
/// with the connection, for the RST overtakes whatever is still on its way.
///
/// **Fixed** Say that there is no more (shutdown), read what the client still sends until
/// it ends too, then close: two FINs, no RST. It is what every design here does with a
/// client that it refuses.
///
/// **In Java** `setOption(SO_LINGER, 0)` and `close` do the same. ECONNRESET is a
/// SocketException whose text is "Connection reset".
///
/// **Look for** the client's state: ESTABLISHED, then CLOSE. With a FIN it passes through
/// CLOSE_WAIT, with a RST it does not.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/lab/Rst.java --auto`
///
/// @see <a href="https://man7.org/linux/man-pages/man7/socket.7.html">socket(7), SO_LINGER</a>
/// @see <a href="https://www.rfc-editor.org/rfc/rfc9293#section-3.5.2">RFC 9293, 3.5.2</a>
/// @see <a href="https://www.rfc-editor.org/rfc/rfc2525#section-2.17">RFC 2525, 2.17</a>
public final class Rst {
    static final Claim RESET = new Claim(
            "reset", "after SO_LINGER 0 and close the other end's recv answers ECONNRESET");
    static final Claim PURE = new Claim(
            "pure", "that connection ends by one RST: no CLOSE_WAIT, no TIME_WAIT");
    static final Claim CAPTURED = new Claim("captured", "on the wire it is one RST and no FIN");
    static final Claim JDK = new Claim("jdk", "the JDK's SO_LINGER 0 and close do the same");
    static final Claim UNREAD = new Claim(
            "unread", "close with bytes unread sends a RST too, after the answer");
    static final Claim REFUSED = new Claim(
            "refused", "connect to a closed port is answered by a RST: ECONNREFUSED");
    static final Claim ORDERLY = new Claim(
            "orderly", "shutdown, read to the end, close: the client reads 0, and no RST");

    static final Option PORT = new Option(
            List.of("-p", "--port"), "PORT", 2_000, 0, 65_535,
            "The port of 127.0.0.1 where it serves you; 0 for any");
    static final List<Option> OPTIONS = List.of(PORT);

    /// As the original's.
    private static final int BACKLOG = 5;

    /// What a server calls to end a connection.
    private interface End {
        void of(Sockets sockets, int connection) throws IOException;
    }

    /// What was seen of one connection: the client's recv and its state then, the RSTs
    /// counted, who is left in TIME_WAIT, and what was captured where that is permitted.
    private record Seen(
            long recv, String state, long rsts, long timeWait, Optional<String> captured) {}

    private Rst() {}

    /// Runs the lab.
    ///
    /// @param arguments `--auto`, `--port PORT`
    public static void main(String... arguments) {
        Lab.main("rst", Rst::run, OPTIONS, arguments);
    }

    /// See [Lab#run].
    public static void run(Settings settings, Journal journal)
            throws IOException, InterruptedException {
        journal.expect(RESET, PURE, CAPTURED, JDK, UNREAD, REFUSED, ORDERLY);
        if (settings.auto()) {
            PrivateNetwork.run(isPrivate -> {
                aborted(journal, isPrivate);
                byTheJdk(journal);
                unread(journal);
                refused(journal, isPrivate);
                orderly(journal, isPrivate);
            });
        } else {
            serve(settings.number(PORT), journal);
        }
    }

    // @start region="broken"
    private static void abort(Sockets sockets, int connection) throws IOException {
        sockets.linger(connection, 0);
        sockets.close(connection); // sends the RST, and forgets the connection
    }
    // @end

    // @start region="fixed"
    private static void end(Sockets sockets, int connection) throws IOException {
        check(SysSocket.shutdown(sockets.errno(), connection, SHUT_WR), "shutdown"); // the FIN
        while (sockets.recv(connection) > 0) {
            // what the client still says, until it has no more to say
        }
        sockets.close(connection);
    }
    // @end

    private static void aborted(Journal journal, boolean isPrivate)
            throws IOException, InterruptedException {
        journal.part("Broken: SO_LINGER 0, then close");
        Seen seen = see(journal, Rst::abort);
        journal.judge(RESET, seen.recv == -ECONNRESET, "recv: " + Errno.say(seen.recv));
        boolean pure = seen.state.equals("CLOSE") && seen.timeWait == 0
                && (isPrivate ? seen.rsts == 1 : seen.rsts >= 1);
        journal.judge(
                PURE, pure, "the client is in " + seen.state + ", " + seen.rsts + " RST counted, "
                        + seen.timeWait + " in TIME_WAIT");
        seen.captured.ifPresentOrElse(
                words -> journal.judge(CAPTURED, words.equals("1 RST, 0 FIN"), words),
                () -> journal.notHere(CAPTURED, "a capture needs CAP_NET_RAW: run it as root"));
    }

    private static void byTheJdk(Journal journal) throws IOException {
        journal.part("The same by the JDK");
        try (Sockets sockets = new Sockets()) {
            int listener = sockets.listen(0, BACKLOG);
            InetSocketAddress address = new InetSocketAddress(
                    InetAddress.ofLiteral("127.0.0.1"), sockets.port(listener));
            try (SocketChannel channel = SocketChannel.open(address)) {
                channel.setOption(StandardSocketOptions.SO_LINGER, 0);
            }
            long recv = sockets.recv(sockets.accept(listener));
            journal.call("recv", recv);
            journal.judge(JDK, recv == -ECONNRESET, "recv: " + Errno.say(recv));
        }
    }

    private static void unread(Journal journal) throws IOException, InterruptedException {
        journal.part("Broken: close with a request unread");
        try (Sockets sockets = new Sockets()) {
            int listener = sockets.listen(0, BACKLOG);
            int client = sockets.connect(sockets.port(listener));
            int server = sockets.accept(listener);
            sockets.send(client, "3000", 0);
            Condition.await("the request", () -> TcpInfo.of(server).dataSegmentsIn() > 0);
            journal.call("send, an answer of 6 bytes", sockets.send(server, "answer", 0));
            sockets.close(server); // "3000" was never read
            TcpInfo.await(client, "CLOSE");
            long answer = sockets.recv(client);
            long after = sockets.recv(client);
            journal.call("recv", answer);
            journal.call("recv", after);
            journal.judge(
                    UNREAD, answer == -ECONNRESET || after == -ECONNRESET,
                    "recv: " + Errno.say(answer) + ", then " + Errno.say(after));
        }
    }

    private static void refused(Journal journal, boolean isPrivate) throws IOException {
        journal.part("Nobody listens");
        try (Sockets sockets = new Sockets()) {
            int bound = sockets.tcp();
            check(sockets.bind(bound, 0), "bind"); // so that nobody else takes the port
            NetCounters before = NetCounters.read();
            long result = sockets.connect(sockets.tcp(), sockets.port(bound));
            long rsts = NetCounters.read().since(before, "Tcp.OutRsts");
            journal.call("connect", result);
            journal.step("Tcp.OutRsts grew by", rsts);
            journal.judge(
                    REFUSED, result == -ECONNREFUSED && (isPrivate ? rsts == 1 : rsts >= 1),
                    "connect: " + Errno.say(result) + ", " + rsts + " RST counted");
        }
    }

    private static void orderly(Journal journal, boolean isPrivate)
            throws IOException, InterruptedException {
        journal.part("Fixed: shutdown, read to the end, close");
        Seen seen = see(journal, Rst::end);
        boolean right = seen.recv == 0 && seen.state.equals("CLOSE_WAIT") && seen.timeWait == 1;
        journal.judge(
                ORDERLY, right && (!isPrivate || seen.rsts == 0),
                "recv: " + Errno.say(seen.recv) + ", the client is in " + seen.state + ", "
                        + seen.rsts + " RST counted, " + seen.timeWait + " in TIME_WAIT");
    }

    /// One connection: a client that connects and reads, a server that ends it.
    private static Seen see(Journal journal, End end) throws IOException, InterruptedException {
        try (Sockets server = new Sockets(); var capture = Capture.begin().orElse(null)) {
            NetCounters before = NetCounters.read();
            int listener = server.listen(0, BACKLOG);
            int port = server.port(listener);
            FutureTask<Map.Entry<Long, String>> client = new FutureTask<>(() -> read(port));
            Thread.ofPlatform().start(client);
            end.of(server, server.accept(listener));
            Seen seen = new Seen(
                    client.get().getKey(),
                    client.get().getValue(),
                    NetCounters.read().since(before, "Tcp.OutRsts"),
                    TcpTable.count(port, "TIME_WAIT"),
                    capture == null ? Optional.empty() : Optional.of(count(capture, port)));
            journal.call("recv", seen.recv);
            journal.step("state of the client", seen.state);
            journal.step("Tcp.OutRsts grew by", seen.rsts);
            journal.step("in TIME_WAIT at the port", seen.timeWait);
            journal.step("captured", seen.captured.orElse("nothing: it needs CAP_NET_RAW"));
            return seen;
        } catch (ExecutionException e) {
            throw new IOException(e.getCause());
        }
    }

    /// What recv answers to a client, and its state then. It closes when its ACK has
    /// arrived: one that its FIN overtook on another CPU would be answered by TIME_WAIT,
    /// and that by a RST, which ends TIME_WAIT (RFC 1337).
    private static Map.Entry<Long, String> read(int port) throws IOException {
        try (Sockets sockets = new Sockets()) {
            int client = sockets.connect(port);
            long recv = sockets.recv(client);
            String state = TcpInfo.of(client).state();
            if (recv == 0) {
                TcpTable.await(port, "FIN_WAIT2");
            }
            return Map.entry(recv, state);
        }
    }

    private static String count(Capture capture, int port) throws IOException {
        List<Segment> all = capture.segments(port);
        return all.stream().filter(segment -> segment.has("RST")).count() + " RST, "
                + all.stream().filter(segment -> segment.has("FIN")).count() + " FIN";
    }

    /// As the original: a RST for each client, until Ctrl-C.
    private static void serve(int wanted, Journal journal) throws IOException {
        Stop stop = new Stop(0);
        stop.onSignals();
        journal.part("A RST for each client, until Ctrl-C");
        long served = 0;
        NetCounters before = NetCounters.read();
        try (Sockets sockets = new Sockets(); StopDescriptor stopped = StopDescriptor.of(stop)) {
            int listener = sockets.listen(wanted, BACKLOG);
            journal.step("listening on", "127.0.0.1:" + sockets.port(listener));
            MemorySegment fds = sockets.arena().allocate(2L * SysPoll.POLLFD_BYTES, 8);
            SysPoll.set(fds, 0, listener, SysPoll.POLLIN);
            SysPoll.set(fds, 1, stopped.fd(), SysPoll.POLLIN);
            while (!stop.requested()) {
                int ready = SysPoll.poll(sockets.errno(), fds, 2, -1);
                if (ready > 0 && SysPoll.revents(fds, 0) != 0) {
                    int client = sockets.accept(listener);
                    journal.step("RST to", "127.0.0.1:" + sockets.peerPort(client));
                    abort(sockets, client);
                    served++;
                }
            }
        }
        long rsts = NetCounters.read().since(before, "Tcp.OutRsts");
        journal.judge(PURE, rsts >= served, "RST sent: " + served + ", counted: " + rsts);
        for (Claim claim : List.of(RESET, CAPTURED, JDK, UNREAD, REFUSED, ORDERLY)) {
            journal.notHere(claim, "the other end was yours: " + Settings.AUTO + " plays both");
        }
    }
}
