// SPDX-License-Identifier: MIT
package csdesign.posix;

import static java.lang.foreign.MemorySegment.NULL;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Programs started by posix_spawn, watched, timed, ended and waited for: the programs say what they were given.
class SpawnCallsTest {
    /// A real-time signal that neither the JVM nor the C library uses.
    private static final int IGNORED = 42;

    private static final long SIG_IGN = 1;

    /// The first number that no process of Linux can have: PID_MAX_LIMIT.
    private static final int NOBODY = 1 << 22;

    private final Sandbox box = new Sandbox();
    private final Errno errno = box.errno;
    private final MemorySegment actions = box.arena.allocate(Spawn.FILE_ACTIONS_BYTES, 8);
    private final MemorySegment attributes = box.arena.allocate(Spawn.ATTR_BYTES, 8);
    private final MemorySegment status = box.arena.allocate(JAVA_INT);

    @AfterEach
    void close() {
        box.close();
    }

    @Test
    void shouldHandOverArgumentsEnvironmentAndDescriptors() throws IOException {
        int[] pipe = box.pipe(Fcntl.O_CLOEXEC);
        assertThat(Spawn.posix_spawn_file_actions_init(errno, actions)).isZero();
        assertThat(Spawn.posix_spawn_file_actions_adddup2(errno, actions, pipe[1], 1)).isZero();
        int pid = spawn(NULL, List.of("WORD=environment"),
                "/bin/sh", "-c", "echo $$ $1 $WORD", "sh", "argument");
        assertThat(Spawn.posix_spawn_file_actions_destroy(errno, actions)).isZero();

        assertThat(readToTheEnd(pipe)).isEqualTo(pid + " argument environment\n");
        assertThat(endOf(pid)).isEqualTo("exit code 0");
    }

    @Test
    void shouldStartWithTheSignalsBlockedThatTheAttributesName() throws IOException {
        MemorySegment set = set(SysSignalfd.SIGUSR1);
        assertThat(Spawn.posix_spawnattr_init(errno, attributes)).isZero();
        assertThat(Spawn.posix_spawnattr_setsigmask(errno, attributes, set)).isZero();
        assertThat(signals("SigBlk", attributes) & bit(SysSignalfd.SIGUSR1))
                .as("without the flag").isZero();
        assertThat(Spawn.posix_spawnattr_setflags(
                errno, attributes, Spawn.POSIX_SPAWN_SETSIGMASK)).isZero();
        assertThat(signals("SigBlk", attributes)).isEqualTo(bit(SysSignalfd.SIGUSR1));
        assertThat(Spawn.posix_spawnattr_destroy(errno, attributes)).isZero();
    }

    @Test
    void shouldGiveSignalsTheirDefaultActionThoughTheyAreIgnoredHere() throws IOException {
        MemorySegment ignore = box.arena.allocate(Signal.SIGACTION_BYTES, 8);
        MemorySegment before = box.arena.allocate(Signal.SIGACTION_BYTES, 8);
        ignore.set(JAVA_LONG, 0, SIG_IGN);
        assertThat(Signal.sigaction(errno, IGNORED, ignore, before)).isZero();
        try {
            Spawn.posix_spawnattr_init(errno, attributes);
            assertThat(signals("SigIgn", attributes) & bit(IGNORED)).as("as here").isNotZero();
            assertThat(Spawn.posix_spawnattr_setsigdefault(errno, attributes, set(IGNORED)))
                    .isZero();
            Spawn.posix_spawnattr_setflags(errno, attributes, Spawn.POSIX_SPAWN_SETSIGDEF);
            assertThat(signals("SigIgn", attributes) & bit(IGNORED)).isZero();
            Spawn.posix_spawnattr_destroy(errno, attributes);
        } finally {
            assertThat(Signal.sigaction(errno, IGNORED, before, ignore)).isZero();
        }
        assertThat(ignore.get(JAVA_LONG, 0)).as("the one before").isEqualTo(SIG_IGN);
        assertThat(Signal.sigaction(errno, Signal.SIGKILL, before, NULL)).isEqualTo(-Errno.EINVAL);
    }

    @Test
    void shouldRefuseWhatCannotBeStarted() {
        MemorySegment pid = box.arena.allocateFrom(JAVA_INT, -7);
        MemorySegment absent = box.arena.allocateFrom("/no/such/program");

        assertThat(Spawn.posix_spawn(errno, pid, absent, NULL, NULL, strings("x"), strings()))
                .isEqualTo(-Errno.ENOENT);
        Spawn.posix_spawn_file_actions_init(errno, actions);
        assertThat(Spawn.posix_spawn_file_actions_adddup2(errno, actions, -1, 1))
                .isEqualTo(-Errno.EBADF);
        Spawn.posix_spawn_file_actions_destroy(errno, actions);
        Spawn.posix_spawnattr_init(errno, attributes);
        assertThat(Spawn.posix_spawnattr_setflags(errno, attributes, 0x4000))
                .isEqualTo(-Errno.EINVAL);
        Spawn.posix_spawnattr_destroy(errno, attributes);
    }

