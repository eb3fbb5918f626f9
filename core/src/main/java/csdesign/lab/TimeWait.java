// SPDX-License-Identifier: MIT
package csdesign.lab;

import static csdesign.posix.Errno.EADDRINUSE;
import static csdesign.posix.Errno.EADDRNOTAVAIL;
import static csdesign.posix.Errno.check;
import static csdesign.posix.SysSocket.MSG_DONTWAIT;
import static csdesign.posix.SysSocket.SOL_SOCKET;
import static csdesign.posix.SysSocket.SO_REUSEADDR;

import csdesign.evidence.FourTuple;
import csdesign.evidence.NetCounters;
import csdesign.evidence.NotHereException;
import csdesign.evidence.PrivateNetwork.Network;
import csdesign.evidence.PrivateNetwork;
import csdesign.evidence.TcpInfo;
import csdesign.evidence.TcpTable;
import csdesign.evidence.TimeWaitWatch;
import csdesign.posix.Errno;
import csdesign.posix.SysSocket;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/// **TimeWait: who closes first keeps the connection's ports for a minute.**
///
/// ```text
///   closes first            closes last
///   FIN_WAIT1  --- FIN ---> CLOSE_WAIT
///   FIN_WAIT2  <-- ACK ----
///              <-- FIN ---- LAST_ACK
///   TIME_WAIT  --- ACK ---> (gone)          no process, no descriptor; a timer of 60 s
/// ```
/// **What** The last ACK may be lost, and old segments may still be on their way: who
/// closed first remembers addresses and ports for 60 s (TCP_TIMEWAIT_LEN, a constant of
/// the kernel). A server that ends leaves its own port so; a client uses up its ports.
///
/// **Broken** A server is started again: bind answers EADDRINUSE, though nobody listens.
///
/// **Fixed** SO_REUSEADDR before bind, in the old server as in the new: a connection has
/// it from its listener, and TIME_WAIT from the connection. It lets nobody listen where
/// another one does. SO_LINGER 0 is no remedy: the RST throws away what was not sent.
///
/// **In Java** ServerSocket and ServerSocketChannel set SO_REUSEADDR by themselves on
/// Linux. A socket made by FFM has it not.
///
/// **Look for** the second row of the table of servers, which surprises most.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/lab/TimeWait.java --auto`
///
/// @see <a href="https://man7.org/linux/man-pages/man7/socket.7.html">socket(7), SO_REUSEADDR</a>
/// @see <a href="https://www.rfc-editor.org/rfc/rfc9293#section-3.6">RFC 9293, 3.6</a>
public final class TimeWait {
    static final Claim WHO = new Claim(
            "who", "who closes first has the port in TIME_WAIT; its timer begins at 60 s");
    static final Claim RESTART = new Claim(
            "restart", "broken: without SO_REUSEADDR a new server's bind answers EADDRINUSE");
    static final Claim TOO_LATE = new Claim(
            "too-late", "broken: so it does with it, where the old server had it not");
    static final Claim REUSE = new Claim("reuse", "fixed: where both have it bind answers 0");
    static final Claim ONE = new Claim(
            "one", "SO_REUSEADDR lets nobody listen where another one listens");
    static final Claim RST = new Claim(
            "rst", "SO_LINGER 0 leaves no TIME_WAIT, and throws away what was still to be sent");
    static final Claim PORTS = new Claim(
            "ports", "with all local ports in TIME_WAIT connect answers EADDRNOTAVAIL");
    static final Claim TW_REUSE = new Claim(
            "tw-reuse", "with tcp_tw_reuse 1 connect takes such a port again, within seconds");
    static final Claim JDK = new Claim(
            "jdk", "the JDK's servers set SO_REUSEADDR by themselves, and bind such a port");

    static final List<Option> OPTIONS = List.of();

    private static final Path RANGE = Path.of("/proc/sys/net/ipv4/ip_local_port_range");
    private static final Path REUSES = Path.of("/proc/sys/net/ipv4/tcp_tw_reuse");

    private static final String FOUR_PORTS = "20000 20003"; // where no listener is by default
    private static final long LOOK_NANOS = 20_000_000;

    private TimeWait() {}

    /// Runs the lab.
    ///
    /// @param arguments `--auto`
    public static void main(String... arguments) {
        Lab.main("time-wait", TimeWait::run, OPTIONS, arguments);
    }

    /// See [Lab#run].
    ///
    /// @param settings how
    /// @param journal what it writes into
    /// @throws IOException when a socket cannot be made
    /// @throws InterruptedException when it shall end
    public static void run(Settings settings, Journal journal)
            throws IOException, InterruptedException {
        journal.expect(WHO, RESTART, TOO_LATE, REUSE, ONE, RST, JDK, PORTS, TW_REUSE);
        PrivateNetwork.run(network -> {
            journal.attempt(() -> whoCloses(journal), WHO);
            journal.attempt(() -> restart(journal), RESTART, TOO_LATE, REUSE);
            journal.attempt(() -> beside(journal), ONE);
            journal.attempt(() -> abort(journal), RST);
            journal.attempt(() -> byTheJdk(journal), JDK);
            journal.attempt(() -> ports(journal, network), PORTS, TW_REUSE);
        });
    }

