// SPDX-License-Identifier: MIT
package csdesign.lab;

import static csdesign.posix.Errno.check;
import static csdesign.posix.Signal.SIGKILL;
import static csdesign.posix.Unistd.fork;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import csdesign.evidence.Look;
import csdesign.evidence.Task;
import csdesign.fork.ForkingJvm;
import csdesign.posix.Errno;
import csdesign.posix.Fcntl;
import csdesign.posix.Signal;
import csdesign.posix.SysWait;
import csdesign.posix.Unistd;
import csdesign.range.Settings;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/// **JVM fork: the child has only the thread that forked, and waits for the others.**
///
/// ```text
///   parent:  main | collector | compilers | VM thread | ...
///              |
///            fork(2)
///              |
///   child:   main --- "collect!" -----> futex: there is no collector
///                 --- "compile this" -> futex: there is no compiler
/// ```
///
/// **What** fork copies the memory of a process, but of its threads only the one that
/// calls. A JVM needs all its threads. The child's memory says that there are a collector
/// and a compiler; whatever the child asks of them it waits for in a futex, and no thread
/// is left that could wake it.
///
/// **Broken** An ordinary JVM forks. Its child hangs when it collects, when its heap is
/// full, and when it waits for its code to be compiled (`-Xbatch`). By default it does
/// not wait for the compiler. But if another thread held a lock at the moment of the
/// fork, the child may hang at that lock: now and then, which is worse than always.
///
/// **Fixed** The rules of [ForkingJvm], by which `fork-per-client` serves. The JVM
/// interprets. Before it forks it collects, and waits until all its other threads sleep.
/// The child needs less room than is left in its heap. A child that collects hangs here
/// too.
///
/// **In Java** `ProcessBuilder` does not have this problem: its child execs at once.
///
/// **Look for** the last column: each child that hangs sleeps in a futex, and is the only
/// thread of its process.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/lab/JvmFork.java --auto`
///
/// @see <a href="https://man7.org/linux/man-pages/man2/fork.2.html">fork(2)</a>
/// @see <a href="https://man7.org/linux/man-pages/man2/futex.2.html">futex(2)</a>
/// @see <a href="https://man7.org/linux/man-pages/man2/fcntl.2.html">fcntl(2), F_SETOWN</a>
public final class JvmFork {
    static final Claim CAN_END = new Claim(
            "ordinary-child-can-end",
            "A child of an ordinary JVM can end, if it needs no other thread: one that only"
                    + " calls _exit, and one whose code is compiled in the background.");
    static final Claim COLLECTS = new Claim(
            "collecting-child-hangs",
            "Broken: a child of an ordinary JVM hangs when it collects, by System.gc or"
                    + " because its heap is full.");
    static final Claim COMPILES = new Claim(
            "compiling-child-hangs",
            "Broken: a child that waits until its code is compiled (-Xbatch) hangs.");
    static final Claim RULES = new Claim(
            "child-under-the-rules-ends",
            "Fixed: under the rules of fork-per-client every child ends that runs the same loop"
                    + " and makes garbage.");
    static final Claim NEVER = new Claim(
            "no-child-may-collect", "Under the rules, too, a child that collects hangs.");

    /// A child exits with this code when it has done its work, and for no other reason.
    private static final int DONE = 7;

    /// Above every threshold of HotSpot's compilers: Tier3BackEdgeThreshold is 60,000.
    private static final int LOOPS = 100_000;

    /// Far less than the young generation of a [ForkingJvm]; made in arrays of 64 KiB.
    private static final int GARBAGE_BYTES = 8 << 20;

    private static final int ARRAY_BYTES = 64 << 10;

    /// A child hangs when it sleeps and, from one look to the next, has used no CPU and
    /// was not woken, as many times as this. A wait that has an end would have ended.
    private static final int LOOKS = 8;

    private static final long LOOK_MILLIS = 15;

    private static volatile byte[] garbage = {};
    private static volatile long hash;

    /// What a child does, by the words of the table. The parent makes these objects
    /// before it forks: a child that links code or loads a class may need a thread it has
    /// not.
    @SuppressWarnings("ImmutableEnumChecker") // no task captures anything
    private enum Work {
        EXIT("calls _exit", () -> {}),
        COLLECT("calls System.gc", System::gc),
        FILL_HEAP("fills its heap", () -> makeGarbage(Long.MAX_VALUE)),
        HASH("hashes", JvmFork::hash),
        HASH_AND_MAKE_GARBAGE("hashes, makes garbage", () -> {
            hash();
            makeGarbage(GARBAGE_BYTES);
        });

        private final String words;
        private final Runnable task;

        Work(String words, Runnable task) {
            this.words = words;
            this.task = task;
        }
    }

