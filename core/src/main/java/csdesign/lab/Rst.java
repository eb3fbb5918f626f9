// SPDX-License-Identifier: MIT
package csdesign.lab;

import static csdesign.posix.Errno.ECONNREFUSED;
import static csdesign.posix.Errno.ECONNRESET;
import static csdesign.posix.Errno.check;
import static csdesign.posix.SysSocket.SHUT_WR;

import csdesign.evidence.FourTuple;
import csdesign.evidence.NetCounters;
import csdesign.evidence.PrivateNetwork;
import csdesign.evidence.PrivateNetwork.Network;
import csdesign.evidence.TcpInfo;
import csdesign.kit.Stop;
import csdesign.listen.StopDescriptor;
import csdesign.posix.Errno;
import csdesign.posix.SysPoll;
import csdesign.posix.SysSocket;
import csdesign.range.Option;
import csdesign.range.Settings;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.OptionalLong;

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
///
/// **What** A RST says that there is no connection, or none any more. It is not
/// acknowledged, no one waits for it, and it leaves no TIME_WAIT. It is sent when a
/// program aborts a connection (SO_LINGER with 0 seconds, then close), when it closes a
/// connection whose bytes it has not read ([CloseUnread]), and when a segment arrives for
/// which there is no socket.
///
/// **Broken** The original's server sets SO_LINGER to 0 and closes. Its client waits for
/// an answer, and reads ECONNRESET.
///
/// **Fixed** The server says by shutdown that it will send no more, reads what the client
/// still sends until the client ends too, and then closes: two FINs, no RST. Every design
/// here ends a connection with a client that it refuses in this way.
///
/// **In Java** `setOption(SO_LINGER, 0)` and `close` do the same. ECONNRESET is a
/// SocketException whose text is "Connection reset".
///
/// **Look for** the client's state. After a RST it is CLOSE at once; after a FIN it is
/// CLOSE_WAIT first.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/lab/Rst.java --auto`
///
/// @see <a href="https://man7.org/linux/man-pages/man7/socket.7.html">socket(7), SO_LINGER</a>
/// @see <a href="https://www.rfc-editor.org/rfc/rfc9293#section-3.5.2">RFC 9293, 3.5.2</a>
public final class Rst {
    static final Claim RESET = new Claim(
            "reset-after-linger-0",
            "After SO_LINGER 0 and close, by the system calls or by the JDK, the other end's recv"
                    + " answers ECONNRESET.");
    static final Claim PURE = new Claim(
            "no-close-wait-no-time-wait",
            "That connection ends by a RST alone: its client is never in CLOSE_WAIT, and the"
                    + " server's end is not in TIME_WAIT.");
    static final Claim CAPTURED = new Claim(
            "one-rst-on-the-wire", "On the wire that end is one RST and no FIN.");
    static final Claim REFUSED = new Claim(
            "rst-from-a-closed-port",
            "A connect to a port where no one listens is answered by a RST: ECONNREFUSED.");
    static final Claim ORDERLY = new Claim(
            "no-rst-after-an-orderly-end",
            "After shutdown, reading to the end and close, the client reads 0, and no RST was"
                    + " sent.");

    static final Option PORT = new Option(
            List.of("-p", "--port"), "PORT", 2_000, 0, 65_535,
            "The port of 127.0.0.1 where it serves you; 0 for any");

    static final List<Option> OPTIONS = List.of(PORT);

    /// As long as the original's.
    private static final int BACKLOG = 5;

    /// What a server calls to end a connection.
    @FunctionalInterface
    private interface End {
        void of(Sockets sockets, int connection) throws IOException;
    }

    /// What a client saw of the end of its connection.
    ///
    /// @param recv what its recv answered
    /// @param state the state that it was in then
    private record Ending(long recv, String state) {}

