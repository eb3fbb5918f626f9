// SPDX-License-Identifier: MIT
package csdesign.lab;

import static csdesign.posix.Errno.EADDRINUSE;
import static csdesign.posix.Errno.check;
import static csdesign.posix.SysSocket.SOL_SOCKET;
import static csdesign.posix.SysSocket.SO_REUSEADDR;

import csdesign.evidence.PrivateNetwork;
import csdesign.lab.ClosedConnection.Peer;
import csdesign.posix.Errno;
import csdesign.posix.SysSocket;
import csdesign.range.Option;
import csdesign.range.Settings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.ServerSocketChannel;
import java.util.List;

/// **Reuseaddr: a server that is started again cannot bind its own port.**
///
/// ```text
///   old server: listens, closes a connection first, ends
///                        |
///              [its port: TIME_WAIT, 60 s]
///                        |
///   new server: bind --- EADDRINUSE, or 0 if both servers have set SO_REUSEADDR
/// ```
///
/// **What** A server that closes its connections first leaves its own port in TIME_WAIT
/// when it ends: see [TimeWait]. bind(2) then refuses the port to a new server for a
/// minute.
///
/// **Broken** A server is started again: bind answers EADDRINUSE, although no one
/// listens.
///
/// **Fixed** SO_REUSEADDR before bind, in the old server as in the new one. A connection
/// inherits the option from its listening socket, and TIME_WAIT has it from the
/// connection. The option does not let two servers listen at one port: that is
/// SO_REUSEPORT.
///
/// **In Java** On Linux ServerSocket and ServerSocketChannel set SO_REUSEADDR by
/// themselves. A socket that is made by FFM does not have it.
///
/// **Look for** the third row of the table: the option is set in the new server, and bind
/// still answers EADDRINUSE.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/lab/Reuseaddr.java --auto`
///
/// @see <a href="https://man7.org/linux/man-pages/man7/socket.7.html">socket(7), SO_REUSEADDR</a>
public final class Reuseaddr {
    static final Claim WITHOUT = new Claim(
            "no-reuseaddr-in-the-new-server",
            "Without SO_REUSEADDR in the new server bind answers EADDRINUSE, whether the old"
                    + " server had the option or not.");
    static final Claim NEW_ONLY = new Claim(
            "reuseaddr-in-the-new-server-only",
            "With SO_REUSEADDR in the new server only, bind answers EADDRINUSE too: the"
                    + " connection in TIME_WAIT must have it as well.");
    static final Claim BOTH = new Claim(
            "reuseaddr-in-both-servers", "With SO_REUSEADDR in both servers bind answers 0.");
    static final Claim NOT_SHARED = new Claim(
            "reuseaddr-shares-no-port",
            "SO_REUSEADDR lets no one listen where another socket listens: bind answers"
                    + " EADDRINUSE.");
    static final Claim JDK = new Claim(
            "reuseaddr-by-the-jdk",
            "The JDK's server sockets set SO_REUSEADDR by themselves, and can bind such a port.");

    static final List<Option> OPTIONS = List.of();

    /// Whether a server sets SO_REUSEADDR.
    private enum ReuseAddr {
        YES, NO;

        String word() {
            return this == YES ? "yes" : "no";
        }
    }

    private Reuseaddr() {}

    /// Runs the lab.
    ///
    /// @param arguments `--auto`
    public static void main(String... arguments) {
        Lab.main("reuseaddr", Reuseaddr::run, OPTIONS, arguments);
    }

    /// See [Lab#run].
    ///
    /// @param settings how
    /// @param journal what it writes into
    /// @throws IOException when a socket cannot be made
    /// @throws InterruptedException when it is told to end
    public static void run(Settings settings, Journal journal)
            throws IOException, InterruptedException {
        journal.expect(WITHOUT, NEW_ONLY, BOTH, NOT_SHARED, JDK);
        PrivateNetwork.run(_ -> {
            journal.attempt(() -> startAgain(journal), WITHOUT, NEW_ONLY, BOTH);
            journal.attempt(() -> startBeside(journal), NOT_SHARED);
            journal.attempt(() -> startAgainByTheJdk(journal), JDK);
        });
    }

    // @start region="broken"
    /// EADDRINUSE, for as long as a connection in TIME_WAIT has the port.
    private static int bindOnly(Sockets sockets, int listener, int port) {
        return sockets.bind(listener, port);
    }
    // @end