    @Test
    void shouldTellHowAChildEnded() throws IOException {
        int pid = spawn(NULL, List.of(), "/bin/sh", "-c", "exit 7");

        assertThat(endOf(pid)).isEqualTo("exit code 7");
        assertThat(SysWait.exitStatus(status.get(JAVA_INT, 0))).isEqualTo(7);
        assertThat(SysWait.termSignal(status.get(JAVA_INT, 0))).isZero();
        assertThat(SysWait.waitpid(errno, pid, status, 0)).as("once only")
                .isEqualTo(-Errno.ECHILD);
    }

    @Test
    void shouldSeeByItsDescriptorThatAChildWasKilled() throws IOException {
        int[] input = box.pipe(Fcntl.O_CLOEXEC);
        int pid = spawnCat(input);
        int fd = box.keep(SysPidfd.pidfd_open(errno, pid, 0));
        assertThat(fd).isPositive();
        assertThat(Fcntl.fcntl(errno, fd, Fcntl.F_GETFD, 0)).isEqualTo(Fcntl.FD_CLOEXEC);
        MemorySegment poll = box.arena.allocate(SysPoll.POLLFD_BYTES, 8);
        SysPoll.set(poll, 0, fd, SysPoll.POLLIN);

        assertThat(SysWait.waitpid(errno, pid, status, SysWait.WNOHANG)).as("lives").isZero();
        assertThat(SysPoll.poll(errno, poll, 1, 0)).as("not readable yet").isZero();
        assertThat(Signal.kill(errno, pid, 0)).as("only asks").isZero();
        assertThat(Signal.kill(errno, pid, Signal.SIGTERM)).isZero();
        assertThat(SysPoll.poll(errno, poll, 1, 10_000)).as("readable at its end").isOne();
        assertThat(SysWait.waitpid(errno, pid, status, SysWait.WNOHANG)).isEqualTo(pid);
        assertThat(SysWait.describe(status.get(JAVA_INT, 0))).isEqualTo("signal 15");
        assertThat(SysWait.termSignal(status.get(JAVA_INT, 0))).isEqualTo(Signal.SIGTERM);
        assertThat(SysPidfd.pidfd_open(errno, -1, 0)).isEqualTo(-Errno.EINVAL);
        assertThat(Signal.kill(errno, NOBODY, 0)).isEqualTo(-Errno.ESRCH);
    }

    @Test
    void shouldCopyADescriptorOfAnotherProcess() throws IOException {
        int[] input = box.pipe(Fcntl.O_CLOEXEC);
        int pid = spawnCat(input);
        int pidfd = box.keep(SysPidfd.pidfd_open(errno, pid, 0));
        int copy = SysPidfd.pidfd_getfd(errno, pidfd, 0, 0);
        assumeTrue(copy != -Errno.EPERM && copy != -Errno.ENOSYS, "ptrace is not allowed here");
        box.keep(copy);

        assertThat(Fcntl.fcntl(errno, copy, Fcntl.F_GETFD, 0)).isEqualTo(Fcntl.FD_CLOEXEC);
        assertThat(SysPidfd.pidfd_getfd(errno, pidfd, 999, 0)).isEqualTo(-Errno.EBADF);
        Unistd.write(errno, input[1], box.bytes("ours"), 4);
        assertThat(SysWait.waitpid(errno, pid, status, SysWait.WNOHANG)).as("lives").isZero();
        Signal.kill(errno, pid, Signal.SIGTERM);
        SysWait.waitpid(errno, pid, status, 0);
        assertThat(Unistd.write(errno, input[1], box.bytes("ours"), 4))
                .as("the copy still reads").isEqualTo(4);
    }

