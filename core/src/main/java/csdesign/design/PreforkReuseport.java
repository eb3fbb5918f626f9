// SPDX-License-Identifier: MIT
package csdesign.design;

import csdesign.cost.Console;
import csdesign.drive.BlockingDriver;
import csdesign.kit.Server;
import csdesign.listen.Acceptor;
import csdesign.listen.ListeningSocket;
import csdesign.process.Worker;
import csdesign.process.Workers;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// **Prefork reuseport: each worker has a listening socket of its own, on one port.**
///
/// ```text
///                         +--> [listening socket 0] --> worker 0: accept | read | serve ... close
///   clients ==> kernel: hash of addresses and ports
///                         +--> [listening socket 1] --> worker 1: accept | read | serve ... close
/// ```
///
/// **What** With SO_REUSEPORT several sockets listen on one port. The kernel gives each
/// new connection to one of them, by a hash of its addresses and ports, before any worker
/// accepts.
///
/// **Why** Workers with one socket take from one queue, under one lock. Workers with a
/// socket each share nothing.
///
/// **Cost** As prefork-accept. What fails first is fairness, because the hash does not
/// know which worker is busy. A connection that falls to a busy worker waits in that
/// worker's queue while the next worker is idle.
///
/// **When** Very many short connections, and workers that never block for long. Do not
/// use it where one client may occupy its worker, as here: a part of the other clients
/// waits behind that client.
///
/// **In Java** The JDK sets SO_REUSEPORT too. The parent makes all sockets and keeps
/// them, because closing one would reset the clients in its queue (unless
/// net.ipv4.tcp_migrate_req is 1, which moves them to another socket). So a worker that
/// dies loses the client it was serving, and no queue: its replacement takes over the
/// socket and the clients that wait there.
///
/// **Look for** a distribution at Ctrl-C like that of dice; with as many clients that
/// stay as there are workers, some clients without an answer while workers are idle; a
/// p99 above prefork-accept's.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/design/PreforkReuseport.java 2000`
///
/// @see <a href="https://man7.org/linux/man-pages/man7/socket.7.html">socket(7), SO_REUSEPORT</a>
public final class PreforkReuseport {
    private PreforkReuseport() {}

    /// What it is: see [Catalog].
    static final Design DESIGN = new Design(
            "prefork-reuseport",
            Design.Family.PROCESSES, Design.ServedBy.POOL_OF_PROCESSES, Design.Needs.LINUX,
            "a listening socket for each of N processes",
            "the kernel shards blindly: an idle worker beside a full queue",
            PreforkReuseport::serve).withWork(PreforkReuseport::work);

    /// Serves with all defaults until Ctrl-C; or is one of the workers.
    ///
    /// @param arguments the port, or nothing for 2000
    public static void main(String... arguments) {
        Design.main(DESIGN, arguments);
    }

    /// The parent: see [Design.Serve].
    ///
    /// @param server where to listen, what to say, and the limits
    /// @throws IOException when it cannot begin
    public static void serve(Server server) throws IOException {
        List<ListeningSocket> listeners = new ArrayList<>();
        try {
            openAll(server, listeners);
            try (Workers workers = Workers.start(
                    server,
                    PreforkReuseport.class,
                    i -> new int[] {listeners.get(i).fd()})) {
                workers.awaitReady();
                Console.announce(server, listeners.getFirst().port());
                workers.keep(); // until the stop
                listeners.forEach(ListeningSocket::shut);
                workers.stop();
            }
        } finally {
            listeners.forEach(ListeningSocket::close);
        }
    }

    /// A worker: a process of its own, with its listening socket as its first descriptor.
    static void work(Worker worker) throws IOException {
        try (Acceptor acceptor = new Acceptor(worker.fd(0), worker.server());
                BlockingDriver driver = new BlockingDriver(worker.server())) {
            worker.ready();
            loop(worker, acceptor, driver);
        }
    }

    // @start region="loop"
    /// The parent, before it starts a worker. A replacement gets the same socket.
    private static void openAll(Server server, List<ListeningSocket> listeners)
            throws IOException {
        int port = 0; // for the first socket: the port that the server was told
        for (int i = 0; i < server.workers(); i++) {
            listeners.add(ListeningSocket.openReusePort(server, port)); // 1
            port = listeners.getFirst().port();
        }
    }

    private static void loop(Worker worker, Acceptor acceptor, BlockingDriver driver) {
        for (int client; (client = acceptor.accept()) != Acceptor.NONE;) { // 2
            driver.serve(client, worker.row()); // 3
        }
    }
    // @end
}
