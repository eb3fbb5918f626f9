// SPDX-License-Identifier: MIT
package csdesign.fork;

import static csdesign.posix.Errno.check;

import csdesign.drive.Interest;
import csdesign.kit.Limits;
import csdesign.kit.Log;
import csdesign.kit.Nullable;
import csdesign.kit.Scoreboard;
import csdesign.kit.Server;
import csdesign.kit.Stop;
import csdesign.posix.Errno;
import csdesign.posix.Fcntl;
import csdesign.posix.SysPoll;
import csdesign.posix.SysSendfile;
import csdesign.posix.SysSignalfd;
import csdesign.posix.SysSocket;
import csdesign.posix.Unistd;
import csdesign.range.Option;
import csdesign.range.Range;
import csdesign.service.Service;
import csdesign.spawn.JavaProgram;
import csdesign.spawn.JvmOptions;
import csdesign.spawn.Lifeline;
import csdesign.spawn.Spawner;
import java.io.File;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Enumeration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;

/// A JVM that may fork(2), and how an ordinary one becomes it.
///
/// After fork(2) only the calling thread exists in the child: no garbage collector, no
/// compiler, no VM thread. Code that waits for one of them waits for ever. So this JVM is
/// made such that no code does. It interprets, its heap is small for the parent and never
/// full for a child, and its main thread is the only one that runs Java. None of its
/// other threads may hold a lock when it forks, because that lock would be held for ever
/// in the child.
///
/// The ordinary JVM becomes this one by execve(2). The process id, standard input and
/// output, and the scoreboard's descriptor stay what they were. The signals that the loop
/// reads from a [SignalDescriptor] are blocked before, so that each thread of the new JVM
/// begins with them blocked.
public final class ForkingJvm {
    /// The first argument of such a JVM.
    private static final String MARK = "--forking";

    /// The scoreboard's descriptor, as the JVM before tells it.
    private static final Range DESCRIPTOR = Range.of("scoreboard", 0, Integer.MAX_VALUE);

    /// Each for a reason.
    private static final List<String> FLAGS = List.of(
            "-Xint", // a call count that crosses a threshold would wait for a compiler thread
            "-XX:+UseSerialGC", // no threads of its own
            "-Xrs", // leaves SIGINT and SIGTERM to us
            "-XX:+DisableAttachMechanism", // else -Xrs makes a socket in /tmp, left by kill -9
            "-XX:-UsePerfData", // no file in /tmp, which each child would share
            "-Xms18m",
            "-Xmx160m",
            "-XX:NewSize=2m", // while it starts, so that the parent touches little
            "-XX:MaxNewSize=144m", // a child cannot collect: untouched, this costs nothing
            "-XX:NewSizeThreadIncrease=144m", // grows so far at the first full collection
            "-XX:TLABSize=64k", // what is in use is known to so much
            "-XX:-ResizeTLAB",
            "-XX:ReservedCodeCacheSize=8m",
            "-XX:+UnlockDiagnosticVMOptions",
            "-XX:ArchiveRelocationMode=0", // moved elsewhere, all of it would be written to
            "-XX:+UnlockExperimentalVMOptions",
            "-XX:StringTableSize=1024", // half a MiB for tables that stay nearly empty
            "-XX:SymbolTableSize=4096",
            "--enable-native-access=ALL-UNNAMED");

    /// The flags of the JVM before that are kept: they concern neither heap nor compiler.
    private static final List<String> KEPT = List.of(
            "-D", "-Xlog", "-Xshare", "-XX:SharedArchiveFile");

    /// malloc(3): one arena for all threads, and not two more mappings for each.
    private static final String ARENAS = "MALLOC_ARENA_MAX";

    /// How much of the young generation the parent uses before it collects: what it has
    /// touched once is copied at each fork. Smaller costs more collections.
    private static final long TOUCHED_BYTES = 1024 * 1024;

    /// How long to wait between two looks at the other threads. They need microseconds.
    private static final long QUIET_NANOS = 50_000;

