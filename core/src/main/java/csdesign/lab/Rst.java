// SPDX-License-Identifier: MIT
package csdesign.lab;

import static csdesign.posix.Errno.ECONNREFUSED;
import static csdesign.posix.Errno.ECONNRESET;
import static csdesign.posix.Errno.check;
import static csdesign.posix.SysSocket.SHUT_WR;

import csdesign.evidence.FourTuple;
import csdesign.evidence.Look;
import csdesign.evidence.NetCounters;
import csdesign.evidence.PrivateNetwork;
import csdesign.evidence.TcpInfo;
import csdesign.evidence.TimeWaitWatch;
import csdesign.kit.Stop;
import csdesign.listen.StopDescriptor;
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
import java.util.OptionalLong;
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
            "pure", "that connection ends by a RST: no CLOSE_WAIT, no TIME_WAIT");
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

    private static final String GREW = "Tcp.OutRsts grew by";

    /// What a server calls to end a connection.
    private interface End {
        void of(Sockets sockets, int connection) throws IOException;
    }

    /// What was seen of one connection: the client's recv and its state then, the RSTs
    /// counted in a network that no one else uses, and what was captured, or why not.
    private record Seen(FourTuple server, TimeWaitWatch watch, long recv, String state,
            OptionalLong rsts, Wire.Count captured) {
        /// Asked last: where the kernel's table is full, nothing can be said of it.
        boolean isInTimeWait() throws IOException {
            return watch.isInTimeWait(server);
        }

        boolean hasRsts(int count) {
            return rsts.isEmpty() || rsts.getAsLong() == count;
        }

        String words() {
            return "the client is in " + state
                    + (rsts.isPresent() ? ", " + rsts.getAsLong() + " RST counted" : "");
        }
    }

    private Rst() {}

    /// Runs the lab.
    ///
    /// @param arguments `--auto`, `--port PORT`
    public static void main(String... arguments) {
        Lab.main("rst", Rst::run, OPTIONS, arguments);
    }

    /// See [Lab#run].
    ///
    /// @param settings how
    /// @param journal what it writes into
    /// @throws IOException when a socket cannot be made
    /// @throws InterruptedException when it is told to end
    public static void run(Settings settings, Journal journal)
            throws IOException, InterruptedException {
        journal.expect(RESET, PURE, CAPTURED, JDK, UNREAD, REFUSED, ORDERLY);
        if (settings.auto()) {
            PrivateNetwork.run(network -> {
                boolean exact = network.isPrivate(); // its counters count no one else
                journal.attempt(() -> aborted(journal, exact), RESET, PURE, CAPTURED);
                journal.attempt(() -> byTheJdk(journal), JDK);
                journal.attempt(() -> unread(journal), UNREAD);
                journal.attempt(() -> refused(journal, exact), REFUSED);
                journal.attempt(() -> orderly(journal, exact), ORDERLY);
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

    private static void aborted(Journal journal, boolean exact)
            throws IOException, InterruptedException {
        journal.part("Broken: SO_LINGER 0, then close");
        Seen seen = see(journal, exact, Rst::abort);
        journal.judge(RESET, seen.recv == -ECONNRESET, "recv: " + Errno.say(seen.recv));
        String words = seen.captured.words();
        if (seen.captured.isSeen()) {
            journal.judge(CAPTURED, words.equals("1 RST, 0 FIN"), words);
        } else {
            journal.notHere(CAPTURED, words);
        }
        boolean isLeft = timeWait(journal, seen);
        journal.judge(
                PURE, seen.state.equals("CLOSE") && !isLeft && seen.hasRsts(1),
                seen.words() + ", " + (isLeft ? 1 : 0) + " in TIME_WAIT");
    }

    private static boolean timeWait(Journal journal, Seen seen) throws IOException {
        boolean isLeft = seen.isInTimeWait();
        journal.step("in TIME_WAIT at the port", isLeft ? 1 : 0);
        return isLeft;
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
            Look.until(
                    "the request has come", () -> TcpInfo.of(server).dataSegmentsIn(),
                    segments -> segments > 0);
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

    private static void refused(Journal journal, boolean exact) throws IOException {
        journal.part("No one listens");
        try (Sockets sockets = new Sockets()) {
            int bound = sockets.tcp();
            check(sockets.bind(bound, 0), "bind"); // so that no one else takes the port
            NetCounters before = NetCounters.read();
            long result = sockets.connect(sockets.tcp(), sockets.port(bound));
            OptionalLong rsts = rsts(before, exact);
            journal.call("connect", result);
            rsts.ifPresent(count -> journal.step(GREW, count));
            journal.judge(
                    REFUSED, result == -ECONNREFUSED && rsts.orElse(1) == 1,
                    "connect: " + Errno.say(result)
                            + (rsts.isPresent() ? ", " + rsts.getAsLong() + " RST counted" : ""));
        }
    }

    /// RSTs sent; nothing where others send some too, which the same counter counts.
    private static OptionalLong rsts(NetCounters before, boolean exact) throws IOException {
        return exact
                ? OptionalLong.of(NetCounters.read().since(before, "Tcp.OutRsts"))
                : OptionalLong.empty();
    }

    private static void orderly(Journal journal, boolean exact)
            throws IOException, InterruptedException {
        journal.part("Fixed: shutdown, read to the end, close");
        Seen seen = see(journal, exact, Rst::end);
        boolean isLeft = timeWait(journal, seen);
        boolean right = seen.recv == 0 && seen.state.equals("CLOSE_WAIT") && isLeft;
        journal.judge(
                ORDERLY, right && seen.hasRsts(0),
                "recv: " + Errno.say(seen.recv) + ", " + seen.words() + ", " + (isLeft ? 1 : 0)
                        + " in TIME_WAIT");
    }

    /// One connection: a client that connects and reads, a server that ends it.
    private static Seen see(Journal journal, boolean exact, End end)
            throws IOException, InterruptedException {
        try (Sockets server = new Sockets()) {
            int listener = server.listen(0, BACKLOG);
            int port = server.port(listener);
            NetCounters before = NetCounters.read();
            TimeWaitWatch watch = TimeWaitWatch.begin();
            try (Wire wire = Wire.tap(port)) {
                FutureTask<Map.Entry<Long, String>> client = new FutureTask<>(
                        () -> read(port, watch));
                Thread.ofPlatform().start(client);
                int connection = server.accept(listener);
                FourTuple name = FourTuple.of(server.errno(), connection);
                end.of(server, connection);
                long recv = client.get().getKey();
                String state = client.get().getValue();
                Seen seen = new Seen(
                        name, watch, recv, state, rsts(before, exact), wire.count(name));
                journal.call("recv", recv);
                journal.step("state of the client", state);
                seen.rsts.ifPresent(count -> journal.step(GREW, count));
                journal.step("captured",
                        (seen.captured.isSeen() ? "" : "nothing: ") + seen.captured.words());
                return seen;
            } catch (ExecutionException e) {
                throw e.getCause() instanceof IOException failed ? failed : new IOException(e);
            }
        }
    }

    /// What recv answers to a client, and its state then. It closes when its ACK has
    /// arrived: one that its FIN overtook on another CPU would be answered by TIME_WAIT,
    /// and that by a RST, which ends TIME_WAIT (RFC 1337).
    private static Map.Entry<Long, String> read(int port, TimeWaitWatch watch)
            throws IOException {
        try (Sockets sockets = new Sockets()) {
            int client = sockets.connect(port);
            FourTuple server = FourTuple.of(sockets.errno(), client).otherEnd();
            long recv = sockets.recv(client);
            String state = TcpInfo.of(client).state();
            if (recv == 0) {
                watch.await(server, "FIN_WAIT2");
            }
            return Map.entry(recv, state);
        }
    }

    /// As the original: a RST for each client, until Ctrl-C.
    private static void serve(int wanted, Journal journal) throws IOException {
        Stop stop = new Stop(0);
        stop.onSignals();
        journal.part("A RST for each client, until Ctrl-C");
        long served = 0;
        long left = 0;
        TimeWaitWatch watch = TimeWaitWatch.begin();
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
                    FourTuple end = FourTuple.of(sockets.errno(), client);
                    abort(sockets, client);
                    served++;
                    left += watch.isInTimeWait(end) ? 1 : 0;
                }
            }
        }
        if (served > 0) {
            journal.judge(PURE, left == 0, "RST sent: " + served + ", in TIME_WAIT: " + left);
        } else {
            journal.notHere(PURE, "no client came");
        }
        for (Claim claim : List.of(RESET, CAPTURED, JDK, UNREAD, REFUSED, ORDERLY)) {
            journal.notHere(claim, "the other end was yours: " + Settings.AUTO + " plays both");
        }
    }
}
