// SPDX-License-Identifier: MIT
package csdesign.design;

import csdesign.cost.Console;
import csdesign.drive.BlockingDriver;
import csdesign.kit.Scoreboard;
import csdesign.kit.Server;
import csdesign.listen.ListeningChannel;
import java.io.IOException;
import java.nio.channels.SocketChannel;

/// **Iterative: one client at a time, to its end.**
///
/// ```text
///   clients ==> [listening socket] --accept--> read | serve | write ... close --+
///      (the others wait in the backlog)   ^-------------------------------------+
/// ```
///
/// **What** The server accepts a client, serves it until it closes, and accepts the next.
///
/// **Why** It is the baseline: every other design adds something to it, and is measured
/// against it. The difference is the price of concurrency (UNP's serv00).
///
/// **Cost** For each request read and write; for each connection accept and close; no
/// switch between threads, and no set of descriptors to keep. What fails first is
/// patience: a client that is slow, or only stays connected, holds up all others until
/// the idle timeout (60 s) ends it.
///
/// **When** Clients that ask once and leave, one after the other: a time server, a test.
/// Do not use it for clients that keep a connection open.
///
/// **In Java** A plain [java.nio.channels.SocketChannel] in blocking mode. It runs on any
/// system.
///
/// **Look for** a fraction of the thread-per-client server's CPU in the bench's
/// `connect`; one context switch per request, because the server waits for each; in
/// `keep-alive` one client of 64 that is served while 63 wait; a second `client` that
/// stands still until the first ends.
///
/// **Try** `java core/src/main/java/csdesign/design/Iterative.java 2000`
///
/// @see "UNP 3e, chapter 30"
public final class Iterative {
    private Iterative() {}

    /// What it is: see [Catalog].
    static final Design DESIGN = new Design(
            "iterative",
            Design.Family.BASELINE, Design.ServedBy.ONE_THREAD, Design.Needs.JDK,
            "one client at a time",
            "the baseline: what serving costs without concurrency",
            Iterative::serve);

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
        try (ListeningChannel listener = ListeningChannel.open(server);
                BlockingDriver driver = new BlockingDriver(server)) {
            Console.announce(server, listener.port());
            loop(listener, driver, server.scoreboard().row(0));
        }
    }

    // @start region="loop"
    private static void loop(
            ListeningChannel listener, BlockingDriver driver, Scoreboard.Row row) {
        for (SocketChannel client; (client = listener.accept()) != null;) { // 1
            driver.serve(client, row); // 2
        }
    }
    // @end
}
