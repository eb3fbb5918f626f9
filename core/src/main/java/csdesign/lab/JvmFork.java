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
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/// **JVM fork: only the thread that forked is in the child, and waits for the others.**
///
/// ```text
///   parent:  main | collector | compilers | VM thread | ...
///              |
///            fork(2)
///              |
///   child:   main --- "collect!" -----> futex: nobody is there to collect
///                 --- "compile this" -> futex: nobody is there to compile
/// ```
/// **What** fork copies the memory of a process, and of its threads the one that calls.
/// A JVM is its threads: the child's memory says that there are collector and compiler,
/// and what it asks of them it waits for, in a futex that nobody will ever wake.
///
/// **Broken** The fork of an ordinary JVM. Its child hangs when it collects, when its
/// heap is full, when it waits for its code to be compiled (`-Xbatch`). By default it
/// does not wait; but if another thread held a lock when the parent forked, it may hang
/// at that: now and then, which is worse than always.
///
/// **Fixed** The rules of [ForkingJvm], by which `fork-per-client` serves: a JVM that
/// interprets, that collects before it forks and waits until all other threads sleep, and
/// a child that needs less room than its heap has. One that does collect hangs here too.
///
/// **In Java** `ProcessBuilder` does not have this problem: it execs another program.
///
/// **Look for** the last column: who hangs sleeps in a futex, alone in its process.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/lab/JvmFork.java --auto`
///
/// @see <a href="https://man7.org/linux/man-pages/man2/fork.2.html">fork(2)</a>
/// @see <a href="https://man7.org/linux/man-pages/man2/futex.2.html">futex(2)</a>
/// @see <a href="https://man7.org/linux/man-pages/man2/fcntl.2.html">fcntl(2), F_SETOWN</a>
public final class JvmFork {
    static final Claim EXITS = new Claim(
            "exits", "an ordinary JVM can fork: a child that only calls _exit ends");
    static final Claim COLLECTS = new Claim(
            "collects", "a child that collects hangs, by System.gc or because its heap is full");
    static final Claim COMPILES = new Claim(
            "compiles", "a child that waits until its code is compiled (-Xbatch) hangs");
    static final Claim BESIDE = new Claim(
            "beside", "one whose code is compiled beside it, as by default, can end");
    static final Claim RULES = new Claim(
            "rules", "under the rules of fork-per-client it does the same work and ends");
    static final Claim NEVER = new Claim(
            "never", "under the rules too, a child that collects hangs");

    static final List<Option> OPTIONS = List.of();

    /// No code but this one is a child that did what it was forked for.
    private static final int DONE = 7;

    /// Above every threshold of HotSpot's compilers: Tier3BackEdgeThreshold is 60,000.
    private static final int ROUNDS = 100_000;

    /// In arrays of 64 KiB; far less than the young generation of a [ForkingJvm].
    private static final int GARBAGE_BYTES = 8 << 20;
    private static final int ARRAY_BYTES = 64 << 10;

    /// A child hangs when it sleeps, the only thread of its process, and used no CPU and
    /// was not woken from look to look, so often. A wait with an end would end.
    private static final int LOOKS = 8;
    private static final long LOOK_MILLIS = 15;

    // What a child does:
    private static final String EXIT = "calls _exit";
    private static final String COLLECT = "calls System.gc";
    private static final String FILL = "fills its heap";
    private static final String HASH = "hashes";
    private static final String BOTH = "hashes, makes garbage";

    private static volatile byte[] garbage = {};
    private static volatile long hash;

    private record Row(String work, int forks) {}

    /// What became of them.
    private record Seen(int forks, int ended, int hung) {
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
        if (!SubjectMain.isSubject(arguments)) {
            Lab.main("jvm-fork", JvmFork::run, OPTIONS, arguments);
            return;
        }
        SubjectMain.play(JvmFork::parent, arguments);
    }

    /// See [Lab#run].
    ///
    /// @param settings how
    /// @param journal what it writes into
    /// @throws IOException when a JVM cannot be started
    /// @throws InterruptedException when it shall end
    public static void run(Settings settings, Journal journal)
            throws IOException, InterruptedException {
        journal.expect(EXITS, COLLECTS, COMPILES, BESIDE, RULES, NEVER);
        journal.attempt(() -> broken(journal), EXITS, COLLECTS, BESIDE);
        journal.attempt(() -> batch(journal), COMPILES);
        journal.attempt(() -> fixed(journal), RULES, NEVER);
    }

    private static final List<String> BATCH = List.of("-XX:TieredStopAtLevel=4", "-Xbatch");

    // @start region="broken"
    /// Compiles, as it does by default.
    private static final List<String> ORDINARY = List.of("-XX:TieredStopAtLevel=4");

    private static int forkAtOnce(Errno errno) {
        return fork(errno);
    }
    // @end

    // @start region="fixed"
    /// Interprets, in a heap that has room for the child.
    private static final List<String> RULED = ForkingJvm.flags();

    private static int forkByTheRules(Errno errno) {
        new ForkingJvm().collect(); // and waits until all other threads sleep
        return fork(errno);
    }
    // @end

    private static void broken(Journal journal) throws IOException, InterruptedException {
        journal.part("Broken: an ordinary JVM forks");
        List<Seen> seen = see(journal, ORDINARY, new Row(EXIT, 5), new Row(COLLECT, 3),
                new Row(FILL, 3), new Row(HASH, 10));
        Seen exit = seen.getFirst();
        Seen gc = seen.get(1);
        Seen full = seen.get(2);
        journal.judge(EXITS, exit.ended > exit.hung, exit.toString());
        journal.judge(
                COLLECTS, gc.hung == gc.forks && full.hung == full.forks, gc + "; " + full);
        journal.judge(BESIDE, seen.getLast().ended > 0, seen.getLast().toString());
    }

