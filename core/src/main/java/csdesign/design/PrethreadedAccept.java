// SPDX-License-Identifier: MIT
package csdesign.design;

import csdesign.cost.Console;
import csdesign.drive.BlockingDriver;
import csdesign.kit.Scoreboard;
import csdesign.kit.Server;
import csdesign.listen.Acceptor;
import csdesign.listen.ListeningSocket;
import csdesign.process.WorkerThreads;
import java.io.IOException;

/// **Prethreaded accept: threads that were started before wait in accept(2) at once.**
///
/// ```text
///                                 +--> thread 0: accept | read | serve | write ... close
///   clients ==> [listening socket] --> thread 1: accept | read | serve | write ... close
///                                 +--> thread 2: accept | read | serve | write ... close
/// ```
///
/// **What** N threads block in accept(2) on the same socket, all of them in the kernel at
/// the same time. A thread that gets a client serves it to the end and comes back.
///
/// **Why** Thread-per-client starts and ends a thread for each connection. Here the
/// threads are started before. And no connection is handed from one thread to another,
/// because each thread fetches its own.
///
/// **Cost** For each connection accept4, a last recv and close; for each request recv and
/// send, and a context switch to the thread. What fails first is N: when all N have a
/// client, even an idle one, the next client waits in the backlog.
///
/// **When** Blocking code whose clients come, ask and leave, as many at once as there are
/// threads. Do not use it for clients that stay connected.
///
/// **In Java** `ServerSocketChannel.accept` holds a lock that lets one thread in, so this
/// design calls accept4 through FFM. `Thread.interrupt` cannot end a system call made
/// through FFM. At a stop each blocked thread is sent a signal, and its accept4 returns
/// EINTR.
///
/// **Look for** an even distribution at Ctrl-C, although nothing distributes the work:
/// the kernel wakes one waiter for each connection, the one that has waited longest.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/design/PrethreadedAccept.java 2000`
///
/// @see "UNP 3e, chapter 30"
/// @see <a href="https://man7.org/linux/man-pages/man2/accept.2.html">accept(2)</a>
public final class PrethreadedAccept {
    private PrethreadedAccept() {}

    /// What it is: see [Catalog].
    static final Design DESIGN = new Design(
            "prethreaded-accept",
            Design.Family.THREADS, Design.ServedBy.POOL_OF_THREADS, Design.Needs.LINUX,
            "N threads wait in accept(2) at once",
            "threads woken one at a time: what a lock around accept adds, or not",
            PrethreadedAccept::serve);

    /// Serves with all defaults until Ctrl-C.
    ///
    /// @param arguments the port, or nothing for 2000
    public static void main(String... arguments) {
        Design.main(DESIGN, arguments);
    }

    /// The design: see [Design.Serve].
    ///
    /// @param server where to listen, what to say, and the limits
    /// @throws IOException when it cannot begin
    public static void serve(Server server) throws IOException {
        try (ListeningSocket listener = ListeningSocket.openBlocking(server);
                BlockingDriver driver = new BlockingDriver(server)) {
            int fd = listener.fd();
            WorkerThreads workers = WorkerThreads.start(server, row -> {
                try (Acceptor acceptor = new Acceptor(fd, server)) {
                    loop(acceptor, driver, row);
                }
            });
            Console.announce(server, listener.port());
            server.stop().await();
            listener.shut(); // each thread leaves when it finds the queue empty
            workers.awaitEnd();
        }
    }

    // @start region="loop"
    private static void loop(Acceptor acceptor, BlockingDriver driver, Scoreboard.Row row) {
        for (int client; (client = acceptor.accept()) != Acceptor.NONE;) { // 1
            driver.serve(client, row); // 2
        }
    }
    // @end
}
