// SPDX-License-Identifier: MIT
package csdesign.bench;

import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarFile;

/// How csdesign is started as a process to measure or to be measured: by the same JVM, and from the
/// same jar or classes, as this one.
public final class Programs {
    /// The flags of every JVM that measures or is measured. One collector and one heap for all, so
    /// that designs differ by their design; the serial one has no threads of its own that would
    /// count as the design's. A young generation that stays in the cache and is soon touched
    /// whole: or a server that makes little garbage pays a page fault for each new page, for as
    /// long as it is measured. No file of counters that a thread writes to the disk. Native access
    /// for the designs that call the kernel.
    public static final List<String> FLAGS = List.of(
            "-XX:+UseSerialGC",
            "-XX:-UsePerfData",
            "-Xmx1g",
            "-Xmn16m",
            "--enable-native-access=ALL-UNNAMED");

    private static final String MAIN_CLASS = "csdesign.cli.Main";

    private final List<String> start;
    private final Path code;

    private Programs(List<String> start, Path code) {
        this.start = List.copyOf(start);
        this.code = code;
    }

    /// Finds it: the jar that the system property `csdesign.jar` names, or the jar that this class
    /// came from, or the class path.
    ///
    /// @return how to start it
    /// @throws IOException when the jar cannot be read
    public static Programs find() throws IOException {
        String named = System.getProperty("csdesign.jar");
        Path code = named == null ? codeSource() : Path.of(named);
        List<String> start = new ArrayList<>();
        start.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        start.addAll(FLAGS);
        start.addAll(archive());
        if (isProgram(code)) {
            start.addAll(List.of("-jar", code.toString()));
        } else if (named != null) {
            throw new IOException("csdesign.jar is " + named + ": no jar of csdesign");
        } else {
            start.addAll(
                    List.of(
                            "-cp",
                            System.getProperty("java.class.path", "."),
                            MAIN_CLASS));
        }
        return new Programs(start, code);
    }

    /// The launcher's archive of classes, where this JVM was started with it: whoever starts many
    /// JVMs does so in half the time. What is measured after the start is the same.
    private static List<String> archive() {
        return ManagementFactory.getRuntimeMXBean()
                .getInputArguments()
                .stream()
                .filter(flag -> flag.startsWith("-XX:SharedArchiveFile=")
                        || flag.startsWith("-Xshare:")
                        || flag.startsWith("-Xlog:"))
                .toList();
    }

    private static Path codeSource() {
        CodeSource source = Programs.class.getProtectionDomain().getCodeSource();
        try {
            return source == null ? Path.of(".") : Path.of(source.getLocation().toURI());
        } catch (URISyntaxException e) {
            return Path.of(".");
        }
    }

    private static boolean isProgram(Path code) throws IOException {
        if (!Files.isRegularFile(code)) {
            return false;
        }
        try (JarFile jar = new JarFile(new File(code.toString()))) {
            return jar.getEntry(MAIN_CLASS.replace('.', '/') + ".class") != null;
        }
    }

    /// Where the code is.
    ///
    /// @return a jar, or a folder of classes
    public Path code() {
        return code;
    }

    /// The client as an agent.
    ///
    /// @return a command
    public List<String> agent() {
        return command(List.of("client", "--agent"));
    }

    /// A design as a server that is controlled, on a port that the kernel chooses.
    ///
    /// @param slug as in the catalog
    /// @param workers `-n`
    /// @return a command
    public List<String> server(String slug, int workers) {
        return command(serve(slug, workers));
    }

    /// The part of it that a user would type.
    static List<String> serve(String slug, int workers) {
        return List.of("serve", slug, "-p", "0", "-n", Integer.toString(workers), "--control");
    }

    private List<String> command(List<String> arguments) {
        List<String> command = new ArrayList<>(start);
        command.addAll(arguments);
        return command;
    }
}
