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
/// the same time. Who gets a client serves it to the end and comes back.
///
/// **Why** A thread for each client starts and ends one for each connection. Here that is
/// done before; and nobody hands anything over, for each fetches its own.
///
/// **Cost** Per connection accept4, a last recv and close; per request recv and send, and
/// a switch to the thread. What fails first is N: one client more waits in the backlog,
/// however idle the N are.
///
/// **When** Blocking code whose clients come, ask and leave, as many at once as there are
/// threads. Do not for clients that stay connected.
///
/// **In Java** `ServerSocketChannel.accept` holds a lock that lets one thread in, so the
/// call is by FFM. No interrupt of Java's reaches a thread in there: at the stop
/// a signal gets it out.
///
/// **Look for** an even distribution at Ctrl-C, though nobody shares out the work: the
/// kernel wakes one waiter for each connection, the one that has waited longest.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/design/PrethreadedAccept.java 2000`
///
/// @see "UNP 3e, chapter 30"
/// @see <a href="https://man7.org/linux/man-pages/man2/accept.2.html">accept(2)</a>
public final class PrethreadedAccept {
    private PrethreadedAccept() {}

    /// Serves with all defaults until Ctrl-C.
    ///
    /// @param arguments the port, or nothing for 2000
    public static void main(String... arguments) {
        Design.mainOfThreads("prethreaded-accept", PrethreadedAccept::serve, arguments);
    }

    /// The design: see [Design#serve].
    ///
    /// @param server where to listen, what to say, and the limits
    /// @throws IOException when it cannot begin
    public static void serve(Server server) throws IOException {
        try (ListeningSocket listener = ListeningSocket.openBlocking(server);
                BlockingDriver driver = new BlockingDriver(server, server.scoreboard().row(0))) {
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
