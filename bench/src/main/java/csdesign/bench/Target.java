// SPDX-License-Identifier: MIT
package csdesign.bench;

import csdesign.peers.CReference;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;

/// Who is measured.
///
/// @param name its slug
/// @param kind whose server it is
/// @param command how it is started, for the report: without the paths of this machine
/// @param launch starts it
public record Target(String name, Kind kind, String command, Launch launch) {
    /// Whose server it is.
    public enum Kind {
        /// One of the catalog.
        DESIGN,
        /// Somebody else's, or the reference.
        PEER
    }

    /// Starts a server.
    @FunctionalInterface
    interface Launch {
        /// Starts it, and waits until it accepts.
        ServerProcess start(Children children, Cpus cpus) throws IOException, InterruptedException;
    }

    /// A design of the catalog.
    ///
    /// @param slug as in the catalog
    /// @param programs how csdesign is started
    /// @return the design as a server process
    public static Target design(String slug, Programs programs) {
        return new Target(
                slug,
                Kind.DESIGN,
                Stream.of(
                        List.of("java"),
                        Programs.FLAGS,
                        List.of("-jar", "csdesign.jar", "serve", slug, "-p", "0", "--control"))
                        .flatMap(List::stream)
                        .reduce((some, more) -> some + " " + more)
                        .orElseThrow(),
                program(slug, programs.server(slug)));
    }

    /// The C reference. It is compiled for each start and its file removed when it runs, so that
    /// nothing is left behind whatever ends the bench.
    ///
    /// @return the peer
    public static Target cReference() {
        return new Target(
                CReference.NAME,
                Kind.PEER,
                String.join(" ", CReference.COMPILER) + " epoll.c, run with port 0",
                (children, cpus) -> {
                    try (CReference.Program program = CReference.compile()) {
                        return program(
                                CReference.NAME,
                                List.of(program.file().toString(), "0")).start(children, cpus);
                    }
                });
    }

    /// Anything that says where it listens and takes the line `cost`.
    static Launch program(String name, List<String> command) {
        return (children, cpus) -> {
            Child child = children.start(name, command, cpus);
            try {
                return ServerProcess.listening(child);
            } catch (BenchException e) {
                children.end(child);
                throw e;
            }
        };
    }
}