    /// By which rules the parent forks.
    private enum Rules { NONE, FORK_PER_CLIENT }

    /// Children that do the same work, one after the other.
    ///
    /// @param work what each does
    /// @param forks how many there are
    private record Children(Work work, int forks) {}

    /// What became of them.
    ///
    /// @param forks how many there were
    /// @param ended how many did their work and exited
    /// @param hung how many slept for good, and were killed
    private record Fates(int forks, int ended, int hung) {
        @Override
        public String toString() {
            return ended + " of " + forks + " ended, " + hung + " hung";
        }
    }

    private JvmFork() {}

    /// Runs the lab; or is the JVM that forks.
    ///
    /// @param arguments `--auto`
    public static void main(String... arguments) {
        if (SubjectMain.isSubject(arguments)) {
            SubjectMain.play(JvmFork::parent, arguments);
        } else {
            Lab.main("jvm-fork", JvmFork::run, List.of(), arguments);
        }
    }

    /// See [Lab#run].
    ///
    /// @param settings how
    /// @param journal what it writes into
    /// @throws IOException when a JVM cannot be started
    /// @throws InterruptedException when it is told to end
    public static void run(Settings settings, Journal journal)
            throws IOException, InterruptedException {
        journal.expect(CAN_END, COLLECTS, COMPILES, RULES, NEVER);
        journal.attempt(() -> forkOrdinarily(journal), CAN_END, COLLECTS);
        journal.attempt(() -> forkAndCompile(journal), COMPILES);
        journal.attempt(() -> forkByRules(journal), RULES, NEVER);
    }

    // @start region="broken"
    /// A JVM that compiles hot code in the background, as every JVM does by default.
    private static final List<String> ORDINARY = List.of("-XX:TieredStopAtLevel=4");

    private static int forkAtOnce(Errno errno) {
        return fork(errno);
    }
    // @end

    // @start region="fixed"
    /// A JVM that interprets, in a heap that has room for the child.
    private static final List<String> RULED = ForkingJvm.flags();

    private static int forkByTheRules(Errno errno) {
        // It also waits until all other threads sleep.
        new ForkingJvm().collect();
        return fork(errno);
    }
    // @end

    /// An ordinary JVM forks at once. Four kinds of children tell what a child must not
    /// need: those that only exit and those that run a hot loop need no other thread,
    /// those that collect need the VM thread. The first kind proves that it is not fork
    /// itself that hangs.
    private static void forkOrdinarily(Journal journal)
            throws IOException, InterruptedException {
        journal.part("Broken: an ordinary JVM forks");
        List<Fates> fates = watchAll(
                journal, ORDINARY, Rules.NONE, new Children(Work.EXIT, 5),
                new Children(Work.COLLECT, 3), new Children(Work.FILL_HEAP, 3),
                new Children(Work.HASH, 10));
        Fates exit = fates.getFirst();
        Fates collect = fates.get(1);
        Fates fill = fates.get(2);
        Fates hash = fates.getLast();
        journal.judge(CAN_END, exit.ended > exit.hung && hash.ended > 0,
                "of those that call _exit, " + exit + "; of those that hash, " + hash);
        journal.judge(COLLECTS, collect.hung == collect.forks && fill.hung == fill.forks,
                "by System.gc, " + collect + "; by a full heap, " + fill);
    }

    /// The same hot loop in a child of a JVM with -Xbatch, which waits for the compiler
    /// instead of interpreting meanwhile. Nothing else has changed, so it is that wait.
    private static void forkAndCompile(Journal journal)
            throws IOException, InterruptedException {
        journal.part("Broken: the same with -Xbatch");
        List<String> flags = List.of("-XX:TieredStopAtLevel=4", "-Xbatch");
        List<Fates> fates = watchAll(journal, flags, Rules.NONE, new Children(Work.HASH, 3));
        Fates hash = fates.getFirst();
        journal.judge(COMPILES, hash.hung == hash.forks, hash.toString());
    }

    /// A JVM under the rules forks children that run the same hot loop and make garbage,
    /// for which their heap has room. All of them must end. One more child collects, and
    /// hangs: the rules do not let a child collect, they spare it from having to.
    private static void forkByRules(Journal journal) throws IOException, InterruptedException {
        journal.part("Fixed: a JVM under the rules of fork-per-client");
        List<Fates> fates = watchAll(
                journal, RULED, Rules.FORK_PER_CLIENT,
                new Children(Work.HASH_AND_MAKE_GARBAGE, 20), new Children(Work.COLLECT, 1));
        Fates worked = fates.getFirst();
        Fates collect = fates.getLast();
        journal.judge(RULES, worked.ended == worked.forks, worked.toString());
        journal.judge(NEVER, collect.hung == collect.forks, collect.toString());
    }

