// SPDX-License-Identifier: MIT
package csdesign.kit;

import csdesign.service.Service;
import java.io.IOException;
import java.io.PrintStream;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/// What a design is given to serve with.
///
/// @param slug the design's name, as in the catalog
/// @param address where to listen; port 0 lets the kernel choose
/// @param workers `-n`: how many processes or threads the pool designs start, 1 to 256
/// @param limits a limit on everything
/// @param service what is said on the wire
/// @param scoreboard who did what
/// @param stop the wish to stop
/// @param out where the one line is printed that says it accepts
public record Server(
        String slug,
        InetSocketAddress address,
        int workers,
        Limits limits,
        Service service,
        Scoreboard scoreboard,
        Stop stop,
        PrintStream out) {

    /// The port of the original.
    public static final int DEFAULT_PORT = 2000;

    /// The workers of the original.
    public static final int DEFAULT_WORKERS = 10;

    /// A server of one worker with all defaults.
    ///
    /// @param slug the design's name
    /// @param port 0 to 65,535, on 127.0.0.1
    /// @param service what is said on the wire
    /// @return the server
    /// @throws IOException when no scoreboard can be made
    public static Server local(String slug, int port, Service service) throws IOException {
        return new Server(
                slug,
                new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port),
                DEFAULT_WORKERS,
                Limits.DEFAULT,
                service,
                Scoreboard.create(1),
                new Stop(Limits.DEFAULT.graceMillis()),
                System.out);
    }

    /// Says that it accepts, from the moment that it does.
    ///
    /// @param port where
    public void announce(int port) {
        InetAddress host = address.getAddress();
        String name = host.getHostAddress();
        out.printf(
                "listening on %s:%d (%s, pid %d)%n",
                host instanceof Inet6Address ? "[" + name + "]" : name,
                port,
                slug,
                ProcessHandle.current().pid());
        out.flush();
    }

    /// Says at the end who did what, and what it cost.
    public void report() {
        for (int worker = 0; worker < scoreboard.workers(); worker++) {
            Scoreboard.Row row = scoreboard.row(worker);
            out.println(
                    "worker " + worker + " (pid " + row.pid() + "): " + row.accepted()
                            + " connections");
        }
        out.println(Costs.soFar(scoreboard).text());
        out.flush();
    }
}
