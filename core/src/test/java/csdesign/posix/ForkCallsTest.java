// SPDX-License-Identifier: MIT
package csdesign.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Calls that need a process of their own: fork, execv and _exit, and locks between processes. The JVM of the
/// tests has a compiler and many threads, none of which a fork of it would have: each call is made in a small
/// JVM, whose output and exit value tell what it did.
class ForkCallsTest {
    private static final VarHandle WORD = JAVA_INT.varHandle();

    private final Sandbox box = new Sandbox();
    private final Arena shared = Arena.ofShared();
    private final Errno errno = box.errno;

    @AfterEach
    void close() {
        shared.close();
        box.close();
    }

    @Test
    void shouldForkAChildThatRunsOnByItself() throws Exception {
        Ended parent = run("fork");

        assertThat(parent.output()).isEqualTo("child ended, exit code 7\n");
        assertThat(parent.exitValue()).isZero();
    }

    @Test
    void shouldBecomeAnotherProgram() throws Exception {
        Ended program = run("execv");

        assertThat(program.output()).as("the same process").isEqualTo(program.pid() + " became\n");
        assertThat(program.exitValue()).isZero();
    }

    @Test
    void shouldStayWhatItIsWhereThereIsNoProgram() {
        MemorySegment path = box.arena.allocateFrom("/no/such/program");
        MemorySegment arguments = box.arena.allocate(ADDRESS, 2);
        arguments.set(ADDRESS, 0, path);

        assertThat(Unistd.execv(errno, path, arguments)).isEqualTo(-Errno.ENOENT);
    }

    @Test
    void shouldExitAtOnceWithoutShutdownHooks() throws Exception {
        Ended ended = run("_exit");

        assertThat(ended.output()).isEqualTo("hook added\n");
        assertThat(ended.exitValue()).isEqualTo(3);
    }

    @Test
    void shouldLockAFileAgainstOtherProcesses() throws Exception {
        int fd = memory(1);
        MemorySegment flock = box.arena.allocate(Fcntl.FLOCK_BYTES, 8);
        flock.set(JAVA_SHORT, 0, (short) Fcntl.F_WRLCK);

        assertThat(run("tryLock", nameOf(fd)).output()).isEqualTo("free\n");
        assertThat(Fcntl.lock(errno, fd, Fcntl.F_SETLKW, flock)).isZero();
        assertThat(run("tryLock", nameOf(fd)).output()).isEqualTo("taken\n");
        flock.set(JAVA_SHORT, 0, (short) Fcntl.F_UNLCK);
        assertThat(Fcntl.lock(errno, fd, Fcntl.F_SETLKW, flock)).isZero();
        assertThat(run("tryLock", nameOf(fd)).output()).isEqualTo("free\n");
        assertThat(Fcntl.lock(errno, -1, Fcntl.F_SETLKW, flock)).isEqualTo(-Errno.EBADF);
    }

    @Test
    void shouldTakeAMutexFromAProcessThatDied() throws Exception {
        int fd = memory(Pthread.MUTEX_BYTES);
        MemorySegment mutex = sharedMutex(fd, Pthread.PTHREAD_MUTEX_ROBUST);

        assertThat(run("dieWithMutex", nameOf(fd)).exitValue()).isZero();
        assertThat(Pthread.pthread_mutex_lock(errno, mutex)).isEqualTo(-Errno.EOWNERDEAD);
        assertThat(Pthread.pthread_mutex_consistent(errno, mutex)).isZero();
        assertThat(Pthread.pthread_mutex_unlock(errno, mutex)).isZero();
        assertThat(run("dieWithMutex", nameOf(fd)).exitValue()).as("usable again").isZero();
    }

    /// Without PTHREAD_PROCESS_SHARED the other one sleeps on, unless the mutex is robust: glibc shares those always.
    @Test
    void shouldWakeAnotherProcessThatWaitsForTheMutex() throws Exception {
        int fd = memory(Pthread.MUTEX_BYTES);
        MemorySegment mutex = sharedMutex(fd, 0);
        assertThat(Pthread.pthread_mutex_lock(errno, mutex)).isZero();

        Process waiting = start("waitForMutex", nameOf(fd));
        try {
            // glibc: 2 in the first word is a lock that somebody sleeps for.
            await().until(() -> !waiting.isAlive() || (int) WORD.getVolatile(mutex, 0L) == 2);
            assertThat(waiting.isAlive()).isTrue();
            assertThat(Pthread.pthread_mutex_unlock(errno, mutex)).isZero();
            assertThat(ended(waiting).output()).isEqualTo("got it\n");
        } finally {
            waiting.destroyForcibly();
        }
    }

    private MemorySegment sharedMutex(int fd, int robustness) throws IOException {
        MemorySegment mutex = map(nameOf(fd), shared);
        MemorySegment attributes = box.arena.allocate(Pthread.MUTEXATTR_BYTES, 8);
        Pthread.pthread_mutexattr_init(errno, attributes);
        assertThat(Pthread.pthread_mutexattr_setpshared(
                errno, attributes, Pthread.PTHREAD_PROCESS_SHARED)).isZero();
        Pthread.pthread_mutexattr_setrobust(errno, attributes, robustness);
        assertThat(Pthread.pthread_mutex_init(errno, mutex, attributes)).isZero();
        return mutex;
    }

