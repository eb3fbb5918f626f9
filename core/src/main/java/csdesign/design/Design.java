// SPDX-License-Identifier: MIT
package csdesign.design;

import csdesign.cost.Console;
import csdesign.fork.ForkingJvm;
import csdesign.kit.Nullable;
import csdesign.kit.Output;
import csdesign.kit.Scoreboard;
import csdesign.kit.Server;
import csdesign.posix.Arch;
import csdesign.process.Worker;
import csdesign.range.Option;
import csdesign.range.Range;
import csdesign.range.Settings;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/// A way in which one server serves many clients: what it is, and the `main` of its file.
///
/// Each design file has one of these as its constant `DESIGN`, and [Catalog] lists them.
/// The command line, the bench, the tests, the pages, and the file when it runs by itself
/// all take from it what they must know.
///
/// @param slug its name on the command line, of its page and in reports; its file has the
///     same name in camel case
/// @param family its mechanism
/// @param servedBy who serves a client, and so what `-n` means and who writes the
///     scoreboard
/// @param needs on what it runs
/// @param technique what it does, in one line
/// @param teaches what it shows, in one line
/// @param serve what the JVM does that was started
/// @param work what a process does that this one starts; null where it starts none
/// @param forking what the JVM does that may fork; null where none forks
/// @param options what it can be given, and other designs cannot
public record Design(
        String slug,
        Family family,
        ServedBy servedBy,
        Needs needs,
        String technique,
        String teaches,
        Serve serve,
        Worker.@Nullable Work work,
        @Nullable Serve forking,
        List<Option> options) {
    /// What a design's mechanism is.
    public enum Family {
        /// One client at a time.
        BASELINE,
        /// A process for each client, or a pool of them.
        PROCESSES,
        /// A thread for each client, or a pool of them.
        THREADS,
        /// One thread, and the kernel says which sockets are ready.
        READINESS
    }

    /// What serves a client: a process, a thread, or the one thread of a loop.
    public enum ServedBy {
        /// The one thread that there is.
        ONE_THREAD,
        /// A thread that was started for this client.
        THREAD_PER_CLIENT,
        /// One of `-n` threads, each with one client at a time.
        POOL_OF_THREADS,
        /// One of `-n` processes, each with one client at a time.
        POOL_OF_PROCESSES,
        /// A copy of the process, made for this client.
        FORK_PER_CLIENT,
        /// A JVM that was started for this client.
        JVM_PER_CLIENT;

        /// Whether `-n` workers serve.
        ///
        /// @return false where `-n` has no meaning
        public boolean isPool() {
            return this == POOL_OF_THREADS || this == POOL_OF_PROCESSES;
        }

        /// Whether other processes than the one that was started serve, so that what they
        /// count must be in shared memory.
        ///
        /// @return false for threads
        public boolean areProcesses() {
            return this == POOL_OF_PROCESSES || isProcessPerClient();
        }

        /// Whether each client has a process, started for it.
        ///
        /// @return false for a pool
        public boolean isProcessPerClient() {
            return this == FORK_PER_CLIENT || this == JVM_PER_CLIENT;
        }
    }

    /// On what a design runs. A design with a need of its own, such as one system call of
    /// newer kernels, declares it in its file.
    ///
    /// @param words the need, for a column of a table
    /// @param lack looks whether this machine has it
    public record Needs(String words, Lack lack) {
        /// Any system with a JDK.
        public static final Needs JDK = new Needs("any system", Optional::empty);

        /// Linux on x86-64 or aarch64, because the design makes system calls by FFM.
        public static final Needs LINUX = new Needs("Linux", Needs::notLinux);

        /// Looks for what is missing. This is done only when the answer is needed,
        /// because it may make system calls.
        @FunctionalInterface
        public interface Lack {
            /// Looks.
            ///
            /// @return what is missing here, and what helps, as the end of a sentence;
            ///     nothing where the design runs
            Optional<String> here();
        }

        /// Whether this machine has it.
        ///
        /// @return whether a design with this need runs here
        public boolean areMetHere() {
            return lack.here().isEmpty();
        }

        private static Optional<String> notLinux() {
            return Arch.isSupported()
                    ? Optional.empty()
                    : Optional.of("this is " + System.getProperty("os.name") + " on "
                            + System.getProperty("os.arch"));
        }
    }

    /// What a process of a design does.
    @FunctionalInterface
    public interface Serve {
        /// Serves until the server has been told to stop and the answers in flight are
        /// sent, or until the grace is over.
        ///
        /// @param server where to listen, what to say, and the limits
        /// @throws IOException when it cannot begin, or its own descriptors fail it;
        ///     never because of a client
        void serve(Server server) throws IOException;
    }

    /// Keeps a copy of the options.
    public Design {
        options = List.copyOf(options);
    }

    /// A design that starts no process, and has no option of its own.
    ///
    /// @param slug its name
    /// @param family its mechanism
    /// @param servedBy who serves a client
    /// @param needs on what it runs
    /// @param technique what it does, in one line
    /// @param teaches what it shows, in one line
    /// @param serve what serves
    public Design(
            String slug,
            Family family,
            ServedBy servedBy,
            Needs needs,
            String technique,
            String teaches,
            Serve serve) {
        this(slug, family, servedBy, needs, technique, teaches, serve, null, null, List.of());
    }

    /// The same design, whose processes are started through the `main` of its file.
    ///
    /// @param other what each of them does
    /// @return the design
    public Design withWork(Worker.Work other) {
        return new Design(slug, family, servedBy, needs, technique, teaches, serve, other, forking,
                options);
    }

    /// The same design, whose JVM becomes one that may fork, through the `main` of its
    /// file.
    ///
    /// @param other what that JVM does
    /// @return the design
    public Design withForking(Serve other) {
        return new Design(slug, family, servedBy, needs, technique, teaches, serve, work, other,
                options);
    }

    /// The same design with options of its own.
    ///
    /// @param own what it can be given, and other designs cannot
    /// @return the design
    public Design withOptions(Option... own) {
        return new Design(slug, family, servedBy, needs, technique, teaches, serve, work, forking,
                List.of(own));
    }

    /// The name of its file, in the folder of this package.
    ///
    /// @return for example `ForkPerClient.java`
    public String file() {
        return Arrays.stream(slug.split("-", -1))
                .map(word -> word.substring(0, 1).toUpperCase(Locale.ROOT) + word.substring(1))
                .collect(Collectors.joining("", "", ".java"));
    }

    /// Finds an option of its own.
    ///
    /// @param name for example `--queue`
    /// @return the option, or nothing where the design has none of that name
    public Optional<Option> option(String name) {
        return options.stream().filter(option -> option.names().contains(name)).findFirst();
    }

    /// A scoreboard as this design needs it.
    ///
    /// @param workers `-n`
    /// @return a row for each worker of a pool, one row for any other; shared where
    ///     processes write it
    /// @throws IOException when it cannot be shared
    public Scoreboard scoreboard(int workers) throws IOException {
        int rows = servedBy.isPool() ? workers : 1;
        return servedBy.areProcesses() ? Scoreboard.shared(rows) : Scoreboard.create(rows);
    }

    /// Serves until SIGINT, SIGTERM or SIGHUP, then says who did what and what it cost.
    ///
    /// @param wished the server; it gets the scoreboard that the design needs
    /// @return the exit code: see [Console#report]
    /// @throws IOException when the design cannot serve, or could not go on
    public int run(Server wished) throws IOException {
        Optional<String> lack = needs.lack().here();
        if (lack.isPresent()) {
            throw new UnsupportedOperationException(
                    slug + " needs " + needs.words() + "; " + lack.get()
                            + ". `csdesign designs` lists those that run here");
        }
        try {
            Server server = wished.withScoreboard(scoreboard(wished.workers()));
            server.stop().onSignals();
            server.scoreboard().row(0).ownedBy(ProcessHandle.current().pid());
            serve.serve(server);
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

    /// What the `main` of a design file calls, so that the file runs by itself, on
    /// 127.0.0.1, with all defaults but those that are given. The processes of the design
    /// are started through it too.
    ///
    /// @param design the file's
    /// @param arguments the port and options of the design, or nothing; or those of a
    ///     process that the design has started
    static void main(Design design, String... arguments) {
        Locale.setDefault(Locale.ROOT); // digits and points are those of the documentation
        if (design.work != null && Worker.isOne(arguments)) {
            Worker.run(design.work, design.options, arguments);
            return;
        }
        Output.watch();
        try {
            int code = design.forking != null && ForkingJvm.isOne(arguments)
                    ? fork(design, design.forking, arguments)
                    : design.run(server(design, arguments));
            int last = Output.exitCode(code); // output that was lost is an error too
            if (last != 0) {
                System.exit(last);
            }
        } catch (IllegalArgumentException e) {
            System.err.println("csdesign " + design.slug + ": " + e.getMessage());
            System.err.println("usage: " + design.slug + " [PORT]" + design.options.stream()
                    .map(option -> " " + option.usage())
                    .collect(Collectors.joining())
                    + "; `csdesign serve --help` tells more");
            System.exit(2);
        } catch (IOException | UnsupportedOperationException e) {
            System.err.println("csdesign " + design.slug + ": " + e.getMessage());
            System.exit(1);
        }
    }

    private static int fork(Design design, Serve forking, String... arguments)
            throws IOException {
        Server server = ForkingJvm.server(design.options, arguments);
        forking.serve(server);
        int code = Console.report(server);
        server.stop().throwFailure();
        return code;
    }

    /// Reads the arguments of a design file's `main`.
    ///
    /// @param design the file's
    /// @param arguments the port, if it is given, and options of the design
    /// @return the server, on port 2000 by default
    /// @throws IllegalArgumentException with a sentence for the user
    static Server server(Design design, String... arguments) {
        List<String> rest = Arrays.asList(arguments);
        int port = Server.DEFAULT_PORT;
        if (!rest.isEmpty() && !rest.getFirst().startsWith("--")) {
            Range range = Range.of("PORT", Server.PORT.least(), Server.PORT.most());
            port = range.parseInt(rest.getFirst());
            rest = rest.subList(1, rest.size());
        }
        return Server.local(design.slug, port).withSettings(Settings.parse(design.options, rest));
    }
}
