// SPDX-License-Identifier: MIT
package csdesign.peers;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// The epoll server in C that makes the same system calls as the design `epoll`.
///
/// Its source is in the jar and is compiled on the machine where it runs, because a program that
/// was compiled elsewhere tells nothing about this machine's compiler.
public final class CReference {
    /// Its name in reports.
    public static final String NAME = "c-epoll";

    /// What compiles it, without the names of the files.
    public static final List<String> COMPILER = List.of("cc", "-O2");

    private static final String SOURCE = "epoll.c";
    private static final long COMPILE_SECONDS = 60;
    private static final long VERSION_SECONDS = 10;

    private CReference() {}

    /// Looks for the C compiler.
    ///
    /// @return the first line of `cc --version`, or nothing where there is none
    /// @throws InterruptedException when the thread must end
    public static Optional<String> compiler() throws InterruptedException {
        try {
            String said = run(List.of(COMPILER.getFirst(), "--version"), VERSION_SECONDS);
            return said.lines().findFirst();
        } catch (IOException absent) {
            return Optional.empty();
        }
    }

    /// Compiles it into a folder of its own.
    ///
    /// @return the program; closing it removes the folder, and a process that runs it goes on
    /// @throws IOException when it cannot be compiled, with what the compiler said
    /// @throws InterruptedException when the thread must end; no folder is left
    public static Program compile() throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("csdesign-peer-");
        Program program = new Program(folder);
        program.removeAtExit();
        boolean done = false;
        try (InputStream source = Objects
                .requireNonNull(CReference.class.getResourceAsStream(SOURCE))) {
            Files.copy(source, program.source());
            run(
                    List.of(
                            COMPILER.get(0),
                            COMPILER.get(1),
                            "-o",
                            program.file().toString(),
                            program.source().toString()),
                    COMPILE_SECONDS);
            done = true;
        } finally {
            if (!done) {
                program.close();
            }
        }
        return program;
    }

    /// The compiled program, for as long as it takes to start it.
    public static final class Program implements AutoCloseable {
        private final Path folder;

        private Program(Path folder) {
            this.folder = folder;
        }

        /// The file to run, with a port as its argument; 0 lets the kernel choose.
        ///
        /// @return the path of the program
        public Path file() {
            return folder.resolve(NAME);
        }

        private Path source() {
            return folder.resolve(SOURCE);
        }

        /// Ctrl-C ends the JVM without running any `finally`. What is named last is removed first.
        private void removeAtExit() {
            folder.toFile().deleteOnExit();
            source().toFile().deleteOnExit();
            file().toFile().deleteOnExit();
        }

        /// Removes the folder.
        ///
        /// @throws IOException when it cannot be removed
        @Override
        public void close() throws IOException {
            Files.deleteIfExists(file());
            Files.deleteIfExists(source());
            Files.deleteIfExists(folder);
        }
    }

    /// Runs a command to its end.
    private static String run(List<String> command, long timeoutSeconds)
            throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try {
            process.getOutputStream().close();
            // The compiler's messages fit in a pipe, so waiting before reading cannot block it for
            // long; when they do not, the timeout ends it.
            if (!process.waitFor(timeoutSeconds, TimeUnit.SECONDS)) {
                throw new IOException(
                        command.getFirst() + " did not end within " + timeoutSeconds + " s");
            }
            String said = new String(
                    process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.exitValue() != 0) {
                throw new IOException(
                        String.join(" ", command) + ": exit code " + process.exitValue() + ": "
                                + said.strip());
            }
            return said;
        } finally {
            process.destroyForcibly();
        }
    }
}
