// SPDX-License-Identifier: MIT
package csdesign.kit;

import csdesign.range.NamedWords;
import csdesign.range.Option;
import csdesign.range.Range;
import csdesign.range.Settings;
import csdesign.service.Bytes;
import csdesign.service.Service;
import csdesign.service.Services;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;

/// What a design is given to serve with. It begins as [#local], and is changed by its
/// `with` methods, which name what they change.
///
/// @param slug the design's name, as in the catalog
/// @param address where to listen; port 0 lets the kernel choose
/// @param workers [#WORKERS]: how many processes or threads the pool designs start
/// @param control `--control`: whether the server takes commands from standard input
/// @param limits a limit on everything
/// @param settings the values of the design's own options
/// @param service what is said on the wire
/// @param scoreboard who did what
/// @param stop the request to stop, once there is one
/// @param out where the one line is printed that says it accepts
/// @param listener told the port, once, from the moment that the server accepts
public record Server(
        String slug,
        InetSocketAddress address,
        int workers,
        boolean control,
        Limits limits,
        Settings settings,
        Service service,
        Scoreboard scoreboard,
        Stop stop,
        PrintStream out,
        IntConsumer listener) {

    /// The port of the original.
    public static final int DEFAULT_PORT = 2000;

    /// The workers of the original.
    public static final int DEFAULT_WORKERS = 10;

    /// `--port`; 0 lets the kernel choose.
    public static final Range PORT = Range.of("--port", 0, 65_535);

    /// `--workers`. More than 256 processes help no machine that this is run on.
    public static final Range WORKERS = Range.of("--workers", 1, 256);

    // What another process is told beside what has a Range.
    private static final String DESIGN = "--design";
    private static final String HOST = "--host";
    private static final String CONTROL = "--control";

    /// Rejects what is out of its range.
    public Server {
        WORKERS.check(workers);
    }

    /// A server with all defaults, on 127.0.0.1, with a scoreboard of one row.
    ///
    /// @param slug the design's name
    /// @param port 0 to 65,535
    /// @return the server
    public static Server local(String slug, int port) {
        return new Server(
                slug,
                new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port),
                DEFAULT_WORKERS,
                false,
                Limits.DEFAULT,
                Settings.DEFAULT,
                new Bytes(Bytes.Options.DEFAULT),
                Scoreboard.create(1),
                new Stop(Limits.DEFAULT.graceMillis()),
                System.out,
                _ -> {});
    }

    /// The same server as another process can be told of it: all but the scoreboard,
    /// which travels as a descriptor, and what is this process's own.
    ///
    /// @return arguments for [#decode]
    public List<String> encode() {
        List<String> words = new ArrayList<>();
        words.add(DESIGN + "=" + slug);
        words.add(HOST + "=" + address.getAddress().getHostAddress());
        words.add(NamedWords.of(PORT, address.getPort()));
        words.add(NamedWords.of(WORKERS, workers));
        words.add(CONTROL + "=" + control);
        words.addAll(service.encode());
        words.addAll(limits.encode());
        words.addAll(settings.encode());
        return words;
    }

    /// The server that another process told of.
    ///
    /// @param words from [#encode]
    /// @param options the design's own
    /// @param scoreboard attached to
    /// @return the server, with a stop of its own
    /// @throws IllegalArgumentException when a word is missing, unknown, or out of its
    ///     range
    public static Server decode(List<String> words, List<Option> options, Scoreboard scoreboard) {
        NamedWords told = new NamedWords(words);
        String slug = told.take(DESIGN);
        InetAddress host = InetAddress.ofLiteral(told.take(HOST));
        Limits limits = Limits.decode(told);
        return new Server(
                slug,
                new InetSocketAddress(host, told.takeInt(PORT)),
                told.takeInt(WORKERS),
                told.takeTruth(CONTROL),
                limits,
                Settings.DEFAULT,
                Services.decode(told),
                scoreboard,
                new Stop(limits.graceMillis()),
                System.out,
                _ -> {})
                .withSettings(Settings.parse(options, told.rest()));
    }

    /// A copy of this server for warm-up: its scoreboard is thrown away, and its stop
    /// stops nothing else.
    ///
    /// @param other what is said on the wire
    /// @return the same in all else
    public Server forRehearsal(Service other) {
        return withService(other)
                .withScoreboard(Scoreboard.create(1))
                .withStop(new Stop(limits.graceMillis()));
    }

    /// The same server at another address.
    ///
    /// @param other where to listen
    /// @return the same in all else
    public Server withAddress(InetSocketAddress other) {
        return new Server(slug, other, workers, control, limits, settings, service, scoreboard,
                stop, out, listener);
    }

    /// The same server with another number of workers.
    ///
    /// @param other [#WORKERS]
    /// @return the same in all else
    public Server withWorkers(int other) {
        return new Server(slug, address, other, control, limits, settings, service, scoreboard,
                stop, out, listener);
    }

    /// The same server, which takes commands or does not.
    ///
    /// @param other whether it does
    /// @return the same in all else
    public Server withControl(boolean other) {
        return new Server(slug, address, workers, other, limits, settings, service, scoreboard,
                stop, out, listener);
    }

    /// The same server within other limits, and with a new stop that has their grace.
    ///
    /// @param other a limit on everything
    /// @return the same in all else
    public Server withLimits(Limits other) {
        return new Server(slug, address, workers, control, other, settings, service, scoreboard,
                new Stop(other.graceMillis()), out, listener);
    }

    /// The same server with other values of the design's own options.
    ///
    /// @param other the values
    /// @return the same in all else
    public Server withSettings(Settings other) {
        return new Server(slug, address, workers, control, limits, other, service, scoreboard,
                stop, out, listener);
    }

    /// The same server with another service.
    ///
    /// @param other what is said on the wire
    /// @return the same in all else
    public Server withService(Service other) {
        return new Server(slug, address, workers, control, limits, settings, other, scoreboard,
                stop, out, listener);
    }

    /// The same server that counts elsewhere.
    ///
    /// @param other in place of its own
    /// @return the same in all else
    public Server withScoreboard(Scoreboard other) {
        return new Server(slug, address, workers, control, limits, settings, service, other,
                stop, out, listener);
    }

    /// The same server with a stop that others decide.
    ///
    /// @param other in place of its own
    /// @return the same in all else
    public Server withStop(Stop other) {
        return new Server(slug, address, workers, control, limits, settings, service, scoreboard,
                other, out, listener);
    }

    /// The same server that prints elsewhere.
    ///
    /// @param other in place of standard output
    /// @return the same in all else
    public Server withOut(PrintStream other) {
        return new Server(slug, address, workers, control, limits, settings, service, scoreboard,
                stop, other, listener);
    }

    /// The same server that tells when it accepts: for a program that runs a design
    /// within itself, and needs the port.
    ///
    /// @param other told the port, once
    /// @return the same in all else
    public Server withListener(IntConsumer other) {
        return new Server(slug, address, workers, control, limits, settings, service, scoreboard,
                stop, out, other);
    }
}
