// SPDX-License-Identifier: MIT
package csdesign.cost;

import csdesign.kit.Scoreboard;
import csdesign.kit.Server;
import java.net.Inet6Address;
import java.net.InetAddress;

/// What a server prints: one line when it accepts, and at its end the distribution over
/// its workers and the costs.
public final class Console {
    private Console() {}

    /// Prints that the server accepts, as soon as it does. With `--control` a thread is
    /// started that reads commands: see [Control].
    ///
    /// @param server that accepts
    /// @param port where
    public static void announce(Server server, int port) {
        announce(server, port, ProcessHandle.current().pid());
        if (server.control()) {
            Control.start(System.in, server.out(), server);
        }
    }

    /// The same for a process that must stay small and with one thread: its loop takes
    /// the commands itself.
    ///
    /// @param server that accepts
    /// @param port where
    public static void announceOnly(Server server, int port) {
        announce(server, port, server.scoreboard().row(0).pid());
    }

    private static void announce(Server server, int port, long pid) {
        InetAddress host = server.address().getAddress();
        String name = host.getHostAddress();
        // No format: it would load classes that a JVM that forks must carry from then on.
        server.out().println(
                "listening on " + (host instanceof Inet6Address ? "[" + name + "]" : name) + ":"
                        + port + " (" + server.slug() + ", pid " + pid + ")");
        server.out().flush();
        server.listener().accept(port);
    }

    /// Prints at the end how many connections each worker accepted, what the server cost,
    /// and how many connections were cut.
    ///
    /// @param server that has ended
    /// @return the exit code: 0, or 1 when the stop cut clients that were owed something
    public static int report(Server server) {
        Scoreboard scoreboard = server.scoreboard();
        for (int worker = 0; worker < scoreboard.workers(); worker++) {
            Scoreboard.Row row = scoreboard.row(worker);
            server.out().println(
                    "worker " + worker + " (pid " + row.pid() + "): " + row.accepted()
                            + " connections");
        }
        server.out().println(Costs.soFar(scoreboard).text());
        server.out().flush();
        long cut = scoreboard.cut();
        if (cut == 0) {
            return 0;
        }
        System.err.println("csdesign " + server.slug() + ": the stop cut " + cut
                + (cut == 1 ? " connection" : " connections")
                + " before all was answered: the grace was over. Raise --grace (it is "
                + server.limits().graceMillis() + " ms), and send one signal only");
        return 1;
    }
}