    /// What was seen of one connection.
    ///
    /// @param server the server's end, by its addresses and ports
    /// @param watch which began before the connection was made
    /// @param client what the client saw
    /// @param rsts how many RSTs were sent; nothing where others send some too
    /// @param captured what was seen on the wire, or why nothing could be
    private record Seen(FourTuple server, TimeWaitWatch watch, Ending client, OptionalLong rsts,
            Wire.Count captured) {
        /// Asked last: where the kernel's table is full, nothing can be said of it.
        boolean isInTimeWait(Journal journal) throws IOException {
            boolean isLeft = watch.isInTimeWait(server);
            journal.step("in TIME_WAIT at the port", isLeft ? 1 : 0);
            return isLeft;
        }

        String words(boolean isLeft) {
            return "the client is in " + client.state + counted(rsts) + ", " + (isLeft ? 1 : 0)
                    + " in TIME_WAIT";
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
        journal.expect(RESET, PURE, CAPTURED, REFUSED, ORDERLY);
        if (settings.isOn(Lab.AUTO)) {
            PrivateNetwork.run(network -> {
                journal.attempt(() -> abortOne(journal, network), RESET, PURE, CAPTURED);
                journal.attempt(() -> connectToAClosedPort(journal, network), REFUSED);
                journal.attempt(() -> endOneInOrder(journal, network), ORDERLY);
            });
        } else {
            serve(settings.number(PORT), journal);
        }
    }

    // @start region="broken"
    /// Closes without an end: the kernel drops what is unsent, sends a RST, and forgets
    /// the connection.
    private static void abort(Sockets sockets, int connection) throws IOException {
        sockets.linger(connection, 0);
        sockets.close(connection);
    }
    // @end

    // @start region="fixed"
    /// Sends a FIN after all that was written, reads what the client still says until the
    /// client ends too, and only then closes.
    private static void end(Sockets sockets, int connection) throws IOException {
        int result = SysSocket.shutdown(sockets.errno(), connection, SHUT_WR);
        check(result, "shutdown", "SHUT_WR");
        while (sockets.recv(connection) > 0) {
            // more of what the client says
        }
        sockets.close(connection);
    }
    // @end

    /// One connection that the server aborts, and one more that the JDK aborts.
    ///
    /// Three witnesses say that a RST ended it and no FIN. The client's state: after a
    /// FIN it would be in CLOSE_WAIT until the client closes. The counter of sent RSTs,
    /// where the network is the lab's own. The segments themselves, where this user may
    /// see them.
    private static void abortOne(Journal journal, Network network)
            throws IOException, InterruptedException {
        journal.part("Broken: SO_LINGER 0, then close");
        Seen seen = see(journal, network, Rst::abort);
        String words = seen.captured.words();
        if (seen.captured.isSeen()) {
            journal.judge(CAPTURED, words.equals("1 RST, 0 FIN"), words);
        } else {
            journal.notHere(CAPTURED, words);
        }
        journal.attempt(() -> {
            boolean isLeft = seen.isInTimeWait(journal);
            journal.judge(
                    PURE, seen.client.state.equals("CLOSE") && !isLeft && seen.rsts.orElse(1) == 1,
                    seen.words(isLeft));
        }, PURE);
        long jdk = abortByTheJdk(journal);
        journal.judge(
                RESET, seen.client.recv == -ECONNRESET && jdk == -ECONNRESET,
                "recv: " + Errno.say(seen.client.recv) + "; after the JDK's close: "
                        + Errno.say(jdk));
    }

    /// The JDK's channel is the client here: any end can abort.
    private static long abortByTheJdk(Journal journal) throws IOException {
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
            return recv;
        }
    }

    /// A SYN for which there is no listening socket. The port is bound, so that no one
    /// else can begin to listen there meanwhile, but the socket does not listen.
    private static void connectToAClosedPort(Journal journal, Network network)
            throws IOException {
        journal.part("No one listens");
        try (Sockets sockets = new Sockets()) {
            int bound = sockets.newTcpSocket();
            check(sockets.bind(bound, 0), "bind");
            NetCounters before = NetCounters.read();
            long result = sockets.connect(sockets.newTcpSocket(), sockets.port(bound));
            journal.call("connect", result);
            OptionalLong rsts = rsts(journal, before, network);
            journal.judge(
                    REFUSED, result == -ECONNREFUSED && rsts.orElse(1) == 1,
                    "connect: " + Errno.say(result) + counted(rsts));
        }
    }