    /// Starts a JVM that forks one child after the other, and watches each.
    private static List<Fates> watchAll(
            Journal journal, List<String> flags, Rules rules, Children... kinds)
            throws IOException, InterruptedException {
        journal.columns("its child", "forks", "ended", "hung", "in a futex");
        List<String> words = new ArrayList<>(List.of(rules.name()));
        for (Children kind : kinds) {
            words.addAll(Collections.nCopies(kind.forks, kind.work.name()));
        }
        List<Fates> all = new ArrayList<>();
        try (Subject jvm = Subject.start(
                JvmFork.class, flags, new int[0], words.toArray(String[]::new))) {
            for (Children kind : kinds) {
                int ended = 0;
                int hung = 0;
                int inFutex = 0;
                for (int i = 0; i < kind.forks; i++) {
                    Task child = Task.of(Integer.parseInt(wordAfter(jvm, "forked ")));
                    String hangsIn = watch(jvm, child);
                    String end = wordAfter(jvm, "ended by ");
                    ended += end.equals("exit code " + DONE) ? 1 : 0;
                    hung += !hangsIn.isEmpty() && end.equals("signal " + SIGKILL) ? 1 : 0;
                    inFutex += hangsIn.startsWith("futex") ? 1 : 0;
                }
                journal.row(kind.work.words, kind.forks, ended, hung, inFutex);
                all.add(new Fates(kind.forks, ended, hung));
            }
        }
        return all;
    }

    private static String wordAfter(Subject jvm, String beginning) throws IOException {
        String line = jvm.readLine();
        if (line == null || !line.startsWith(beginning)) {
            throw jvm.unexpected(line, "'" + beginning + "'");
        }
        return line.substring(beginning.length());
    }

    /// Waits until a child has ended, or kills it when it hangs. It watches from
    /// outside: a watch inside the child might hang before its first instruction.
    ///
    /// @return the kernel function that it hangs in; empty when it has ended
    private static String watch(Subject jvm, Task child) throws InterruptedException {
        long before = -1;
        int looks = 0;
        long end = System.nanoTime() + Look.LONGEST_NANOS;
        while (!jvm.hasSpoken()) { // the parent tells of the child's end
            long now = child.voluntarySwitches() + child.cpuTicks();
            looks = child.state() == 'S' && now == before ? looks + 1 : 0;
            before = now;
            if (looks == LOOKS || System.nanoTime() > end) {
                // A child that is too slow is killed too, but does not count as hung.
                String sleepsIn = looks == LOOKS ? child.sleepsIn() : "";
                Signal.kill(Errno.allocate(Arena.ofAuto()), (int) child.pid(), SIGKILL);
                return sleepsIn;
            }
            Thread.sleep(LOOK_MILLIS);
        }
        return "";
    }

    /// The JVM that forks: a child for each word, of which it tells the lab the process
    /// id and the end.
    private static void parent(List<String> words) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Errno errno = Errno.allocate(arena);
            MemorySegment status = arena.allocate(JAVA_INT);
            endWithTheLab(errno);
            // This links the call site of _exit, which a child could not do.
            Unistd.close(errno, -1);
            Rules rules = Rules.valueOf(words.getFirst());
            for (String word : words.subList(1, words.size())) {
                Work work = Work.valueOf(word);
                int pid = rules == Rules.NONE ? forkAtOnce(errno) : forkByTheRules(errno);
                if (pid == 0) {
                    work.task.run();
                    Unistd._exit(errno, DONE);
                }
                System.out.println("forked " + check(pid, "fork"));
                check(SysWait.waitpid(errno, pid, status, 0), "waitpid");
                System.out.println("ended by " + SysWait.describe(status.get(JAVA_INT, 0)));
            }
        }
    }

    /// A child that hangs cannot ask to be ended with its parent. So the parent asks the
    /// kernel before it forks: when the lab's end of descriptor 0 is closed, for whatever
    /// reason, the kernel sends SIGIO to the whole process group, to which all children
    /// belong.
    private static void endWithTheLab(Errno errno) throws IOException {
        int group = (int) ProcessHandle.current().pid();
        check(Fcntl.fcntl(errno, 0, Fcntl.F_SETOWN, -group), "fcntl", "F_SETOWN");
        check(Fcntl.fcntl(errno, 0, Fcntl.F_SETFL, Fcntl.O_ASYNC), "fcntl", "F_SETFL");
    }

    private static void makeGarbage(long bytes) {
        for (long made = 0; made < bytes; made += garbage.length) {
            garbage = new byte[ARRAY_BYTES];
        }
    }

    private static void hash() {
        for (int i = 0; i < LOOPS; i++) {
            hash = mix(hash, i);
        }
    }

    private static long mix(long hash, int i) {
        return hash * 31 + (i ^ i >>> 3);
    }
}