    private static void batch(Journal journal) throws IOException, InterruptedException {
        journal.part("Broken: the same with -Xbatch");
        Seen batch = see(journal, BATCH, new Row(HASH, 3)).getFirst();
        journal.judge(COMPILES, batch.hung == batch.forks, batch.toString());
    }

    private static void fixed(Journal journal) throws IOException, InterruptedException {
        journal.part("Fixed: a JVM under the rules of fork-per-client");
        List<Seen> seen = see(journal, RULED, new Row(BOTH, 20), new Row(COLLECT, 1));
        Seen both = seen.getFirst();
        journal.judge(RULES, both.ended == both.forks, both.toString());
        journal.judge(NEVER, seen.getLast().hung == 1, seen.getLast().toString());
    }

    /// Starts a JVM that forks a child after the other, and looks at each.
    private static List<Seen> see(Journal journal, List<String> flags, Row... rows)
            throws IOException, InterruptedException {
        journal.columns("its child", "forks", "ended", "hung", "in a futex");
        List<String> words = new ArrayList<>(List.of("" + flags.equals(RULED)));
        for (Row row : rows) {
            words.addAll(Collections.nCopies(row.forks, row.work));
        }
        List<Seen> all = new ArrayList<>();
        try (Subject jvm = Subject.start(
                JvmFork.class, flags, new int[0], words.toArray(String[]::new))) {
            for (Row row : rows) {
                int ended = 0;
                int hung = 0;
                int inFutex = 0;
                for (int i = 0; i < row.forks; i++) {
                    String hangsIn = watch(jvm, Task.of(Integer.parseInt(line(jvm, "forked "))));
                    String end = line(jvm, "ended by ");
                    ended += end.equals("exit code " + DONE) ? 1 : 0;
                    hung += !hangsIn.isEmpty() && end.equals("signal " + SIGKILL) ? 1 : 0;
                    inFutex += hangsIn.startsWith("futex") ? 1 : 0;
                }
                journal.row(row.work, row.forks, ended, hung, inFutex);
                all.add(new Seen(row.forks, ended, hung));
            }
        }
        return all;
    }

    private static String line(Subject jvm, String begins) throws IOException {
        String line = jvm.readLine();
        if (line == null || !line.startsWith(begins)) {
            throw jvm.unexpected(line, "'" + begins + "'");
        }
        return line.substring(begins.length());
    }

    /// Waits until a child has ended, or kills it when it hangs. A watch of its own would
    /// hang with it, maybe before its first instruction.
    ///
    /// @return what it hangs in, or nothing
    private static String watch(Subject jvm, Task child) throws InterruptedException {
        long before = -1;
        int looks = 0;
        long end = System.nanoTime() + Look.LONGEST_NANOS;
        while (!jvm.hasSpoken()) { // of its end
            long now = child.voluntarySwitches() + child.cpuTicks();
            looks = child.state() == 'S' && now == before ? looks + 1 : 0;
            before = now;
            if (looks == LOOKS || System.nanoTime() > end) {
                String sleepsIn = looks == LOOKS ? child.sleepsIn() : ""; // or it has no end
                Signal.kill(Errno.allocate(Arena.ofAuto()), (int) child.pid(), SIGKILL);
                return sleepsIn;
            }
            Thread.sleep(LOOK_MILLIS);
        }
        return "";
    }

    /// The JVM that forks.
    private static void parent(List<String> words) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Errno errno = Errno.allocate(arena);
            MemorySegment status = arena.allocate(JAVA_INT);
            endWithTheLab(errno);
            Unistd.close(errno, -1); // links the call site of _exit, which a child could not
            boolean byTheRules = Boolean.parseBoolean(words.getFirst());
            for (String work : words.subList(1, words.size())) {
                int pid = byTheRules ? forkByTheRules(errno) : forkAtOnce(errno);
                if (pid == 0) {
                    work(work);
                    Unistd._exit(errno, DONE);
                }
                System.out.println("forked " + check(pid, "fork"));
                check(SysWait.waitpid(errno, pid, status, 0), "waitpid");
                System.out.println("ended by " + SysWait.describe(status.get(JAVA_INT, 0)));
            }
        }
    }

    /// A child that hangs cannot ask to end with its parent. So the kernel is asked
    /// before: when the lab's end of descriptor 0 is closed, however that comes, it sends
    /// SIGIO to the whole process group, which all children belong to.
    private static void endWithTheLab(Errno errno) throws IOException {
        int group = (int) ProcessHandle.current().pid();
        check(Fcntl.fcntl(errno, 0, Fcntl.F_SETOWN, -group), "fcntl", "F_SETOWN");
        check(Fcntl.fcntl(errno, 0, Fcntl.F_SETFL, Fcntl.O_ASYNC), "fcntl", "F_SETFL");
    }

    private static void work(String work) {
        switch (work) {
            case COLLECT -> System.gc();
            case FILL -> makeGarbage(Long.MAX_VALUE);
            case HASH -> hash();
            case BOTH -> {
                hash();
                makeGarbage(GARBAGE_BYTES);
            }
            default -> {} // no more than _exit
        }
    }

    private static void makeGarbage(long bytes) {
        for (long made = 0; made < bytes; made += garbage.length) {
            garbage = new byte[ARRAY_BYTES];
        }
    }

    private static void hash() {
        for (int i = 0; i < ROUNDS; i++) {
            hash = mix(hash, i);
        }
    }

    private static long mix(long hash, int i) {
        return hash * 31 + (i ^ i >>> 3);
    }
}
