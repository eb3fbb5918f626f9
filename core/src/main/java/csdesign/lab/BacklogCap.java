// SPDX-License-Identifier: MIT
package csdesign.lab;

import static csdesign.posix.Errno.check;

import csdesign.evidence.FourTuple;
import csdesign.evidence.NotHereException;
import csdesign.evidence.PrivateNetwork;
import csdesign.evidence.PrivateNetwork.Network;
import csdesign.evidence.ProcNet;
import csdesign.evidence.TcpInfo;
import csdesign.posix.SysSocket;
import csdesign.range.Option;
import csdesign.range.Settings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// **Backlog, cap: listen(2) answers 0, and grants less than it was asked for.**
///
/// ```text
///   listen(fd, 100000) = 0        net.core.somaxconn = 4096
///        |                              |
///        +----------- the less ---------+--->  [accept queue: 4096 + 1]
/// ```
///
/// **What** The backlog of listen(2) is a wish. The kernel cuts it to net.core.somaxconn
/// when listen is called, and answers 0 as if nothing had happened.
///
/// **Broken** A server asks for a long queue and believes that it has one. Someone raises
/// somaxconn later, and nothing changes: the queue was cut when the server began to
/// listen.
///
/// **Fixed** Ask the kernel what it has granted (TCP_INFO, or `ss -ltn`, Send-Q). After
/// somaxconn was raised call listen again on the same socket, or start the server again.
///
/// **In Java** `bind(address)` without a backlog, or with 0, asks for 50. A channel
/// cannot call listen again: that takes a new one.
///
/// **Look for** the granted backlog after each listen.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/lab/BacklogCap.java --auto`
///
/// @see <a href="https://man7.org/linux/man-pages/man2/listen.2.html">listen(2), notes</a>
public final class BacklogCap {
    static final Claim CAPPED = new Claim(
            "capped-at-somaxconn",
            "A listen(2) for 100,000 succeeds, and the queue is only as long as"
                    + " net.core.somaxconn permits.");
    static final Claim RAISED = new Claim(
            "raised-by-another-listen",
            "A raised net.core.somaxconn does nothing for a socket that listens already, until"
                    + " that socket calls listen(2) again.");
    static final Claim JDK = new Claim(
            "fifty-by-the-jdk", "The JDK's bind without a backlog asks for 50.");

    static final List<Option> OPTIONS = List.of();

    /// More than any somaxconn that is usual.
    private static final int WANTED = 100_000;

    private static final int LOW = 5;
    private static final int RAISED_TO = 1_000;

    private static final Path SOMAXCONN = Path.of("/proc/sys/net/core/somaxconn");
    private static final String BY_TCP_INFO = "backlog of the listener, by TCP_INFO";

    private BacklogCap() {}

    /// Runs the lab.
    ///
    /// @param arguments `--auto`
    public static void main(String... arguments) {
        Lab.main("backlog-cap", BacklogCap::run, OPTIONS, arguments);
    }

    /// See [Lab#run].
    ///
    /// @param settings how
    /// @param journal what it writes into
    /// @throws IOException when a socket cannot be made
    /// @throws InterruptedException when it is told to end
    public static void run(Settings settings, Journal journal)
            throws IOException, InterruptedException {
        journal.expect(CAPPED, JDK, RAISED);
        PrivateNetwork.run(network -> {
            journal.attempt(() -> askForMuch(journal), CAPPED);
            journal.attempt(() -> askByTheJdk(journal), JDK);
            journal.attempt(() -> raiseTheLimit(journal, network), RAISED);
        });
    }

    // @start region="broken"
    /// Asks for a long queue, and believes the 0 that listen(2) answers.
    private static int listen(Sockets sockets) throws IOException {
        int listener = sockets.newTcpSocket();
        check(sockets.bind(listener, 0), "bind");
        check(SysSocket.listen(sockets.errno(), listener, WANTED), "listen");
        return listener;
    }
    // @end

    // @start region="fixed"
    /// Asks again, which a socket that listens may do at any time: connections that wait
    /// stay where they are. Then asks the kernel how much it has granted.
    private static int listenAgain(Sockets sockets, int listener) throws IOException {
        check(SysSocket.listen(sockets.errno(), listener, WANTED), "listen");
        return TcpInfo.of(listener).acceptBacklog();
    }
    // @end

    /// TCP_INFO of a listening socket tells the length of its queue, as it is and not as
    /// it was asked for.
    private static void askForMuch(Journal journal) throws IOException {
        journal.part("Broken: a backlog of 100,000");
        try (Sockets sockets = new Sockets()) {
            int listener = listen(sockets);
            int granted = TcpInfo.of(listener).acceptBacklog();
            long most = ProcNet.number(SOMAXCONN);
            journal.step(BY_TCP_INFO, granted);
            journal.step("net.core.somaxconn", most);
            journal.judge(CAPPED, granted == Math.min(most, WANTED), granted + " of " + WANTED);
        }
    }

    /// The JDK keeps its descriptor to itself: the socket is found by its address.
    private static void askByTheJdk(Journal journal) throws IOException {
        journal.part("The JDK's own");
        try (Sockets sockets = new Sockets();
                ServerSocketChannel channel = ServerSocketChannel.open()) {
            int free = sockets.listen(0, 1);
            InetSocketAddress address = new InetSocketAddress(
                    InetAddress.ofLiteral("127.0.0.1"), sockets.port(free));
            sockets.close(free);
            channel.bind(address);
            int backlog = TcpInfo.of(FourTuple.listening(address)).acceptBacklog();
            journal.step(BY_TCP_INFO, backlog);
            journal.judge(JDK, backlog == 50, "" + backlog);
        }
    }

    /// The limit is low when the socket begins to listen, and is raised afterwards. The
    /// queue is looked at three times: at first, after the limit was raised, and after
    /// another listen. It takes a network of the lab's own, whose limit no one else has.
    private static void raiseTheLimit(Journal journal, Network network) throws IOException {
        journal.part("Fixed: somaxconn is raised, and the socket calls listen again");
        if (!network.isPrivate()) {
            throw new NotHereException(
                    "net.core.somaxconn is set in a network of one's own, and "
                            + network.refusal());
        }
        if (!Files.isWritable(SOMAXCONN)) {
            throw new NotHereException("it sets " + SOMAXCONN + ", which cannot be written here");
        }
        try (Sockets sockets = new Sockets()) {
            Files.writeString(SOMAXCONN, "" + LOW);
            int listener = listen(sockets);
            int low = TcpInfo.of(listener).acceptBacklog();
            Files.writeString(SOMAXCONN, "" + RAISED_TO);
            int still = TcpInfo.of(listener).acceptBacklog();
            int raised = listenAgain(sockets, listener);
            journal.step("backlog with somaxconn 5", low);
            journal.step("backlog after somaxconn was raised to 1,000", still);
            journal.step("backlog after another listen", raised);
            journal.judge(RAISED, low == LOW && still == LOW && raised == RAISED_TO,
                    low + ", " + still + " after the limit was raised, " + raised
                            + " after another listen");
        }
    }
}
