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

/// **Prefork accept: workers that were started before wait in accept(2) on one socket.**
///
/// ```text
///                               +--> worker 0: accept | read | serve | write ... close
///   clients ==> [listening socket] --> worker 1: accept | read | serve | write ... close
///                               +--> worker 2: accept | read | serve | write ... close
///                    parent: starts them, replaces the dead, stops them
/// ```
///
/// **What** The parent makes the listening socket and starts N processes that inherit it.
/// Each blocks in accept(2), serves its client to the end, and blocks again.
///
/// **Why** Starting a process for each client costs more than the answer. A process that
/// was started before costs nothing when the client comes. And a worker that dies takes
/// only one client with it.
///
/// **Cost** For each connection accept4, a last recv and close; for each request recv and
/// send, and a context switch to the worker. Memory for N processes, whether they work or
/// not. What fails first is N: when all N have a client, even an idle one, the next
/// client waits.
///
/// **When** Code that may crash or leak, and that serves one client at a time on each
/// core or in each blocking call. Do not use it for clients that stay connected.
///
/// **In Java** A JVM cannot safely go on after fork(2), because its other threads do not
/// exist in the child. So the workers are spawned, and inherit the listening socket as a
/// descriptor. They call accept through FFM, because the JDK's own accept holds a lock.
///
/// **Look for** the same number for every worker at Ctrl-C when connections came one by
/// one. The kernel wakes one waiter for each connection, the one that has waited longest;
/// that all children wake up is no longer true. Under load the numbers are only roughly
/// even, because a worker that comes back while a client waits takes it without sleeping.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/design/PreforkAccept.java 2000`
///
/// @see "UNP 3e, chapter 30"
/// @see <a href="https://man7.org/linux/man-pages/man2/accept.2.html">accept(2)</a>
public final class PreforkAccept {
    private PreforkAccept() {}

    /// What it is: see [Catalog].
    static final Design DESIGN = new Design(
            "prefork-accept",
            Design.Family.PROCESSES, Design.ServedBy.POOL_OF_PROCESSES, Design.Needs.LINUX,
            "N processes wait in accept(2) on one socket",
            "who is woken: one, and the one that waited longest",
            PreforkAccept::serve).withWork(PreforkAccept::work);

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
        try (ListeningSocket listener = ListeningSocket.openBlocking(server);
                Workers workers = Workers.start(
                        server, PreforkAccept.class, _ -> new int[] {listener.fd()})) {
            workers.awaitReady();
            Console.announce(server, listener.port());
            workers.keep(); // until the stop
            listener.shut();
            workers.stop();
        }
    }

    /// A worker: a process of its own, with the listening socket as its first descriptor.
    static void work(Worker worker) throws IOException {
        try (Acceptor acceptor = new Acceptor(worker.fd(0), worker.server());
                BlockingDriver driver = new BlockingDriver(worker.server())) {
            worker.ready();
            loop(worker, acceptor, driver);
        }
    }

    // @start region="loop"
    private static void loop(Worker worker, Acceptor acceptor, BlockingDriver driver) {
        for (int client; (client = acceptor.accept()) != Acceptor.NONE;) { // 1
            driver.serve(client, worker.row()); // 2
        }
    }
    // @end
}