    /// A thread that is awake for so long is not one of the JVM's own.
    private static final long MOST_QUIET_NANOS = 1_000_000_000;

    /// What a child must have left to go on, and the old generation, which it cannot use.
    private static final long LEAST_FREE_BYTES = 20 * 1024 * 1024;

    /// A child can come to need every class of the packages of these.
    private static final List<Class<?>> PACKAGES = List.of(
            Service.class, Interest.class, ForkedChild.class);

    /// And these, with all that is nested in them.
    private static final List<Class<?>> CLASSES = List.of(
            Limits.class, Stop.class, Scoreboard.class, Server.class, Lifeline.class, Errno.class,
            Fcntl.class, SysPoll.class, SysSendfile.class, SysSocket.class, Unistd.class);

    private static final String SUFFIX = ".class";

    /// Whether fork(2) copies huge pages: see [HugePages].
    private static final String HUGE_PAGES = "csdesign.hugePages";

    private final Errno errno = Errno.allocate(Arena.ofAuto());
    private long collectBelow = Long.MAX_VALUE;
    private @Nullable HugePages pages;

    /// For the loop of such a JVM.
    public ForkingJvm() {}

    /// Whether these are the arguments of such a JVM.
    ///
    /// @param arguments of `main`
    /// @return false when a user started the program
    public static boolean isOne(String... arguments) {
        return arguments.length > 0 && arguments[0].equals(MARK);
    }

    /// What such a JVM is started with.
    ///
    /// @return flags of `java`
    public static List<String> flags() {
        return FLAGS;
    }

    /// Becomes it: runs the design's `main` again with arguments for [#server].
    ///
    /// @param design whose `main`
    /// @param server what is served, its scoreboard shared
    /// @throws IOException when that cannot be; it does not return
    public static void become(Class<?> design, Server server) throws IOException {
        JavaProgram program = JavaProgram.of(design);
        JvmOptions refused = program.options().only(option -> !isKept(option));
        if (!refused.variables().isEmpty()) {
            new Log(server.slug()).warn(
                    "a JVM that forks has a collector and a heap of its own, and no compiler;"
                            + " it runs without "
                            + refused);
        }
        program = program.only(ForkingJvm::isKept).withVariable(ARENAS, "1");
        program = program.withFlags(
                Stream.concat(program.flags().stream(), FLAGS.stream()).toList());
        int scoreboard = server.scoreboard().fd();
        List<String> arguments = new ArrayList<>(List.of(MARK, "" + scoreboard));
        arguments.addAll(server.encode());
        try (Arena arena = Arena.ofConfined()) {
            Errno errno = Errno.allocate(arena);
            MemorySegment path = arena.allocateFrom(program.java(), StandardCharsets.ISO_8859_1);
            MemorySegment words = Spawner.strings(arena, program.command(arguments));
            MemorySegment environment = Spawner.strings(arena, program.environment());
            check(Fcntl.fcntl(errno, scoreboard, Fcntl.F_SETFD, 0), "fcntl", "F_SETFD");
            check(
                    SysSignalfd.pthread_sigmask(
                            errno,
                            SysSignalfd.SIG_BLOCK,
                            SignalDescriptor.all(errno, arena),
                            MemorySegment.NULL),
                    "pthread_sigmask");
            if (!server.stop().requested()) { // by a signal that came before they were blocked
                check(Unistd.execve(errno, path, words, environment), "execve", program.java());
            }
        }
    }

    private static boolean isKept(String flag) {
        return KEPT.stream().anyMatch(flag::startsWith);
    }

    /// The server that this JVM is to be.
    ///
    /// @param options the design's own
    /// @param arguments of `main`
    /// @return the server
    /// @throws IOException when the scoreboard cannot be mapped
    public static Server server(List<Option> options, String... arguments) throws IOException {
        loadClasses();
        Scoreboard scoreboard = Scoreboard.attach(DESCRIPTOR.parseInt(arguments[1]));
        List<String> words = Arrays.asList(arguments).subList(2, arguments.length);
        return Server.decode(words, options, scoreboard);
    }