    // @start region="fixed"
    /// Sets the option before bind: bind is the call that looks at it. All connections
    /// that this socket accepts will have it too, and the next server profits by that.
    private static int bindWithReuse(Sockets sockets, int listener, int port)
            throws IOException {
        sockets.set(listener, SOL_SOCKET, SO_REUSEADDR, 1);
        return sockets.bind(listener, port);
    }
    // @end

    private static int bind(Sockets sockets, int listener, int port, ReuseAddr reuse)
            throws IOException {
        return reuse == ReuseAddr.YES
                ? bindWithReuse(sockets, listener, port)
                : bindOnly(sockets, listener, port);
    }

    /// A server closes a connection first, and ends. A new one binds its port. Old and
    /// new each with the option and without: four pairs, of which one can bind.
    private static void startAgain(Journal journal) throws IOException {
        journal.part("A server closed first; a new one binds its port");
        journal.columns("the old one", "SO_REUSEADDR", "of the new", "bind answers");
        int neither = startAgain(journal, ReuseAddr.NO, ReuseAddr.NO);
        int oldOnly = startAgain(journal, ReuseAddr.YES, ReuseAddr.NO);
        int newOnly = startAgain(journal, ReuseAddr.NO, ReuseAddr.YES);
        int both = startAgain(journal, ReuseAddr.YES, ReuseAddr.YES);
        journal.judge(WITHOUT, neither == -EADDRINUSE && oldOnly == -EADDRINUSE,
                "bind: " + Errno.say(neither) + ", " + Errno.say(oldOnly));
        journal.judge(NEW_ONLY, newOnly == -EADDRINUSE, "bind: " + Errno.say(newOnly));
        journal.judge(BOTH, both == 0, "bind: " + Errno.say(both));
    }

    private static int startAgain(Journal journal, ReuseAddr ofTheOld, ReuseAddr ofTheNew)
            throws IOException {
        try (Sockets sockets = new Sockets()) {
            int port = serveAndEnd(sockets, ofTheOld);
            int result = bind(sockets, sockets.newTcpSocket(), port, ofTheNew);
            journal.row("has ended", ofTheOld.word(), ofTheNew.word(), Errno.say(result));
            return result;
        }
    }

    /// A server that closes its connection first, and ends: its port is in TIME_WAIT.
    ///
    /// @return its port
    private static int serveAndEnd(Sockets sockets, ReuseAddr reuse) throws IOException {
        int listener = sockets.newTcpSocket();
        check(bind(sockets, listener, 0, reuse), "bind");
        check(SysSocket.listen(sockets.errno(), listener, 1), "listen");
        int port = sockets.port(listener);
        ClosedConnection.make(sockets, listener, Peer.SERVER);
        sockets.close(listener);
        return port;
    }

    /// The last row of the table. The old server still listens, and both have the option:
    /// if it shared a port, this is where bind would answer 0.
    private static void startBeside(Journal journal) throws IOException {
        try (Sockets sockets = new Sockets()) {
            int listener = sockets.newTcpSocket();
            check(bindWithReuse(sockets, listener, 0), "bind");
            check(SysSocket.listen(sockets.errno(), listener, 1), "listen");
            int second = bindWithReuse(sockets, sockets.newTcpSocket(), sockets.port(listener));
            journal.row(
                    "listens", ReuseAddr.YES.word(), ReuseAddr.YES.word(), Errno.say(second));
            journal.judge(NOT_SHARED, second == -EADDRINUSE, "bind: " + Errno.say(second));
        }
    }

    /// Two channels bind the port of a server that has ended. One is as the JDK made it;
    /// the other one had the option taken away, to show that nothing else made the
    /// difference.
    private static void startAgainByTheJdk(Journal journal) throws IOException {
        journal.part("The JDK's servers at the port of one that has ended");
        try (Sockets sockets = new Sockets();
                ServerSocket socket = new ServerSocket();
                ServerSocketChannel without = ServerSocketChannel.open();
                ServerSocketChannel with = ServerSocketChannel.open()) {
            boolean isSet = socket.getReuseAddress() && with.socket().getReuseAddress();
            journal.step("both kinds have SO_REUSEADDR", isSet ? "yes" : "no");
            int port = serveAndEnd(sockets, ReuseAddr.YES);
            without.socket().setReuseAddress(false);
            String refused = bind(without, port);
            journal.step("bind, SO_REUSEADDR set to false", refused);
            String bound = bind(with, port);
            journal.step("bind, as the JDK made it", bound);
            journal.judge(
                    JDK, isSet && !refused.equals("0") && bound.equals("0"),
                    "bind without it: " + refused + "; with it: " + bound);
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
}