    private int memory(long bytes) throws IOException {
        int fd = box.keep(Errno.check(SysMman.memfd_create(
                errno, box.arena.allocateFrom("test"), SysMman.MFD_CLOEXEC), "memfd_create"));
        Errno.check(Unistd.ftruncate(errno, fd, bytes), "ftruncate");
        return fd;
    }

    /// By which another process can open it.
    private static String nameOf(int fd) {
        return "/proc/" + ProcessHandle.current().pid() + "/fd/" + fd;
    }

    private static MemorySegment map(String file, Arena arena) throws IOException {
        try (RandomAccessFile opened = new RandomAccessFile(file, "rw");
                FileChannel channel = opened.getChannel()) {
            return channel.map(FileChannel.MapMode.READ_WRITE, 0, channel.size(), arena);
        }
    }

    private record Ended(long pid, String output, int exitValue) {}

    private static Ended run(String... arguments) throws Exception {
        return ended(start(arguments));
    }

    private static Process start(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xint", "-XX:+UseSerialGC", "-Xrs", "-XX:-UsePerfData", "-Xmx32m",
                "--enable-native-access=ALL-UNNAMED", "-cp",
                folderOf(Unistd.class) + ":" + folderOf(Small.class), Small.class.getName()));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command).redirectErrorStream(true).start();
    }

    private static Ended ended(Process process) throws Exception {
        try {
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).as("ended by itself").isTrue();
            String output = new String(process.getInputStream().readAllBytes(), UTF_8);
            return new Ended(process.pid(), output, process.exitValue());
        } finally {
            process.destroyForcibly();
        }
    }

    private static Path folderOf(Class<?> type) throws Exception {
        return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
    }

    /// The main class of the small JVM.
    static final class Small {
        private Small() {}

        public static void main(String... arguments) throws IOException {
            Arena arena = Arena.global();
            Errno errno = Errno.allocate(arena);
            switch (arguments[0]) {
                case "fork" -> fork(arena, errno);
                case "execv" -> {
                    MemorySegment argv = arena.allocate(ADDRESS, 6);
                    String[] words = {"/bin/sh", "-c", "echo $$ $1", "sh", "became"};
                    for (int i = 0; i < words.length; i++) {
                        argv.setAtIndex(ADDRESS, i, arena.allocateFrom(words[i]));
                    }
                    System.out.println(Unistd.execv(errno, argv.get(ADDRESS, 0), argv));
                }
                case "_exit" -> {
                    Runtime.getRuntime()
                            .addShutdownHook(new Thread(() -> System.out.println("hook ran")));
                    System.out.println("hook added");
                    Unistd._exit(errno, 3);
                }
                case "tryLock" -> {
                    try (RandomAccessFile file = new RandomAccessFile(arguments[1], "rw");
                            FileLock lock = file.getChannel().tryLock()) {
                        System.out.println(lock == null ? "taken" : "free");
                    }
                }
                case "dieWithMutex" -> {
                    MemorySegment mutex = map(arguments[1], arena);
                    Unistd._exit(errno, -Pthread.pthread_mutex_lock(errno, mutex));
                }
                case "waitForMutex" -> {
                    int result = Pthread.pthread_mutex_lock(errno, map(arguments[1], arena));
                    System.out.println(result == 0 ? "got it" : Errno.name(-result));
                }
                default -> throw new IllegalArgumentException(arguments[0]);
            }
        }

        /// The child tells its parent by its exit code alone whether it is its child.
        private static void fork(Arena arena, Errno errno) throws IOException {
            MemorySegment status = arena.allocate(JAVA_INT);
            MemorySegment poll = arena.allocate(SysPoll.POLLFD_BYTES, 8);
            int parent = (int) ProcessHandle.current().pid();
            // What the child calls is linked before: there is no thread to help it.
            Unistd.getppid(errno);
            Unistd.close(errno, -1); // as _exit is to be called, with an int
            int pid = Errno.check(Unistd.fork(errno), "fork");
            if (pid == 0) {
                Unistd._exit(errno, Unistd.getppid(errno) == parent ? 7 : 8);
            }
            int fd = Errno.check(SysPidfd.pidfd_open(errno, pid, 0), "pidfd_open");
            SysPoll.set(poll, 0, fd, SysPoll.POLLIN);
            if (SysPoll.poll(errno, poll, 1, 10_000) != 1) {
                Signal.kill(errno, pid, Signal.SIGKILL); // a child may hang: the parent watches
            }
            Errno.check(SysWait.waitpid(errno, pid, status, 0), "waitpid");
            System.out.println("child ended, " + SysWait.describe(status.get(JAVA_INT, 0)));
        }
    }
}
