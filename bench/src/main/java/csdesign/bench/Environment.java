// SPDX-License-Identifier: MIT
package csdesign.bench;

import csdesign.evidence.Machine;
import csdesign.kit.Nullable;
import csdesign.spawn.JvmOptions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/// Where a bench ran.
///
/// @param commit of the sources, by git; null when they are not in a repository
/// @param dirty whether the sources differed from that commit; null when there is none
/// @param version of the program measured
/// @param jarSha256 of the jar that it was run from; null when it was run from folders of classes
/// @param kernel name and release
/// @param cpu the processor's model
/// @param processors how many this process may use
/// @param jdk of all JVMs
/// @param cCompiler the first line that it says of itself; null when no peer needed it
/// @param withheld what is set for every JVM here: those that measured or were measured ran without
/// @param inherited what is set for every program here, those that measured or were measured too
public record Environment(
        @Nullable String commit,
        @Nullable Boolean dirty,
        String version,
        @Nullable String jarSha256,
        String kernel,
        String cpu,
        int processors,
        String jdk,
        @Nullable String cCompiler,
        Map<String, String> withheld,
        Map<String, String> inherited) {
    /// What changes how a program allocates or which code it runs, of whatever language it is.
    private static final Pattern CHANGES_PROGRAMS = Pattern.compile(
            "LD_PRELOAD|LD_LIBRARY_PATH|LD_AUDIT|LD_BIND_NOW|GLIBC_TUNABLES|MALLOC_\\w*|JEMALLOC\\w*");

    private static final long GIT_SECONDS = 5;

    /// Keeps copies. Results of before these were noted have none.
    public Environment {
        withheld = withheld == null ? Map.of() : Collections.unmodifiableMap(withheld);
        inherited = inherited == null ? Map.of() : Collections.unmodifiableMap(inherited);
    }

    /// Of this process.
    ///
    /// @param code where its jar or classes are
    /// @param cCompiler when a peer needs it
    /// @return what this system tells
    /// @throws IOException when the jar cannot be read
    /// @throws InterruptedException when this thread must end
    public static Environment here(Path code, Optional<String> cCompiler)
            throws IOException, InterruptedException {
        Optional<String> commit = head(code);
        Optional<String> changes = commit.isEmpty()
                ? Optional.empty()
                : git(code, "status", "--porcelain");
        Machine machine = Machine.here();
        return new Environment(
                commit.orElse(null),
                changes.map(text -> !text.isEmpty()).orElse(null),
                implementationVersion(),
                Files.isRegularFile(code) ? sha256(code) : null,
                machine.kernel(),
                machine.cpu(),
                machine.processors(),
                machine.jdk() + " (" + System.getProperty("java.vendor") + ")",
                cCompiler.orElse(null),
                JvmOptions.here().variables(),
                changing(System.getenv()));
    }

    private static String implementationVersion() {
        String version = Environment.class.getPackage().getImplementationVersion();
        return version == null ? "unknown" : version;
    }

    private static String sha256(Path jar) throws IOException {
        try {
            return HexFormat.of()
                    .formatHex(
                            MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(jar)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    static Map<String, String> changing(Map<String, String> variables) {
        Map<String, String> found = new TreeMap<>(variables);
        found.keySet().removeIf(name -> !CHANGES_PROGRAMS.matcher(name).matches());
        return found;
    }

    /// What a reader must know of it before the figures.
    ///
    /// @return a line for each
    List<String> warnings() {
        List<String> warnings = new ArrayList<>();
        withheld.forEach(
                (name, value) -> warnings.add(
                        "warning: " + name + "=" + value + " is set for every JVM: the servers and"
                                + " the client were measured without it, each with the same flags"));
        inherited.forEach(
                (name, value) -> warnings.add(
                        "warning: " + name + "=" + value + " is set: the servers and the client"
                                + " were measured with it"));
        return warnings;
    }

    /// In one line, for the report.
    ///
    /// @return without a line end
    String words() {
        return kernel + ", " + cpu + ", " + processors + " CPUs, " + jdk
                + (commit == null
                        ? ""
                        : ", commit " + commit.substring(0, Math.min(10, commit.length()))
                                + (Boolean.TRUE.equals(dirty) ? " and changes" : ""))
                + (jarSha256 == null ? "" : ", jar " + jarSha256.substring(0, 10));
    }

    /// Only of a repository that holds the designs: the jar may lie in another one.
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
