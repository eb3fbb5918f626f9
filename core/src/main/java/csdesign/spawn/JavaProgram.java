// SPDX-License-Identifier: MIT
package csdesign.spawn;

import csdesign.posix.Errno;
import csdesign.posix.SysMman;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.net.URI;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/// How a design or a lab starts itself again in another process: the same JVM, the same
/// flags, the same classes. What only one process can have, a debugger's port, stays with
/// this one.
///
/// Its words are those of the system: bytes, one in each char (ISO 8859-1). A name that
/// is no text in this locale's encoding passes through as it is.
///
/// One that was started from its source file (`java Epoll.java`) has classes in memory
/// only. They are compiled once more into a jar in memory without a name, which
/// other processes open through `/proc`: there is no file to be left behind.
///
/// @param java the JVM's path
/// @param flags of this JVM, as it was started
/// @param environment `NAME=VALUE`, of this process
/// @param classPath of jars and folders
/// @param mainClass the design's or the lab's
public record JavaProgram(
        String java,
        List<String> flags,
        List<String> environment,
        String classPath,
        String mainClass) {
    /// Options of the `java` launcher whose value is the next argument. They are not
    /// handed on: the class path is, by itself.
    private static final Set<String> WITH_VALUE = Set.of(
            "-cp", "-classpath", "--class-path", "-p", "--module-path", "--add-modules",
            "--add-exports", "--add-opens", "--source");

    /// What this JVM reads and writes names of files by.
    private static final Charset NAMES = Charset.forName(
            System.getProperty("sun.jnu.encoding", "UTF-8"), StandardCharsets.UTF_8);

    private static final AtomicBoolean HAS_SAID = new AtomicBoolean();

    /// This program, with another main class.
    ///
    /// @param mainClass a design or a lab
    /// @return how to start it
    /// @throws IOException when its source cannot be compiled again
    public static JavaProgram of(Class<?> mainClass) throws IOException {
        List<String> flags = new ArrayList<>();
        List<String> words = commandLine();
        int i = 1;
        for (; i < words.size() && words.get(i).startsWith("-"); i++) {
            String word = words.get(i);
            if (word.equals("-jar")) {
                break;
            } else if (WITH_VALUE.contains(word)) {
                i++;
            } else if (!word.startsWith("--class-path=")) {
                flags.add(word);
            }
        }
        boolean fromSource = !ClassLoader.getSystemClassLoader().equals(mainClass.getClassLoader());
        String classPath = fromSource
                ? compile(Path.of(text(words.get(i))), mainClass.getPackageName())
                : bytes(System.getProperty("java.class.path"));
        List<String> withheld = new ArrayList<>();
        JavaProgram program = new JavaProgram(
                bytes(Path.of(System.getProperty("java.home"), "bin", "java").toString()),
                flags,
                words("/proc/self/environ"),
                classPath,
                mainClass.getName())
                .only(option -> !JvmOptions.isForOne(option) || !withheld.add(option));
        if (!withheld.isEmpty() && !HAS_SAID.getAndSet(true)) {
            System.err.println(
                    "csdesign: " + text(String.join(" ", withheld)) + " is for one process: what"
                            + " this one starts runs without it");
        }
        return program;
    }

    private static List<String> commandLine() throws IOException {
        return words("/proc/self/cmdline");
    }

    private static List<String> words(String file) throws IOException {
        String all = Files.readString(Path.of(file), StandardCharsets.ISO_8859_1);
        return all.isEmpty() ? List.of() : List.of(all.split("\0"));
    }

    /// As the system has it.
    private static String bytes(String text) {
        return new String(text.getBytes(NAMES), StandardCharsets.ISO_8859_1);
    }

    /// As a person reads it.
    private static String text(String bytes) {
        return new String(bytes.getBytes(StandardCharsets.ISO_8859_1), NAMES);
    }

    /// The same program with a flag more, unless the user has set one like it, on the
    /// command line or in the environment.
    ///
    /// @param flag for example `-Xmn16m`
    /// @param unless what is like it, a regular expression: `-Xmn|NewSize`
    /// @return with or without it
    public JavaProgram withDefault(String flag, String unless) {
        Predicate<String> isLikeIt = Pattern.compile(unless).asPredicate();
        if (Stream.concat(flags.stream(), options().words().stream()).anyMatch(isLikeIt)) {
            return this;
        }
        List<String> more = new ArrayList<>(flags);
        more.add(flag);
        return withFlags(more);
    }

    /// The same program with the serial collector, which has no threads of its own,
    /// unless the user has chosen another one.
    ///
    /// @return with or without it
    public JavaProgram collectingSerially() {
        return withDefault("-XX:+UseSerialGC", JvmOptions.COLLECTOR.pattern());
    }

    /// The same program with fewer options, on its command line and in its environment.
    ///
    /// @param kept which
    /// @return the program
    public JavaProgram only(Predicate<String> kept) {
        JvmOptions left = options().only(kept);
        Stream<String> others = environment.stream()
                .filter(variable -> !JvmOptions.VARIABLES.contains(name(variable)));
        Stream<String> ours = left.variables().entrySet().stream()
                .map(set -> set.getKey() + "=" + set.getValue());
        return new JavaProgram(
                java,
                flags.stream().filter(kept).toList(),
                Stream.concat(others, ours).toList(),
                classPath,
                mainClass);
    }

    /// What its environment adds to its flags.
    ///
    /// @return options for every JVM
    public JvmOptions options() {
        return JvmOptions.of(
                environment.stream()
                        .filter(variable -> variable.indexOf('=') > 0)
                        .collect(Collectors.toMap(
                                JavaProgram::name,
                                variable -> variable.substring(variable.indexOf('=') + 1),
                                (first, _) -> first)));
    }

    private static String name(String variable) {
        return variable.substring(0, Math.max(0, variable.indexOf('=')));
    }

    /// The same program with other flags.
    ///
    /// @param other in place of those of this JVM
    /// @return the program
    public JavaProgram withFlags(List<String> other) {
        return new JavaProgram(java, List.copyOf(other), environment, classPath, mainClass);
    }

    /// The same program with a variable set.
    ///
    /// @param variable its name
    /// @param value its value, in place of the one that it has
    /// @return the program
    public JavaProgram withVariable(String variable, String value) {
        List<String> all = new ArrayList<>(environment);
        all.removeIf(set -> name(set).equals(variable));
        all.add(variable + "=" + value);
        return new JavaProgram(java, flags, List.copyOf(all), classPath, mainClass);
    }

    /// The same program with fewer flags.
    ///
    /// @param prefix of those that it must not have
    /// @return the program
    public JavaProgram without(String prefix) {
        List<String> fewer = flags.stream().filter(flag -> !flag.startsWith(prefix)).toList();
        return withFlags(fewer);
    }

    /// The same program, but its JVM handles no signal that asks it to end, and lets no
    /// debugging tool in by one: the socket for such a tool would be left in /tmp when
    /// the process is killed.
    ///
    /// @return the program, to be started with those signals blocked
    public JavaProgram deafToSignals() {
        return withDefault("-Xrs", "-Xrs")
                .withDefault("-XX:+DisableAttachMechanism", "DisableAttachMechanism");
    }

    /// The whole command line.
    ///
    /// @param arguments of the program
    /// @return the words, the first one being the JVM's path
    public List<String> command(List<String> arguments) {
        List<String> words = new ArrayList<>();
        words.add(java);
        words.addAll(flags);
        words.addAll(List.of("-cp", classPath, mainClass));
        words.addAll(arguments);
        return words;
    }

    /// @return a class path: the jar by its descriptor
    private static String compile(Path source, String packageName) throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        Path folder = parent(source.toAbsolutePath());
        Path packagePath = Path.of(packageName.replace('.', '/'));
        if (!folder.endsWith(packagePath)) { // csdesign/design/X.java
            throw new IOException(source + " is not in the folder of its package");
        }
        Path root = folder;
        for (Path _ : packagePath) {
            root = parent(root);
        }
        try (Compiled compiled = new Compiled(compiler)) {
            boolean right = compiler
                    .getTask(
                            null,
                            compiled,
                            null,
                            List.of("-proc:none", "-nowarn", "-sourcepath", root.toString()),
                            null,
                            compiled.files.getJavaFileObjects(source))
                    .call();
            if (!right) {
                throw new IOException(source + " does not compile");
            }
            return "/proc/" + ProcessHandle.current().pid() + "/fd/" + compiled.jar();
        }
    }

    private static Path parent(Path path) throws IOException {
        Path parent = path.getParent();
        if (parent == null) {
            throw new IOException(path + " is in no folder");
        }
        return parent;
    }

    /// Keeps what the compiler writes.
    private static final class Compiled extends ForwardingJavaFileManager<JavaFileManager> {
        final javax.tools.StandardJavaFileManager files;
        private final Map<String, ByteArrayOutputStream> classes = new LinkedHashMap<>();

        Compiled(JavaCompiler compiler) {
            this(compiler.getStandardFileManager(null, null, null));
        }

        private Compiled(javax.tools.StandardJavaFileManager files) {
            super(files);
            this.files = files;
        }

        @Override
        public JavaFileObject getJavaFileForOutput(
                Location location,
                String name,
                JavaFileObject.Kind kind,
                javax.tools.FileObject sibling) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            classes.put(name.replace('.', '/') + kind.extension, bytes);
            return new SimpleJavaFileObject(URI.create("memory:///" + name), kind) {
                @Override
                public OutputStream openOutputStream() {
                    return bytes;
                }
            };
        }

        /// @return the descriptor of a jar, which lives as long as this process
        int jar() throws IOException {
            try (Arena arena = Arena.ofConfined()) {
                Errno errno = Errno.allocate(arena);
                // Not close-on-exec: ForkingJvm becomes another program, and needs it then.
                int fd = Errno.check(
                        SysMman.memfd_create(errno, arena.allocateFrom("csdesign.jar"), 0),
                        "memfd_create");
                try (JarOutputStream jar = new JarOutputStream(
                        Files.newOutputStream(Path.of("/proc/self/fd/" + fd)))) {
                    classes.forEach((name, bytes) -> put(jar, name, bytes));
                }
                return fd;
            }
        }

        private static void put(JarOutputStream jar, String name, ByteArrayOutputStream bytes) {
            try {
                jar.putNextEntry(new JarEntry(name));
                bytes.writeTo(jar);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
