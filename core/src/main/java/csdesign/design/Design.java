// SPDX-License-Identifier: MIT
package csdesign.design;

import csdesign.cost.Console;
import csdesign.fork.ForkingJvm;
import csdesign.kit.Output;
import csdesign.kit.Scoreboard;
import csdesign.kit.Server;
import csdesign.process.Worker.Work;
import csdesign.process.Worker;
import csdesign.range.Range;
import java.io.IOException;
import java.util.Locale;

/// A way in which one server serves many clients.
@FunctionalInterface
public interface Design {
    /// Serves until the server shall stop and those in flight are answered, or the grace
    /// is over.
    ///
    /// @param server where to listen, what to say, and the limits
    /// @throws IOException when it cannot begin, or its own descriptors fail it; never
    ///     because of a client
    void serve(Server server) throws IOException;

    /// Makes the scoreboard that a design needs.
    @FunctionalInterface
    interface MakeScoreboard {
        /// Makes it.
        ///
        /// @param workers how many rows
        /// @return all zeros
        /// @throws IOException when it cannot be shared
        Scoreboard of(int workers) throws IOException;
    }

    /// What the `main` of a design file calls, so that the file runs by itself: all
    /// defaults, on 127.0.0.1. The options are `csdesign serve`'s.
    ///
    /// @param slug the design's name, as in the catalog
    /// @param design the design
    /// @param arguments the port, or nothing
    static void main(String slug, Design design, String... arguments) {
        main(slug, workers -> Scoreboard.create(1), design, arguments);
    }

    /// The same for a pool of threads.
    ///
    /// @param slug the design's name, as in the catalog
    /// @param design the design
    /// @param arguments the port, or nothing
    static void mainOfThreads(String slug, Design design, String... arguments) {
        main(slug, Scoreboard::create, design, arguments);
    }

    /// The same for a pool of processes: its workers are started through this `main` too.
    ///
    /// @param slug the design's name, as in the catalog
    /// @param design what the parent does
    /// @param work what each worker does
    /// @param arguments the port, or nothing; or those of a worker
    static void mainOfProcesses(String slug, Design design, Work work, String... arguments) {
        if (Worker.isOne(arguments)) {
            Locale.setDefault(Locale.ROOT);
            Worker.run(work, arguments);
        } else {
            main(slug, Scoreboard::shared, design, arguments);
        }
    }

    /// The same for a design that forks: the program becomes a JVM that may, and that
    /// runs through this `main` too.
    ///
    /// @param slug the design's name, as in the catalog
    /// @param design what this JVM does
    /// @param forking what the JVM does that may fork
    /// @param arguments the port, or nothing; or those of [ForkingJvm]
    static void mainOfForking(String slug, Design design, Design forking, String... arguments) {
        if (!ForkingJvm.isOne(arguments)) {
            main(slug, _ -> Scoreboard.shared(1), design, arguments);
            return;
        }
        Output.watch();
        Locale.setDefault(Locale.ROOT);
        try {
            Server server = ForkingJvm.server(arguments);
            forking.serve(server);
            int code = Console.report(server);
            server.stop().throwFailure();
            exit(code);
        } catch (IOException | UnsupportedOperationException e) {
            System.err.println("csdesign " + slug + ": " + e.getMessage());
            System.exit(1);
        }
    }

    private static void main(
            String slug, MakeScoreboard scoreboard, Design design, String... arguments) {
        Output.watch();
        Locale.setDefault(Locale.ROOT); // digits and points are those of the documentation
        int port;
        try {
            port = port(arguments);
        } catch (IllegalArgumentException e) {
            System.err.println("csdesign " + slug + ": " + e.getMessage());
            System.err.println("usage: " + slug + " [PORT]");
            System.exit(2);
            return;
        }
        try {
            exit(run(
                    design,
                    () -> Server.local(slug, port, scoreboard.of(Server.DEFAULT_WORKERS))));
        } catch (IOException | UnsupportedOperationException e) {
            System.err.println("csdesign " + slug + ": " + e.getMessage());
            System.exit(1);
        }
    }

    /// Output that was lost is an error too.
    private static void exit(int code) {
        int last = Output.exitCode(code);
        if (last != 0) {
            System.exit(last);
        }
    }

    /// Reads the one argument of a design file's `main`.
    ///
    /// @param arguments the port, or nothing
    /// @return the port, 2000 by default
    /// @throws IllegalArgumentException with a sentence for the user
    static int port(String... arguments) {
        if (arguments.length > 1) {
            throw new IllegalArgumentException(
                    "takes a port and nothing else, not: " + String.join(" ", arguments));
        }
        Range range = Range.of("PORT", Server.PORT.least(), Server.PORT.most());
        return arguments.length == 0 ? Server.DEFAULT_PORT : range.parseInt(arguments[0]);
    }

    /// Makes what a design serves with.
    @FunctionalInterface
    interface MakeServer {
        /// Makes it.
        ///
        /// @return the server
        /// @throws IOException when its scoreboard cannot be shared
        Server make() throws IOException;
    }

    /// Serves until SIGINT or SIGTERM, then says who did what and what it cost.
    ///
    /// @param design the design
    /// @param make what it serves with; a shared scoreboard is made by system calls too
    /// @return the exit code: see [Console#report]
    /// @throws IOException when the design cannot serve, or could not go on
    static int run(Design design, MakeServer make) throws IOException {
        try {
            Server server = make.make();
            server.stop().onSignals();
            server.scoreboard().row(0).ownedBy(ProcessHandle.current().pid());
            design.serve(server);
            int code = Console.report(server);
            server.stop().throwFailure();
            return code;
        } catch (OutOfMemoryError limit) {
            // No thread or no heap: the JVM's words tell which.
            throw new IOException(limit.getMessage() + ". Raise the limit (ulimit -u, -Xmx), or"
                    + " lower -n", limit);
        } catch (ExceptionInInitializerError linking) {
            // No system call of this package fits here (see Native): its cause is a sentence.
            if (linking.getCause() instanceof UnsupportedOperationException sentence) {
                throw sentence;
            }
            throw linking;
        }
    }
}
