// SPDX-License-Identifier: MIT
package csdesign.bench;

import csdesign.spawn.JvmOptions;
import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
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
    private static final String MAIN_FILE = "csdesign/cli/Main.class";

    private final List<String> start;
    private final Path code;

    private Programs(List<String> start, Path code) {
        this.start = List.copyOf(start);
        this.code = code;
    }

    /// Finds it: the jar that the system property `csdesign.jar` names, or what this JVM was started
    /// with. A class does not know: one that comes from an archive of classes tells where its jar
    /// lay when the archive was made, which in a copied checkout is the other one.
    ///
    /// @return how to start it
    /// @throws IOException when the jar cannot be read
    public static Programs find() throws IOException {
        String named = System.getProperty("csdesign.jar");
        String classPath = System.getProperty("java.class.path", ".");
        Path code = named == null ? codeIn(classPath) : Path.of(named);
        List<String> start = new ArrayList<>();
        start.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        start.addAll(FLAGS);
        start.addAll(archive());
        if (named == null ? code.toString().equals(classPath) : isProgram(code)) {
            start.addAll(List.of("-jar", code.toString()));
        } else if (named != null) {
            throw new IOException("csdesign.jar is " + named + ": no jar of csdesign");
        } else {
            start.addAll(
                    List.of(
                            "-cp",
                            classPath,
                            MAIN_CLASS));
        }
        return new Programs(start, code);
    }

    /// The launcher's archive of classes, where this JVM was started with it: with it a
    /// JVM starts in half the time. What is measured after the start is the same.
    private static List<String> archive() {
        List<String> ofTheUser = JvmOptions.here().words();
        return ManagementFactory.getRuntimeMXBean()
                .getInputArguments()
                .stream()
                .filter(flag -> flag.startsWith("-XX:SharedArchiveFile=")
                        || flag.startsWith("-Xshare:")
                        || flag.startsWith("-Xlog:"))
                .filter(flag -> !ofTheUser.contains(flag))
                .toList();
    }

    /// The entry that the program comes from: the first one that has it.
    private static Path codeIn(String classPath) throws IOException {
        for (String entry : classPath.split(File.pathSeparator, -1)) {
            Path path = Path.of(entry.isEmpty() ? "." : entry);
            if (Files.exists(path.resolve(MAIN_FILE)) || isProgram(path)) {
                return path;
            }
        }
        return Path.of(".");
    }

    private static boolean isProgram(Path code) throws IOException {
        if (!Files.isRegularFile(code)) {
            return false;
        }
        try (JarFile jar = new JarFile(new File(code.toString()))) {
            return jar.getEntry(MAIN_FILE) != null;
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
