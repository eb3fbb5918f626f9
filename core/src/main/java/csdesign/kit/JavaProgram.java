// SPDX-License-Identifier: MIT
package csdesign.kit;

import csdesign.posix.Errno;
import csdesign.posix.SysMman;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/// How a design or a lab starts itself again in another process: the same JVM, the same
/// flags, the same classes.
///
/// One that was started from its source file (`java Epoll.java`) has classes in memory
/// only. They are compiled once more into a jar in memory without a name, which
/// other processes open through `/proc`: there is no file to be left behind.
///
/// @param java the JVM's path
/// @param flags of this JVM, as it was started
/// @param classPath of jars and folders
/// @param mainClass the design's or the lab's
public record JavaProgram(
        String java, List<String> flags, String classPath, String mainClass) {
    /// Options of the `java` launcher whose value is the next argument. They are not
    /// handed on: the class path is, by itself.
    private static final Set<String> WITH_VALUE = Set.of(
            "-cp", "-classpath", "--class-path", "-p", "--module-path", "--add-modules",
            "--add-exports", "--add-opens", "--source");

    /// Makes a class-data archive when the JVM ends: this one's, not its children's.
    private static final String MAKES_ARCHIVE = "-XX:ArchiveClassesAtExit";

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
            } else if (!word.startsWith("--class-path=") && !word.startsWith(MAKES_ARCHIVE)) {
                flags.add(word);
            }
        }
        boolean fromSource = !ClassLoader.getSystemClassLoader().equals(mainClass.getClassLoader());
        String classPath = fromSource
                ? compile(Path.of(words.get(i)), mainClass.getPackageName())
                : System.getProperty("java.class.path");
        return new JavaProgram(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                List.copyOf(flags),
                classPath,
                mainClass.getName());
    }

    private static List<String> commandLine() throws IOException {
        String line = Files.readString(Path.of("/proc/self/cmdline"), StandardCharsets.UTF_8);
        return List.of(line.split("\0"));
    }

    /// The same program with a flag more, unless one that begins alike is there already.
    ///
    /// @param flag for example `-Xmn16m`
    /// @param unless what a flag of the user's begins with, for example `-Xmn`
    /// @return with or without it
    public JavaProgram withDefault(String flag, String unless) {
        if (flags.stream().anyMatch(given -> given.contains(unless))) {
            return this;
        }
        List<String> more = new ArrayList<>(flags);
        more.add(flag);
        return new JavaProgram(java, List.copyOf(more), classPath, mainClass);
    }

    /// The same program with other flags.
    ///
    /// @param other in place of those of this JVM
    /// @return the program
    public JavaProgram withFlags(List<String> other) {
        return new JavaProgram(java, List.copyOf(other), classPath, mainClass);
    }

    /// The same program with fewer flags.
    ///
    /// @param prefix of those that it shall not have
    /// @return the program
    public JavaProgram without(String prefix) {
        List<String> fewer = flags.stream().filter(flag -> !flag.startsWith(prefix)).toList();
        return new JavaProgram(java, fewer, classPath, mainClass);
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
