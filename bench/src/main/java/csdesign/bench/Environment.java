// SPDX-License-Identifier: MIT
package csdesign.bench;

import csdesign.evidence.Machine;
import csdesign.kit.Nullable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// Where a bench ran.
///
/// @param commit of the sources, by git; null when they are not in a repository
/// @param dirty whether the sources differed from that commit; null when there is none
/// @param kernel name and release
/// @param cpu the processor's model
/// @param processors how many this process may use
/// @param jdk of all JVMs
/// @param cCompiler the first line that it says of itself; null when no peer needed it
public record Environment(
        @Nullable String commit,
        @Nullable Boolean dirty,
        String kernel,
        String cpu,
        int processors,
        String jdk,
        @Nullable String cCompiler) {
    private static final long GIT_SECONDS = 5;

    /// Of this process.
    ///
    /// @param code where its jar or classes are
    /// @param cCompiler when a peer needs it
    /// @return what this system tells
    /// @throws InterruptedException when the thread shall end
    public static Environment here(Path code, Optional<String> cCompiler)
            throws InterruptedException {
        Optional<String> commit = head(code);
        Optional<String> changes = commit.isEmpty()
                ? Optional.empty()
                : git(code, "status", "--porcelain");
        Machine machine = Machine.here();
        return new Environment(
                commit.orElse(null),
                changes.map(text -> !text.isEmpty()).orElse(null),
                machine.kernel(),
                machine.cpu(),
                machine.processors(),
                machine.jdk() + " (" + System.getProperty("java.vendor") + ")",
                cCompiler.orElse(null));
    }

    /// In one line, for the report.
    ///
    /// @return without a line end
    String words() {
        return kernel + ", " + cpu + ", " + processors + " CPUs, " + jdk
                + (commit == null
                        ? ""
                        : ", commit " + commit.substring(0, Math.min(10, commit.length()))
                                + (Boolean.TRUE.equals(dirty) ? " and changes" : ""));
    }

    /// Only of a repository that holds the designs: the jar may lie in somebody else's.
    private static Optional<String> head(Path code) throws InterruptedException {
        Optional<String> top = git(code, "rev-parse", "--show-toplevel");
        if (top.isEmpty()
                || !Files.exists(Path.of(top.get(), "core/src/main/java/csdesign/design"))) {
            return Optional.empty();
        }
        return git(code, "rev-parse", "HEAD");
    }

    private static Optional<String> git(Path code, String... arguments)
            throws InterruptedException {
        Path folder = Files.isDirectory(code) ? code : code.toAbsolutePath().getParent();
        List<String> command = new ArrayList<>(List.of("git", "-C", String.valueOf(folder)));
        command.addAll(List.of(arguments));
        Process process;
        try {
            process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
        } catch (IOException absent) {
            return Optional.empty();
        }
        try {
            String text = new String(
                    process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            boolean ended = process.waitFor(GIT_SECONDS, TimeUnit.SECONDS);
            return ended && process.exitValue() == 0 ? Optional.of(text.strip()) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        } finally {
            process.destroyForcibly();
        }
    }
}