    /// RSTs that were sent. The counter is the network's: where others use the network
    /// too, it counts their RSTs as well, and nothing is said.
    private static OptionalLong rsts(Journal journal, NetCounters before, Network network)
            throws IOException {
        if (!network.isPrivate()) {
            return OptionalLong.empty();
        }
        long count = NetCounters.read().since(before, "Tcp.OutRsts");
        journal.step("Tcp.OutRsts grew by", count);
        return OptionalLong.of(count);
    }

    private static String counted(OptionalLong rsts) {
        return rsts.isPresent() ? ", " + rsts.getAsLong() + " RST counted" : "";
    }

    /// The same connection with the orderly end. The same witnesses say that no RST ended
    /// it: the client was in CLOSE_WAIT, and the server's end, which closed first, is in
    /// TIME_WAIT, which a RST would have ended.
    private static void endOneInOrder(Journal journal, Network network)
            throws IOException, InterruptedException {
        journal.part("Fixed: shutdown, read to the end, close");
        Seen seen = see(journal, network, Rst::end);
        boolean isLeft = seen.isInTimeWait(journal);
        journal.judge(
                ORDERLY, seen.client.equals(new Ending(0, "CLOSE_WAIT")) && isLeft
                        && seen.rsts.orElse(0) == 0,
                "recv: " + Errno.say(seen.client.recv) + ", " + seen.words(isLeft));
    }

    /// One connection: a client connects and reads, and the server ends the connection.
    private static Seen see(Journal journal, Network network, End end)
            throws IOException, InterruptedException {
        try (Sockets server = new Sockets()) {
            int listener = server.listen(0, BACKLOG);
            int port = server.port(listener);
            NetCounters before = NetCounters.read();
            TimeWaitWatch watch = TimeWaitWatch.begin();
            try (Wire wire = Wire.tap(port)) {
                OtherEnd<Ending> client = OtherEnd.begin(() -> readTheEnd(port, watch));
                int connection = server.accept(listener);
                FourTuple name = FourTuple.of(server.errno(), connection);
                end.of(server, connection);
                Ending ending = client.await();
                journal.call("recv", ending.recv);
                journal.step("state of the client", ending.state);
                OptionalLong rsts = rsts(journal, before, network);
                Wire.Count captured = wire.count(name);
                journal.step("captured",
                        (captured.isSeen() ? "" : "nothing: ") + captured.words());
                return new Seen(name, watch, ending, rsts, captured);
            }
        }
    }

    /// The client: connects, waits for the end, and closes.
    ///
    /// After a FIN it closes only when its ACK has arrived. Its own FIN may overtake the
    /// ACK on another CPU; TIME_WAIT would answer the late ACK, that answer would be
    /// answered by a RST, and the RST would end TIME_WAIT (RFC 1337).
    private static Ending readTheEnd(int port, TimeWaitWatch watch) throws IOException {
        try (Sockets sockets = new Sockets()) {
            int client = sockets.connect(port);
            FourTuple server = FourTuple.of(sockets.errno(), client).otherEnd();
            Ending ending = new Ending(sockets.recv(client), TcpInfo.of(client).state());
            if (ending.recv == 0) {
                watch.await(server, "FIN_WAIT2");
            }
            return ending;
        }
    }

    /// What the original does: each client that connects gets a RST, until Ctrl-C.
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
        for (Claim claim : List.of(RESET, CAPTURED, REFUSED, ORDERLY)) {
            journal.notHere(claim, "the other end was yours: " + Lab.AUTO.name() + " plays both");
        }
    }
}
