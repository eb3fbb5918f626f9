// SPDX-License-Identifier: MIT
package csdesign.lab;

import static csdesign.posix.Errno.EADDRNOTAVAIL;
import static csdesign.posix.SysSocket.MSG_DONTWAIT;

import csdesign.evidence.FourTuple;
import csdesign.evidence.NetCounters;
import csdesign.evidence.NotHereException;
import csdesign.evidence.PrivateNetwork;
import csdesign.evidence.PrivateNetwork.Network;
import csdesign.evidence.TcpInfo;
import csdesign.lab.ClosedConnection.Peer;
import csdesign.posix.Errno;
import csdesign.range.Option;
import csdesign.range.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/// **TimeWait: the end that closes first keeps the connection's ports for a minute.**
///
/// ```text
///   closes first            closes last
///   FIN_WAIT1  --- FIN ---> CLOSE_WAIT
///   FIN_WAIT2  <-- ACK ----
///              <-- FIN ---- LAST_ACK
///   TIME_WAIT  --- ACK ---> (gone)          no process, no descriptor; a timer of 60 s
/// ```
///
/// **What** The last ACK may be lost, and old segments may still be on their way. So the
/// kernel of the end that closed first remembers both addresses and both ports for 60 s
/// (TCP_TIMEWAIT_LEN, a constant of the kernel). No process and no descriptor belongs to
/// that any more.
///
/// **Broken** A client that opens a connection for each request, and closes first, uses
/// up its local ports towards that server: connect answers EADDRNOTAVAIL. SO_LINGER 0 is
/// no remedy: no TIME_WAIT is left, but the RST throws away what was not delivered.
///
/// **Fixed** Keep connections open, or let the server close first. tcp_tw_reuse at 1 lets
/// connect take a port in TIME_WAIT, as soon as the connection's last timestamp is a
/// second old. A server that starts again at its own port needs SO_REUSEADDR: see
/// [Reuseaddr].
///
/// **In Java** Nothing is different: a closed Socket or SocketChannel leaves its port in
/// TIME_WAIT as any other program's does.
///
/// **Look for** whose port is in TIME_WAIT, and how long its timer has left.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/lab/TimeWait.java --auto`
///
/// @see <a href="https://www.rfc-editor.org/rfc/rfc9293#section-3.6">RFC 9293, 3.6</a>
/// @see <a href="https://docs.kernel.org/networking/ip-sysctl.html">ip-sysctl, tcp_tw_reuse</a>
public final class TimeWait {
    static final Claim KEPT = new Claim(
            "kept-by-the-end-that-closes-first",
            "The end that closes first has its port in TIME_WAIT, and the other end has not; the"
                    + " timer begins at 60 s.");
    static final Claim LOST = new Claim(
            "linger-0-loses-data",
            "SO_LINGER 0 leaves no TIME_WAIT, but throws away what was still to be delivered.");
    static final Claim PORTS = new Claim(
            "no-local-port-left",
            "When all local ports are in TIME_WAIT, connect to the same server answers"
                    + " EADDRNOTAVAIL; connect to another port of its host succeeds.");
    static final Claim REUSED = new Claim(
            "tw-reuse-frees-a-port",
            "With tcp_tw_reuse 1 connect takes one of these ports again, within seconds.");

    static final List<Option> OPTIONS = List.of();

    private static final Path RANGE = Path.of("/proc/sys/net/ipv4/ip_local_port_range");
    private static final Path REUSE = Path.of("/proc/sys/net/ipv4/tcp_tw_reuse");

    /// Where no listening socket is by default.
    private static final String FOUR_PORTS = "20000 20003";

    /// Longer than the second that tcp_tw_reuse takes, on a busy machine too.
    private static final int TRIES = 500;
    private static final long PAUSE_NANOS = 20_000_000;

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
    /// @throws InterruptedException when it is told to end
    public static void run(Settings settings, Journal journal)
            throws IOException, InterruptedException {
        journal.expect(KEPT, LOST, PORTS, REUSED);
        PrivateNetwork.run(network -> {
            journal.attempt(() -> closeFromEitherEnd(journal), KEPT);
            journal.attempt(() -> closeByAReset(journal), LOST);
            journal.attempt(() -> useUpThePorts(journal, network), PORTS, REUSED);
        });
    }

    // @start region="broken"
    /// A connection for each request, and the client closes first: each leaves one of the
    /// four local ports in TIME_WAIT. Then connect has none left for this server.
    private static int connectOnceTooOften(Sockets sockets, int listener) throws IOException {
        for (int i = 0; i < 4; i++) {
            ClosedConnection.make(sockets, listener, Peer.CLIENT);
        }
        return sockets.connect(sockets.newTcpSocket(), sockets.port(listener));
    }
    // @end