    // @start region="broken"
    private static int bindBroken(Sockets sockets, int listener, int port) {
        return sockets.bind(listener, port); // EADDRINUSE, as long as a TIME_WAIT has the port
    }
    // @end

    // @start region="fixed"
    private static int bindFixed(Sockets sockets, int listener, int port) throws IOException {
        sockets.set(listener, SOL_SOCKET, SO_REUSEADDR, 1); // before bind
        return sockets.bind(listener, port); // 0
    }
    // @end

    private static void whoCloses(Journal journal) throws IOException {
        journal.part("Who closes first");
        try (Sockets sockets = new Sockets()) {
            int listener = sockets.listen(0, 1);
            Closed byClient = close(sockets, listener, true);
            journal.step(
                    "the client closes first; whose port is in TIME_WAIT", byClient.whose());
            long begin = System.nanoTime();
            Closed byServer = close(sockets, listener, false);
            double left = byServer.first.timerSeconds();
            journal.step(
                    "the server closes first; whose port is in TIME_WAIT", byServer.whose());
            journal.step("seconds that its timer has left", left);
            String seen = byClient.whose() + ", then " + byServer.whose();
            boolean isSixty = left <= 60 && left + (System.nanoTime() - begin) / 1e9 > 59.9;
            journal.judge(WHO, isSixty && seen.equals("the client's, then the server's"), seen);
        }
    }

    /// A connection whose both ends were closed: the one that was closed first, which is
    /// in TIME_WAIT, and whether the other one is too.
    private record Closed(boolean clientFirst, TcpTable.Entry first, boolean other) {
        String whose() {
            return other ? "both" : clientFirst ? "the client's" : "the server's";
        }
    }

    /// Makes a connection and closes both ends. Connections of others may have one of its
    /// ports: it is known by its addresses and ports, all four.
    private static Closed close(Sockets sockets, int listener, boolean clientFirst)
            throws IOException {
        int client = sockets.connect(sockets.port(listener));
        int server = sockets.accept(listener);
        FourTuple first = FourTuple.of(sockets.errno(), clientFirst ? client : server);
        TimeWaitWatch watch = TimeWaitWatch.begin();
        sockets.close(clientFirst ? client : server);
        watch.await(first, "FIN_WAIT2"); // its FIN is acknowledged: see Rst on RFC 1337
        sockets.close(clientFirst ? server : client);
        TcpTable.Entry entry = watch.await(first, "TIME_WAIT");
        return new Closed(
                clientFirst, entry, TcpTable.isIn(first.otherEnd(), "TIME_WAIT"));
    }

    private static void restart(Journal journal) throws IOException {
        journal.part("A server closed first; a new one binds its port");
        journal.columns("the old one", "SO_REUSEADDR", "of the new", "bind answers");
        int broken = restart(journal, false, false);
        int forgotten = restart(journal, true, false);
        int tooLate = restart(journal, false, true);
        int fixed = restart(journal, true, true);
        boolean isBroken = broken == -EADDRINUSE && forgotten == -EADDRINUSE;
        journal.judge(RESTART, isBroken, "bind: " + Errno.say(broken));
        journal.judge(TOO_LATE, tooLate == -EADDRINUSE, "bind: " + Errno.say(tooLate));
        journal.judge(REUSE, fixed == 0, "bind: " + Errno.say(fixed));
    }

    private static int restart(Journal journal, boolean old, boolean young) throws IOException {
        try (Sockets sockets = new Sockets()) {
            int listener = serve(sockets, old);
            int port = sockets.port(listener);
            sockets.close(listener);
            int next = sockets.tcp();
            int result = young ? bindFixed(sockets, next, port) : bindBroken(sockets, next, port);
            row(journal, "has ended", old, young, result);
            return result;
        }
    }

    private static void row(
            Journal journal, String state, boolean old, boolean young, int result) {
        journal.row(state, old ? "yes" : "no", young ? "yes" : "no", Errno.say(result));
    }

    /// The last row: the old one has not ended.
    private static void beside(Journal journal) throws IOException {
        try (Sockets sockets = new Sockets()) {
            int port = sockets.port(sockets.listen(0, 1));
            int second = bindFixed(sockets, sockets.tcp(), port);
            row(journal, "listens", true, true, second);
            journal.judge(ONE, second == -EADDRINUSE, "bind: " + Errno.say(second));
        }
    }

