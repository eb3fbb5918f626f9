// SPDX-License-Identifier: MIT
package csdesign.kit;

import csdesign.range.Range;
import csdesign.service.Bytes;
import csdesign.service.Service;
import csdesign.service.Services;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Iterator;
import java.util.List;

/// What a design is given to serve with.
///
/// @param slug the design's name, as in the catalog
/// @param address where to listen; port 0 lets the kernel choose
/// @param workers [#WORKERS]: how many processes or threads the pool designs start
/// @param exclusive `--exclusive`: where many wait in epoll for one listening socket,
///     whether one is woken and not all of them
/// @param control `--control`: whether the server takes commands from standard input
/// @param limits a limit on everything
/// @param service what is said on the wire
/// @param scoreboard who did what
/// @param stop the request to stop, once there is one
/// @param out where the one line is printed that says it accepts
public record Server(
        String slug,
        InetSocketAddress address,
        int workers,
        boolean exclusive,
        boolean control,
        Limits limits,
        Service service,
        Scoreboard scoreboard,
        Stop stop,
        PrintStream out) {

    /// The port of the original.
    public static final int DEFAULT_PORT = 2000;

    /// The workers of the original.
    public static final int DEFAULT_WORKERS = 10;

    /// `--port`; 0 lets the kernel choose.
    public static final Range PORT = Range.of("--port", 0, 65_535);

    /// `--workers`. More than 256 processes help no machine that this is run on.
    public static final Range WORKERS = Range.of("--workers", 1, 256);

    /// Rejects what is out of its range.
    public Server {
        WORKERS.check(workers);
    }

    /// A server with all defaults, on 127.0.0.1.
    ///
    /// @param slug the design's name
    /// @param port 0 to 65,535
    /// @param scoreboard as the design needs it
    /// @return the server
    public static Server local(String slug, int port, Scoreboard scoreboard) {
        return new Server(
                slug,
                new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port),
                DEFAULT_WORKERS,
                false,
                false,
                Limits.DEFAULT,
                new Bytes(Bytes.Options.DEFAULT),
                scoreboard,
                new Stop(Limits.DEFAULT.graceMillis()),
                System.out);
    }

    /// The same server as another process can be told of it: all but the scoreboard,
    /// which travels as a descriptor.
    ///
    /// @return arguments for [#of]
    public List<String> words() {
        return List.of(
                slug,
                address.getAddress().getHostAddress(),
                "" + address.getPort(),
                "" + workers,
                "" + exclusive,
                "" + control,
                "" + limits.backlog(),
                "" + limits.maxConnections(),
                "" + limits.idleMillis(),
                "" + limits.requestMillis(),
                "" + limits.graceMillis(),
                "" + limits.maxChildren(),
                "" + limits.queue(),
                service.words());
    }

    /// The server that another process told of.
    ///
    /// @param words from [#words]
    /// @param scoreboard attached to
    /// @return the server, with a stop of its own
    public static Server of(List<String> words, Scoreboard scoreboard) {
        Iterator<String> word = words.iterator();
        String slug = word.next();
        InetAddress host = InetAddress.ofLiteral(word.next());
        InetSocketAddress address = new InetSocketAddress(host, Integer.parseInt(word.next()));
        int workers = Integer.parseInt(word.next());
        boolean exclusive = Boolean.parseBoolean(word.next());
        boolean control = Boolean.parseBoolean(word.next());
        Limits limits = new Limits(
                Integer.parseInt(word.next()),
                Integer.parseInt(word.next()),
                Long.parseLong(word.next()),
                Long.parseLong(word.next()),
                Long.parseLong(word.next()),
                Integer.parseInt(word.next()),
                Integer.parseInt(word.next()));
        return new Server(
                slug,
                address,
                workers,
                exclusive,
                control,
                limits,
                Services.of(word.next()),
                scoreboard,
                new Stop(limits.graceMillis()),
                System.out);
    }

    /// A copy of this server for warm-up: its scoreboard is thrown away, and its stop
    /// stops nothing else.
    ///
    /// @param other what is said on the wire
    /// @return the same in all else
    public Server with(Service other) {
        return new Server(slug, address, workers, exclusive, control, limits, other,
                Scoreboard.create(1), new Stop(limits.graceMillis()), out);
    }

    /// The same server, with a stop that others decide.
    ///
    /// @param other in place of its own
    /// @return the same in all else
    public Server stoppedBy(Stop other) {
        return new Server(slug, address, workers, exclusive, control, limits, service,
                scoreboard, other, out);
    }
}
