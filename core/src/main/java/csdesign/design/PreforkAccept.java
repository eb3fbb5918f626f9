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
///                    parent: starts them, replaces who dies, stops them
/// ```
///
/// **What** The parent makes the listening socket and starts N processes that inherit it.
/// Each blocks in accept(2), serves its client to the end, and blocks again.
///
/// **Why** A process for each client costs more than the answer. Started before, it costs
/// nothing when the client comes. And a worker that dies takes one client with it.
///
/// **Cost** Per connection accept4, a last recv and close; per request recv and send, and
/// a switch to the worker. Memory for N processes, whether they work or not. What fails
/// first is N: one client more waits, however idle the N are.
///
/// **When** Code that may crash or leak, one client at a time for each core or blocking
/// call. Do not for clients that stay connected.
///
/// **In Java** A JVM cannot be copied by fork(2), its threads would not come along: the
/// workers are spawned, and get the listening socket at a descriptor of theirs. The call
/// is by FFM: the JDK's own accept would hold a lock.
///
/// **Look for** the same number for every worker at Ctrl-C when connections came one by
/// one: the kernel wakes one waiter for each, the one that has waited longest ("all
/// children wake up" is long untrue). Under load it is only roughly even: who comes back
/// to accept while somebody waits takes it without sleeping.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/design/PreforkAccept.java 2000`
///
/// @see "UNP 3e, chapter 30"
/// @see <a href="https://man7.org/linux/man-pages/man2/accept.2.html">accept(2)</a>
public final class PreforkAccept {
    private PreforkAccept() {}

    /// Serves with all defaults until Ctrl-C; or is one of the workers.
    ///
    /// @param arguments the port, or nothing for 2000
    public static void main(String... arguments) {
        Design.mainOfProcesses(
                "prefork-accept", PreforkAccept::serve, PreforkAccept::work, arguments);
    }

    /// The parent: see [Design#serve].
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
                BlockingDriver driver = new BlockingDriver(worker.server(), worker.row())) {
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