    /// Makes what fork(2) copies small, once all was run for the first time.
    ///
    /// @throws IOException when /proc cannot be read
    public void settle() throws IOException {
        awaitQuiet();
        if (Boolean.parseBoolean(System.getProperty(HUGE_PAGES, "true"))) {
            pages = HugePages.take(errno);
        }
    }

    /// Collects when the parent has used its share, so that it never touches more of the
    /// heap, and never a child is forked into a heap that is nearly full.
    ///
    /// @return whether it did
    public boolean collect() {
        if (Runtime.getRuntime().freeMemory() >= collectBelow) {
            return false;
        }
        System.gc();
        awaitQuiet();
        if (pages != null) {
            pages.mend();
        }
        collectBelow = Runtime.getRuntime().freeMemory() - TOUCHED_BYTES;
        return true;
    }

    /// Waits until all other threads of this process sleep. A lock that one of them holds
    /// when the parent forks is held for ever in the child, and a collection wakes one
    /// that holds the heap's lock for moments.
    private void awaitQuiet() {
        long begun = System.nanoTime();
        boolean quiet = false;
        boolean before;
        do { // twice: a thread may wake another, already looked at, and then go to sleep
            LockSupport.parkNanos(QUIET_NANOS);
            before = quiet;
            quiet = othersSleep();
        } while (!(quiet && before) && System.nanoTime() - begun < MOST_QUIET_NANOS);
    }

    private boolean othersSleep() {
        String self = "" + Unistd.gettid(errno);
        String[] threads = new File("/proc/self/task").list();
        for (String thread : Objects.requireNonNull(threads, "/proc is not mounted")) {
            if (!thread.equals(self) && !sleeps(thread)) {
                return false;
            }
        }
        return true;
    }

    private static boolean sleeps(String thread) {
        try {
            String stat = Files.readString(Path.of("/proc/self/task", thread, "stat"));
            return stat.charAt(stat.lastIndexOf(')') + 2) == 'S'; // proc_pid_stat(5): the state
        } catch (IOException ended) {
            return true;
        }
    }

    /// Whether a child must end: it has no garbage collector, and an allocation that
    /// finds no room would wait for ever.
    ///
    /// @return when little is left
    public static boolean isUsedUp() {
        return Runtime.getRuntime().freeMemory() < LEAST_FREE_BYTES; // takes the heap's lock
    }

    /// Loads every class that a child could come to need. A child that loaded one from
    /// the jar would read through a descriptor that it shares with the parent and all its
    /// siblings, the position in the file included: each would get a part of the other's
    /// class.
    private static void loadClasses() throws IOException {
        Path path = Path.of(System.getProperty("java.class.path"));
        if (!Files.isRegularFile(path)) {
            return; // folders: each class is a file, opened by its own reader
        }
        try (JarFile jar = new JarFile(path.toFile())) {
            for (Enumeration<JarEntry> all = jar.entries(); all.hasMoreElements();) {
                String name = all.nextElement().getName();
                if (isForAChild(name)) {
                    String type = name.substring(0, name.length() - SUFFIX.length())
                            .replace('/', '.');
                    Class.forName(type, false, ForkingJvm.class.getClassLoader());
                }
            }
        } catch (ClassNotFoundException e) {
            throw new IOException(path + " is not whole", e);
        }
    }

    /// Whether a child can come to need a class.
    ///
    /// @param name of its file in the jar
    static boolean isForAChild(String name) {
        if (!name.endsWith(SUFFIX)) {
            return false;
        }
        for (Class<?> type : PACKAGES) {
            if (name.startsWith(type.getPackageName().replace('.', '/') + "/")) {
                return true;
            }
        }
        for (Class<?> type : CLASSES) {
            String file = type.getName().replace('.', '/');
            if (name.equals(file + SUFFIX) || name.startsWith(file + "$")) {
                return true;
            }
        }
        return false;
    }
}
