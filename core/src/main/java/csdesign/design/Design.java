// SPDX-License-Identifier: MIT
package csdesign.design;

import csdesign.kit.ForkingJvm;
import csdesign.kit.Scoreboard;
import csdesign.kit.Server;
import csdesign.kit.Worker;
import csdesign.kit.Worker.Work;
import java.io.IOException;

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
        try {
            Server server = ForkingJvm.server(arguments);
            forking.serve(server);
            server.report();
        } catch (IOException | UnsupportedOperationException e) {
            System.err.println("csdesign " + slug + ": " + e.getMessage());
            System.exit(1);
        }
    }

    private static void main(
            String slug, MakeScoreboard scoreboard, Design design, String... arguments) {
        int port;
        try {
            port = arguments.length == 0 ? Server.DEFAULT_PORT : Integer.parseInt(arguments[0]);
        } catch (NumberFormatException e) {
            port = -1;
        }
        if (arguments.length > 1 || port < 0 || port > 65_535) {
            System.err.println("usage: " + slug + " [PORT], a PORT from 0 to 65535, not "
                    + String.join(" ", arguments));
            System.exit(2);
        }
        try {
            Server server = Server
                    .local(slug, port, scoreboard.of(Server.DEFAULT_WORKERS));
            run(design, server);
        } catch (IOException | UnsupportedOperationException e) {
            System.err.println("csdesign " + slug + ": " + e.getMessage());
            System.exit(1);
        }
    }

    /// Serves until SIGINT or SIGTERM, then says who did what and what it cost.
    ///
    /// @param design the design
    /// @param server what it serves with
    /// @throws IOException when the design cannot serve
    static void run(Design design, Server server) throws IOException {
        server.stop().onSignals();
        server.scoreboard().row(0).ownedBy(ProcessHandle.current().pid());
        try {
            design.serve(server);
        } catch (ExceptionInInitializerError linking) {
            // The first system call could not be linked: its cause is a sentence for the user.
            if (linking.getCause() instanceof UnsupportedOperationException sentence) {
                throw sentence;
            }
            throw linking;
        }
        server.report();
    }
}