    // @start region="fixed"
    /// Lets connect take a port in TIME_WAIT, which it does as soon as the old
    /// connection's last timestamp is a second old: the new one's segments are then known
    /// by theirs.
    private static int connectWithReuse(Sockets sockets, int listener) throws IOException {
        Files.writeString(REUSE, "1");
        int result = -EADDRNOTAVAIL;
        for (int i = 0; i < TRIES && result == -EADDRNOTAVAIL; i++) {
            LockSupport.parkNanos(PAUSE_NANOS);
            result = sockets.connect(sockets.newTcpSocket(), sockets.port(listener));
        }
        return result;
    }
    // @end

    /// Two connections, one closed by its client first and one by its server first. The
    /// table of the kernel shows whose port is in TIME_WAIT, and what its timer has left:
    /// together with the time that has passed here that is 60 s.
    private static void closeFromEitherEnd(Journal journal) throws IOException {
        journal.part("One end closes first");
        try (Sockets sockets = new Sockets()) {
            int listener = sockets.listen(0, 1);
            ClosedConnection byClient = ClosedConnection.make(sockets, listener, Peer.CLIENT);
            journal.step("the client closes first; whose port is in TIME_WAIT", byClient.whose());
            long begin = System.nanoTime();
            ClosedConnection byServer = ClosedConnection.make(sockets, listener, Peer.SERVER);
            double left = byServer.first().timerSeconds();
            journal.step("the server closes first; whose port is in TIME_WAIT", byServer.whose());
            journal.step("seconds that its timer has left", left);
            double passed = (System.nanoTime() - begin) / 1e9;
            String seen = byClient.whose() + ", then " + byServer.whose();
            journal.judge(
                    KEPT, left <= 60 && left + passed > 59.9
                            && seen.equals("the client's, then the server's"),
                    seen);
        }
    }

    /// The server sends as much as the buffers of both ends take, while the client reads
    /// nothing. Then it closes by a RST, and only then does the client read.
    private static void closeByAReset(Journal journal) throws IOException {
        journal.part("No remedy: SO_LINGER 0, then close");
        try (Sockets sockets = new Sockets()) {
            int listener = sockets.listen(0, 1);
            int client = sockets.connect(sockets.port(listener));
            int server = sockets.accept(listener);
            FourTuple end = FourTuple.of(sockets.errno(), server);
            String block = "x".repeat(50_000);
            long sent = 0;
            for (long count; (count = sockets.send(server, block, MSG_DONTWAIT)) > 0;) {
                sent += count;
            }
            sockets.linger(server, 0);
            TimeWaitWatch watch = TimeWaitWatch.begin();
            sockets.close(server);
            TcpInfo.await(client, "CLOSE");
            long received = 0;
            for (long count; (count = sockets.recv(client)) > 0;) {
                received += count;
            }
            journal.step("bytes that send took", sent);
            journal.step("bytes that the client received", received);
            boolean isLeft = watch.isInTimeWait(end);
            journal.step("in TIME_WAIT at the server's port", isLeft ? 1 : 0);
            journal.judge(LOST, !isLeft && received < sent, received + " of " + sent + " came");
        }
    }

    /// A client whose network has four local ports, which is a setting of the whole
    /// network: it takes one of the lab's own. All four are in TIME_WAIT towards one
    /// server. That connect to another port succeeds shows that a port alone is not
    /// taken: the pair of both ends is. The kernel counts it when connect takes such a
    /// pair again.
    private static void useUpThePorts(Journal journal, Network network) throws IOException {
        if (!network.isPrivate()) {
            String because = ", and " + network.refusal();
            journal.notHere(PORTS, "it sets the network's local ports" + because);
            journal.notHere(REUSED, "it sets the network's tcp_tw_reuse" + because);
            return;
        }
        if (!Files.isWritable(RANGE)) {
            throw new NotHereException("it sets " + RANGE + ", which cannot be written here");
        }
        journal.part("Broken: a client closes first, four times, and has four local ports");
        try (Sockets sockets = new Sockets()) {
            int listener = sockets.listen(0, 1);
            int another = sockets.port(sockets.listen(0, 1));
            Files.writeString(RANGE, FOUR_PORTS);
            Files.writeString(REUSE, "0");
            int same = connectOnceTooOften(sockets, listener);
            int other = sockets.connect(sockets.newTcpSocket(), another);
            journal.call("connect to the same server", same);
            journal.call("connect to another port of its host", other);
            journal.judge(PORTS, same == -EADDRNOTAVAIL && other == 0, Errno.say(same));
            journal.part("Fixed: tcp_tw_reuse 1");
            NetCounters before = NetCounters.read();
            long begin = System.nanoTime();
            int again = connectWithReuse(sockets, listener);
            journal.call("connect to the same server", again);
            journal.step("seconds until then", (System.nanoTime() - begin) / 1e9);
            long taken = NetCounters.read().since(before, "TcpExt.TWRecycled");
            journal.step("TcpExt.TWRecycled grew by", taken);
            journal.judge(REUSED, again == 0 && taken == 1, taken + " port taken again");
        }
    }
}