    /// A server that has closed its connection first, so that its port is in TIME_WAIT.
    private static int serve(Sockets sockets, boolean reuse) throws IOException {
        int listener = sockets.tcp();
        check(reuse ? bindFixed(sockets, listener, 0) : bindBroken(sockets, listener, 0), "bind");
        check(SysSocket.listen(sockets.errno(), listener, 1), "listen");
        close(sockets, listener, false);
        return listener;
    }

    private static void abort(Journal journal) throws IOException {
        journal.part("No remedy: SO_LINGER 0, then close");
        try (Sockets sockets = new Sockets()) {
            int listener = sockets.listen(0, 1);
            int client = sockets.connect(sockets.port(listener));
            int server = sockets.accept(listener);
            FourTuple end = FourTuple.of(sockets.errno(), server);
            long sent = 0;
            for (long count; (count = sockets.send(server, "x".repeat(50_000),
                    MSG_DONTWAIT)) > 0;) {
                sent += count; // until the buffers are full
            }
            sockets.linger(server, 0);
            TimeWaitWatch watch = TimeWaitWatch.begin();
            sockets.close(server); // by a RST
            TcpInfo.await(client, "CLOSE");
            long received = 0;
            for (long count; (count = sockets.recv(client)) > 0;) {
                received += count; // until ECONNRESET
            }
            journal.step("bytes that send took", sent);
            journal.step("bytes that the client received", received);
            boolean isLeft = watch.isInTimeWait(end);
            journal.step("in TIME_WAIT at the server's port", isLeft ? 1 : 0);
            journal.judge(RST, !isLeft && received < sent, received + " of " + sent + " came");
        }
    }

    private static void byTheJdk(Journal journal) throws IOException {
        journal.part("The JDK's servers at the port of one that has ended");
        try (Sockets sockets = new Sockets();
                ServerSocket socket = new ServerSocket();
                ServerSocketChannel broken = ServerSocketChannel.open();
                ServerSocketChannel fixed = ServerSocketChannel.open()) {
            boolean isSet = socket.getReuseAddress() && fixed.socket().getReuseAddress();
            journal.step("both kinds have SO_REUSEADDR", isSet ? "yes" : "no");
            int listener = serve(sockets, true);
            int port = sockets.port(listener);
            sockets.close(listener);
            broken.socket().setReuseAddress(false);
            String without = bind(broken, port);
            journal.step("bind, SO_REUSEADDR set to false", without);
            String with = bind(fixed, port);
            journal.step("bind, as the JDK made it", with);
            journal.judge(
                    JDK, isSet && !without.equals("0") && with.equals("0"),
                    "bind without it: " + without + "; with it: " + with);
        }
    }

    private static String bind(ServerSocketChannel server, int port) {
        try {
            server.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port));
            return "0";
        } catch (IOException e) {
            return e.getClass().getSimpleName() + ": " + e.getMessage();
        }
    }

    private static void ports(Journal journal, Network network) throws IOException {
        if (!network.isPrivate()) {
            String because = ", and " + network.refusal();
            journal.notHere(PORTS, "it sets the network's local ports" + because);
            journal.notHere(TW_REUSE, "it sets the network's tcp_tw_reuse" + because);
            return;
        }
        if (!Files.isWritable(RANGE)) {
            throw new NotHereException("it sets " + RANGE + ", which cannot be written here");
        }
        journal.part("A client closes first, four times, and has four local ports");
        try (Sockets sockets = new Sockets()) {
            int listener = sockets.listen(0, 1);
            int here = sockets.port(listener);
            int there = sockets.port(sockets.listen(0, 1));
            Files.writeString(RANGE, FOUR_PORTS);
            Files.writeString(REUSES, "0");
            for (int i = 0; i < 4; i++) {
                close(sockets, listener, true);
            }
            int same = sockets.connect(sockets.tcp(), here);
            int other = sockets.connect(sockets.tcp(), there);
            journal.call("connect to the same server", same);
            journal.call("connect to another port of its host", other);
            journal.judge(PORTS, same == -EADDRNOTAVAIL && other == 0, Errno.say(same));
            Files.writeString(REUSES, "1");
            NetCounters before = NetCounters.read();
            long begin = System.nanoTime();
            int again = same;
            for (int i = 0; i < 500 && again == -EADDRNOTAVAIL; i++) { // at most 10 s
                LockSupport.parkNanos(LOOK_NANOS);
                again = sockets.connect(sockets.tcp(), here);
            }
            journal.call("tcp_tw_reuse 1, connect", again);
            journal.step("seconds until then", (System.nanoTime() - begin) / 1e9);
            long taken = NetCounters.read().since(before, "TcpExt.TWRecycled");
            journal.step("TcpExt.TWRecycled grew by", taken);
            journal.judge(TW_REUSE, again == 0 && taken == 1, taken + " port taken again");
        }
    }
}
