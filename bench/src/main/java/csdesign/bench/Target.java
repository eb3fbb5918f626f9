// SPDX-License-Identifier: MIT
package csdesign.bench;

import csdesign.design.Design;
import csdesign.peers.CReference;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;

/// A server that is measured.
///
/// @param name its slug
/// @param kind whose server it is
/// @param warmups how many times as long as `--warmup` it is warmed: a pool of processes is as many
///     JVMs, and each compiles its code for itself, with its share of the requests
/// @param mostClients how many clients it is asked by at most; for most designs there is no limit
/// @param windows how many times as long as `--duration` its windows are
/// @param command how it is started, for the report: without the paths of this machine
/// @param launch starts it
public record Target(
        String name,
        Kind kind,
        int warmups,
        int mostClients,
        int windows,
        String command,
        Launch launch) {
    /// No limit.
    static final int ANY = Integer.MAX_VALUE;

    /// Where each client is a JVM that must start first: as many as are started at once, on one
    /// core, take longer than a window of a second.
    private static final int WINDOWS_OF_JVMS = 5;

    /// The option of a design that starts a process for each client.
    private static final String MAX_CHILDREN = "--max-children";

    /// The most warm-ups of a pool. For more there is `--warmup`.
    private static final int MOST_WARMUPS = 4;

    /// Whose server it is.
    public enum Kind {
        /// One of the catalog.
        DESIGN,
        /// Of other people, or the reference.
        PEER
    }

    /// Starts a server.
    @FunctionalInterface
    interface Launch {
        /// Starts it, and waits until it accepts.
        ServerProcess start(BenchProcesses processes, Cpus cpus)
                throws IOException, InterruptedException;
    }

    /// What it is asked of a workload.
    ///
    /// @param workload of the plan
    /// @return the same, with no more clients than it takes
    Workload suited(Workload workload) {
        return workload.withClients(Math.min(workload.clients(), mostClients));
    }

    /// A design of the catalog.
    ///
    /// @param design of the catalog
    /// @param workers how many a pool has
    /// @param programs how csdesign is started
    /// @return the design as a server process
    public static Target design(Design design, int workers, Programs programs) {
        String slug = design.slug();
        boolean processes = design.servedBy() == Design.ServedBy.POOL_OF_PROCESSES;
        boolean startsJvms = design.servedBy() == Design.ServedBy.JVM_PER_CLIENT;
        return new Target(
                slug,
                Kind.DESIGN,
                processes ? Math.min(workers, MOST_WARMUPS) : 1,
                startsJvms ? startedAtOnce(design) : ANY,
                startsJvms ? WINDOWS_OF_JVMS : 1,
                Stream.of(
                        List.of("java"),
                        Programs.FLAGS,
                        List.of("-jar", "csdesign.jar"),
                        Programs.serve(slug, workers))
                        .flatMap(List::stream)
                        .reduce((some, more) -> some + " " + more)
                        .orElseThrow(),
                program(slug, Kind.DESIGN, workers, programs.server(slug, workers)));
    }

    /// More clients than start at once would be served in the next window.
    private static int startedAtOnce(Design design) {
        return (int) design.option(MAX_CHILDREN).orElseThrow().byDefault();
    }

    /// The C reference. It is compiled for each start and its file removed when it runs, so that
    /// nothing is left behind whatever ends the bench.
    ///
    /// @return the peer
    public static Target cReference() {
        return new Target(
                CReference.NAME,
                Kind.PEER,
                1,
                ANY,
                1,
                String.join(" ", CReference.COMPILER) + " epoll.c, run with port 0",
                (processes, cpus) -> {
                    try (CReference.Program program = CReference.compile()) {
                        return program(
                                CReference.NAME,
                                Kind.PEER,
                                0,
                                List.of(program.file().toString(), "0")).start(processes, cpus);
                    }
                });
    }

    /// Anything that says where it listens and takes the line `cost`.
    static Launch program(String name, Kind kind, int workers, List<String> command) {
        return (processes, cpus) -> {
            long startNanos = System.nanoTime();
            BenchProcess process = processes.start(name, command, cpus);
            try {
                return ServerProcess.listening(process, kind, workers, startNanos);
            } catch (BenchException e) {
                processes.end(process);
                throw e;
            }
        };
    }
}