    @Test
    void shouldReadTheProcessorTimeOfAnyProcess() throws IOException {
        int[] input = box.pipe(Fcntl.O_CLOEXEC);
        int cat = spawnCat(input);
        int self = (int) ProcessHandle.current().pid();
        Duration slack = Duration.ofMillis(100); // /proc counts in ticks of 10 ms, of two kinds

        Duration before = ProcessHandle.current().info().totalCpuDuration().orElseThrow();
        Duration ours = cpuTime(self);
        Duration after = ProcessHandle.current().info().totalCpuDuration().orElseThrow();
        assertThat(ours).isBetween(before.minus(slack), after.plus(slack));
        while (cpuTime(cat).isZero()) { // until it has run at all
            Thread.onSpinWait();
        }
        assertThat(cpuTime(cat)).as("that of a small program").isLessThan(ours);

        MemorySegment own = box.arena.allocate(Time.TIMESPEC_BYTES, 8);
        Time.clock_gettime(errno, Time.CLOCK_THREAD_CPUTIME_ID, own);
        assertThat(Duration.ofSeconds(own.get(JAVA_LONG, 0), own.get(JAVA_LONG, 8)))
                .as("this thread's").isPositive().isLessThan(after.plus(slack));

        box.drop(input[1]); // the end of its input
        assertThat(endOf(cat)).isEqualTo("exit code 0");
        MemorySegment clock = box.arena.allocate(JAVA_INT);
        assertThat(Time.clock_getcpuclockid(errno, NOBODY, clock))
                .isEqualTo(-Errno.ESRCH);
        assertThat(Time.clock_gettime(errno, 99, box.arena.allocate(Time.TIMESPEC_BYTES, 8)))
                .isEqualTo(-Errno.EINVAL);
    }

    private Duration cpuTime(int pid) throws IOException {
        MemorySegment clock = box.arena.allocate(JAVA_INT);
        MemorySegment time = box.arena.allocate(Time.TIMESPEC_BYTES, 8);
        Errno.check(Time.clock_getcpuclockid(errno, pid, clock), "clock_getcpuclockid");
        Errno.check(Time.clock_gettime(errno, clock.get(JAVA_INT, 0), time), "clock_gettime");
        return Duration.ofSeconds(time.get(JAVA_LONG, 0), time.get(JAVA_LONG, 8));
    }

    /// A program that waits for the end of its input.
    private int spawnCat(int[] input) throws IOException {
        Spawn.posix_spawn_file_actions_init(errno, actions);
        Spawn.posix_spawn_file_actions_adddup2(errno, actions, input[0], 0);
        int pid = spawn(NULL, List.of(), "/bin/cat");
        Spawn.posix_spawn_file_actions_destroy(errno, actions);
        return pid;
    }

    /// A mask that a new program sees under `/proc/self/status`.
    private long signals(String line, MemorySegment attributes) throws IOException {
        int[] pipe = box.pipe(Fcntl.O_CLOEXEC);
        Spawn.posix_spawn_file_actions_init(errno, actions);
        Spawn.posix_spawn_file_actions_adddup2(errno, actions, pipe[1], 1);
        int pid = spawn(attributes, List.of(), "/bin/cat", "/proc/self/status");
        Spawn.posix_spawn_file_actions_destroy(errno, actions);
        Matcher mask = Pattern.compile(line + ":\\s+(\\p{XDigit}+)").matcher(readToTheEnd(pipe));
        assertThat(mask.find()).as(line).isTrue();
        assertThat(endOf(pid)).isEqualTo("exit code 0");
        return Long.parseUnsignedLong(mask.group(1), 16);
    }

    private int spawn(MemorySegment attributes, List<String> environment, String... command)
            throws IOException {
        MemorySegment pid = box.arena.allocate(JAVA_INT);
        Errno.check(Spawn.posix_spawn(errno, pid, box.arena.allocateFrom(command[0]), actions,
                attributes, strings(command), strings(environment.toArray(String[]::new))),
                "posix_spawn");
        return pid.get(JAVA_INT, 0);
    }

    private String endOf(int pid) throws IOException {
        assertThat(Errno.check(SysWait.waitpid(errno, pid, status, 0), "waitpid")).isEqualTo(pid);
        return SysWait.describe(status.get(JAVA_INT, 0));
    }

    private String readToTheEnd(int[] pipe) {
        box.drop(pipe[1]);
        MemorySegment buffer = box.arena.allocate(8 * 1024);
        long length = 0;
        for (long n = 1; n > 0; length += n) {
            n = Unistd.read(errno, pipe[0], buffer.asSlice(length), buffer.byteSize() - length);
            assertThat(n).isNotNegative();
        }
        return Sandbox.text(buffer, length);
    }

    private MemorySegment strings(String... words) {
        MemorySegment array = box.arena.allocate(ADDRESS, words.length + 1L); // ends with NULL
        for (int i = 0; i < words.length; i++) {
            array.setAtIndex(ADDRESS, i, box.arena.allocateFrom(words[i]));
        }
        return array;
    }

    private MemorySegment set(int signum) {
        MemorySegment set = box.arena.allocate(SysSignalfd.SIGSET_BYTES, 8);
        SysSignalfd.sigemptyset(errno, set);
        SysSignalfd.sigaddset(errno, set, signum);
        return set;
    }

    private static long bit(int signum) {
        return 1L << (signum - 1);
    }
}
