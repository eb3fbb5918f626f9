// SPDX-License-Identifier: MIT
package csdesign.posix;

import static java.lang.foreign.MemorySegment.NULL;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Files, descriptors, resources, processors, names and signals: each call's effect is looked at by other means.
class ProcessCallsTest {
    private final Sandbox box = new Sandbox();
    private final Errno errno = box.errno;

    @TempDir
    Path folder;

    @AfterEach
    void close() {
        box.close();
    }

    @Test
    void shouldMakeAPipeThatEndsWhenItsWriterCloses() throws IOException {
        int[] pipe = box.pipe(Fcntl.O_NONBLOCK | Fcntl.O_CLOEXEC);
        MemorySegment buffer = box.arena.allocate(8);

        assertThat(Unistd.read(errno, pipe[0], buffer, 8)).isEqualTo(-Errno.EAGAIN);
        assertThat(Unistd.write(errno, pipe[1], box.bytes("ab"), 2)).isEqualTo(2);
        assertThat(Unistd.read(errno, pipe[0], buffer, 8)).isEqualTo(2);
        assertThat(Sandbox.text(buffer, 2)).isEqualTo("ab");
        assertThat(Unistd.close(errno, pipe[1])).isZero();
        assertThat(Unistd.close(errno, pipe[1])).isEqualTo(-Errno.EBADF);
        assertThat(Unistd.read(errno, pipe[0], buffer, 8)).as("the end").isZero();
        assertThat(Unistd.read(errno, -1, buffer, 8)).isEqualTo(-Errno.EBADF);
        assertThat(Unistd.write(errno, -1, buffer, 8)).isEqualTo(-Errno.EBADF);
        assertThat(Unistd.pipe2(errno, buffer, -1)).isEqualTo(-Errno.EINVAL);
    }

    @Test
    void shouldReadEpipeWhereTheReaderIsGoneAndLiveOn() throws IOException {
        int[] pipe = box.pipe(0);
        Unistd.close(errno, pipe[0]);

        assertThat(Unistd.write(errno, pipe[1], box.bytes("x"), 1)).isEqualTo(-Errno.EPIPE);
    }

    @Test
    void shouldSignalTheOwnerOfADescriptorWhoseOtherEndIsClosed() throws Exception {
        int[] pair = box.pair();
        Process owner = new ProcessBuilder("sleep", "100").start();
        try {
            assertThat(Fcntl.fcntl(errno, pair[0], Fcntl.F_SETOWN, (int) owner.pid())).isZero();
            assertThat(Fcntl.fcntl(errno, pair[0], Fcntl.F_SETFL, Fcntl.O_ASYNC)).isZero();
            assertThat(owner.isAlive()).isTrue();
            box.drop(pair[1]);

            assertThat(owner.waitFor()).isEqualTo(128 + Signal.SIGIO);
        } finally {
            owner.destroyForcibly();
        }
    }

    @Test
    void shouldSayThatThereIsNoProgramToBecome() {
        MemorySegment none = box.arena.allocate(8, 8);

        assertThat(Unistd.execve(errno, box.arena.allocateFrom("/no/such/program"), none, none))
                .isEqualTo(-Errno.ENOENT);
    }

    @Test
    void shouldReadAndChangeTheFlagsOfADescriptor() throws IOException {
        int fd = box.pipe(0)[0];

        assertThat(Fcntl.fcntl(errno, fd, Fcntl.F_GETFD, 0)).isZero();
        assertThat(Fcntl.fcntl(errno, fd, Fcntl.F_SETFD, Fcntl.FD_CLOEXEC)).isZero();
        assertThat(Fcntl.fcntl(errno, fd, Fcntl.F_GETFD, 0)).isEqualTo(Fcntl.FD_CLOEXEC);
        int flags = Fcntl.fcntl(errno, fd, Fcntl.F_GETFL, 0);
        assertThat(Fcntl.fcntl(errno, fd, Fcntl.F_SETFL, flags | Fcntl.O_NONBLOCK)).isZero();
        assertThat(Unistd.read(errno, fd, box.arena.allocate(1), 1)).isEqualTo(-Errno.EAGAIN);
        assertThat(Fcntl.fcntl(errno, -1, Fcntl.F_GETFL, 0)).isEqualTo(-Errno.EBADF);
    }

    @Test
    void shouldSendAPartOfAFile() throws IOException {
        Path path = Files.writeString(folder.resolve("digits"), "0123456789");
        int file = box.keep(Fcntl.open(
                errno, box.arena.allocateFrom(path.toString()), Fcntl.O_RDONLY | Fcntl.O_CLOEXEC));
        assertThat(file).isPositive();
        int[] pair = box.pair();
        MemorySegment offset = box.arena.allocateFrom(JAVA_LONG, 3);
        MemorySegment buffer = box.arena.allocate(16);

        assertThat(SysSendfile.sendfile(errno, pair[0], file, offset, 4)).isEqualTo(4);
        assertThat(offset.get(JAVA_LONG, 0)).isEqualTo(7);
        assertThat(SysSocket.recv(errno, pair[1], buffer, 16, 0)).isEqualTo(4);
        assertThat(Sandbox.text(buffer, 4)).isEqualTo("3456");
        offset.set(JAVA_LONG, 0, 10);
        assertThat(SysSendfile.sendfile(errno, pair[0], file, offset, 4)).as("at its end").isZero();
        assertThat(SysSendfile.sendfile(errno, -1, file, offset, 4)).isEqualTo(-Errno.EBADF);
    }

    @Test
    void shouldSpliceThroughAPipeFromAFileToASocket() throws IOException {
        Path path = Files.writeString(folder.resolve("digits"), "0123456789");
        int file = box.keep(Fcntl.open(
                errno, box.arena.allocateFrom(path.toString()), Fcntl.O_RDWR | Fcntl.O_CLOEXEC));
        int[] pipe = box.pipe(Fcntl.O_CLOEXEC);
        int[] pair = box.pair();
        MemorySegment offset = box.arena.allocateFrom(JAVA_LONG, 3);
        MemorySegment buffer = box.arena.allocate(16);

        assertThat(splice(file, offset, pipe[1])).isEqualTo(4);
        assertThat(offset.get(JAVA_LONG, 0)).isEqualTo(7);
        assertThat(splice(pipe[0], NULL, pair[0])).isEqualTo(4);
        assertThat(SysSocket.recv(errno, pair[1], buffer, 16, 0)).isEqualTo(4);
        assertThat(Sandbox.text(buffer, 4)).isEqualTo("3456");
        assertThat(splice(pipe[0], NULL, pair[0])).as("empty").isEqualTo(-Errno.EAGAIN);
        assertThat(splice(file, NULL, pair[0])).as("no pipe").isEqualTo(-Errno.EINVAL);
        assertThat(splice(pipe[0], offset, pair[0])).as("a pipe has no offset")
                .isEqualTo(-Errno.ESPIPE);
        assertThat(Unistd.write(errno, file, box.bytes("ab"), 2)).as("O_RDWR").isEqualTo(2);
        assertThat(path).hasContent("ab23456789");
        box.drop(pipe[1]);
        assertThat(splice(pipe[0], NULL, pair[0])).as("at its end").isZero();
    }

    private long splice(int from, MemorySegment offset, int to) {
        return Fcntl.splice(errno, from, offset, to, NULL, 4,
                Fcntl.SPLICE_F_MOVE | Fcntl.SPLICE_F_NONBLOCK | Fcntl.SPLICE_F_MORE);
    }

    @Test
    void shouldMakeAPipeAsLargeAsItAnswers() throws IOException {
        int[] pipe = box.pipe(Fcntl.O_CLOEXEC | Fcntl.O_NONBLOCK);
        int page = Fcntl.fcntl(errno, pipe[1], Fcntl.F_SETPIPE_SZ, 1);
        MemorySegment bytes = box.arena.allocate(4L * page);

        assertThat(Unistd.write(errno, pipe[1], bytes, 4L * page)).isEqualTo(page);
        assertThat(Unistd.write(errno, pipe[1], bytes, 1)).isEqualTo(-Errno.EAGAIN);
        assertThat(Fcntl.fcntl(errno, pipe[1], Fcntl.F_SETPIPE_SZ, 2 * page + 1))
                .isEqualTo(4 * page);
        assertThat(Fcntl.fcntl(errno, pipe[0], Fcntl.F_GETPIPE_SZ, 0)).isEqualTo(4 * page);
        assertThat(Unistd.write(errno, pipe[1], bytes, 4L * page)).isEqualTo(3L * page);
    }

    @Test
    void shouldWriteSeveralBuffersAtOnce() throws IOException {
        int[] pipe = box.pipe(Fcntl.O_CLOEXEC);
        MemorySegment vector = box.arena.allocate(2L * SysSocket.IOVEC_BYTES, 8);
        vector.set(ADDRESS, 0, box.bytes("abc"));
        vector.set(JAVA_LONG, 8, 3);
        vector.set(ADDRESS, 16, box.bytes("defgh"));
        vector.set(JAVA_LONG, 24, 4);
        MemorySegment buffer = box.arena.allocate(16);

        assertThat(SysUio.writev(errno, pipe[1], vector, 2)).isEqualTo(7);
        assertThat(Unistd.read(errno, pipe[0], buffer, 16)).isEqualTo(7);
        assertThat(Sandbox.text(buffer, 7)).isEqualTo("abcdefg");
        assertThat(SysUio.writev(errno, pipe[1], vector, 1_025)).isEqualTo(-Errno.EINVAL);
        assertThat(SysUio.writev(errno, -1, vector, 2)).isEqualTo(-Errno.EBADF);
    }

    @Test
    void shouldNotOpenWhatIsNotThere() {
        MemorySegment path = box.arena.allocateFrom(folder.resolve("absent").toString());

        assertThat(Fcntl.open(errno, path, Fcntl.O_RDONLY)).isEqualTo(-Errno.ENOENT);
    }

    @Test
    void shouldReadWhatThisProcessHasCost() {
        MemorySegment before = box.arena.allocate(SysResource.RUSAGE_BYTES, 8);
        MemorySegment after = box.arena.allocate(SysResource.RUSAGE_BYTES, 8);
        assertThat(SysResource.getrusage(errno, SysResource.RUSAGE_THREAD, before)).isZero();
        long sum = 0;
        do {
            for (int i = 0; i < 1_000_000; i++) {
                sum += Long.hashCode(sum + i);
            }
            SysResource.getrusage(errno, SysResource.RUSAGE_THREAD, after);
        } while (micros(after, SysResource.RU_UTIME)
                - micros(before, SysResource.RU_UTIME) < 5_000);
        assertThat(sum).isNotEqualTo(-1);

        assertThat(SysResource.getrusage(errno, SysResource.RUSAGE_SELF, after)).isZero();
        assertThat(after.get(JAVA_LONG, SysResource.RU_MAXRSS)).as("KiB").isBetween(10_000L,
                1L << 30);
        assertThat(after.get(JAVA_LONG, SysResource.RU_NVCSW)).isPositive();
        assertThat(after.get(JAVA_LONG, SysResource.RU_NIVCSW)).isNotNegative();
        assertThat(micros(after, SysResource.RU_STIME)).isPositive();
        assertThat(SysResource.getrusage(errno, SysResource.RUSAGE_CHILDREN, after)).isZero();
        assertThat(SysResource.getrusage(errno, 77, after)).isEqualTo(-Errno.EINVAL);
    }

    private static long micros(MemorySegment usage, int timeval) {
        return usage.get(JAVA_LONG, timeval) * 1_000_000 + usage.get(JAVA_LONG, timeval + 8);
    }

    @Test
    void shouldReadTheLimitOnDescriptorsThatProcShows() throws IOException {
        MemorySegment limit = box.arena.allocate(SysResource.RLIMIT_BYTES, 8);
        assertThat(SysResource.getrlimit(errno, SysResource.RLIMIT_NOFILE, limit)).isZero();

        String line = Files.readAllLines(Path.of("/proc/self/limits"))
                .stream()
                .filter(each -> each.startsWith("Max open files"))
                .findFirst()
                .orElseThrow();
        assertThat(line.split("\\s{2,}", -1)[1]).isEqualTo(Long.toString(limit.get(JAVA_LONG, 0)));
        assertThat(line.split("\\s{2,}", -1)[2]).isEqualTo(Long.toString(limit.get(JAVA_LONG, 8)));
        assertThat(SysResource.getrlimit(errno, 99, limit)).isEqualTo(-Errno.EINVAL);
    }

    @Test
    void shouldLowerTheSoftLimitAndRaiseItAgain() {
        MemorySegment before = box.arena.allocate(SysResource.RLIMIT_BYTES, 8);
        MemorySegment limit = box.arena.allocate(SysResource.RLIMIT_BYTES, 8);
        MemorySegment now = box.arena.allocate(SysResource.RLIMIT_BYTES, 8);
        SysResource.getrlimit(errno, SysResource.RLIMIT_NOFILE, before);
        limit.copyFrom(before);
        limit.set(JAVA_LONG, 0, before.get(JAVA_LONG, 0) - 1);

        try {
            assertThat(SysResource.setrlimit(errno, SysResource.RLIMIT_NOFILE, limit)).isZero();
            SysResource.getrlimit(errno, SysResource.RLIMIT_NOFILE, now);
            assertThat(now.mismatch(limit)).isEqualTo(-1);
        } finally {
            assertThat(SysResource.setrlimit(errno, SysResource.RLIMIT_NOFILE, before)).isZero();
        }
        SysResource.getrlimit(errno, SysResource.RLIMIT_NOFILE, now);
        assertThat(now.mismatch(before)).isEqualTo(-1);
        limit.set(JAVA_LONG, 0, 8);
        limit.set(JAVA_LONG, 8, 7);
        assertThat(SysResource.setrlimit(errno, SysResource.RLIMIT_NOFILE, limit))
                .as("soft above hard").isEqualTo(-Errno.EINVAL);
    }

    @Test
    void shouldGiveAnOpenFileASecondNumber() throws IOException {
        int[] pipe = box.pipe(Fcntl.O_CLOEXEC);
        int[] other = box.pipe(Fcntl.O_CLOEXEC);
        MemorySegment buffer = box.arena.allocate(8);

        assertThat(Unistd.dup2(errno, pipe[1], other[1])).isEqualTo(other[1]);
        assertThat(Unistd.read(errno, other[0], buffer, 8)).as("its writer was closed").isZero();
        assertThat(Unistd.write(errno, other[1], box.bytes("ab"), 2)).isEqualTo(2);
        assertThat(Unistd.read(errno, pipe[0], buffer, 8)).isEqualTo(2);
        assertThat(Fcntl.fcntl(errno, other[1], Fcntl.F_GETFD, 0)).as("survives execve").isZero();
        assertThat(Unistd.dup2(errno, -1, other[1])).isEqualTo(-Errno.EBADF);
        assertThat(Unistd.write(errno, other[1], box.bytes("c"), 1)).as("still there").isOne();
    }

    @Test
    void shouldPinAThreadAndLetItGoAgain() {
        MemorySegment all = box.arena.allocate(Sched.CPU_SET_BYTES, 8);
        MemorySegment one = box.arena.allocate(Sched.CPU_SET_BYTES, 8);
        MemorySegment now = box.arena.allocate(Sched.CPU_SET_BYTES, 8);
        assertThat(Sched.sched_getaffinity(errno, 0, Sched.CPU_SET_BYTES, all)).isNotNegative();
        int cpu = 0;
        while ((all.get(JAVA_BYTE, cpu / 8) >> (cpu % 8) & 1) == 0) {
            cpu++;
        }
        one.set(JAVA_BYTE, cpu / 8, (byte) (1 << (cpu % 8)));

        try {
            assertThat(Sched.sched_setaffinity(errno, 0, Sched.CPU_SET_BYTES, one)).isZero();
            Sched.sched_getaffinity(errno, 0, Sched.CPU_SET_BYTES, now);
            assertThat(now.mismatch(one)).isEqualTo(-1);
        } finally {
            Sched.sched_setaffinity(errno, 0, Sched.CPU_SET_BYTES, all);
        }
        Sched.sched_getaffinity(errno, 0, Sched.CPU_SET_BYTES, now);
        assertThat(now.mismatch(all)).isEqualTo(-1);
        one.fill((byte) 0);
        assertThat(Sched.sched_setaffinity(errno, 0, Sched.CPU_SET_BYTES, one))
                .as("no processor at all").isEqualTo(-Errno.EINVAL);
        assertThat(Sched.sched_getaffinity(errno, 0, 1, now)).isEqualTo(-Errno.EINVAL);
    }

    @Test
    void shouldCopyADescriptorOfAProcess() throws IOException {
        int self = box.keep(SysPidfd.pidfd_open(
                errno, (int) ProcessHandle.current().pid(), 0));
        int[] ends = box.pipe(Fcntl.O_CLOEXEC);
        int copy = box.keep(Errno.check(
                SysPidfd.pidfd_getfd(errno, self, ends[1], 0), "pidfd_getfd"));
        assertThat(copy).isNotEqualTo(ends[1]);
        assertThat(Fcntl.fcntl(errno, copy, Fcntl.F_GETFD, 0)).isEqualTo(Fcntl.FD_CLOEXEC);
        box.drop(ends[1]);
        Unistd.write(errno, copy, box.bytes("x"), 1);
        MemorySegment read = box.arena.allocate(1);
        assertThat(Unistd.read(errno, ends[0], read, 1)).isEqualTo(1);
        assertThat(Sandbox.text(read, 1)).isEqualTo("x");
        assertThat(SysPidfd.pidfd_getfd(errno, self, ends[1], 0)).isEqualTo(-Errno.EBADF);
    }

    @Test
    void shouldNameAThread() throws Exception {
        Thread thread = new Thread(() -> {
            try (Sandbox own = new Sandbox()) {
                MemorySegment name = own.arena.allocateFrom("csdesign-named");
                MemorySegment read = own.arena.allocate(16);
                assertThat(SysPrctl.prctl(
                        own.errno, SysPrctl.PR_SET_NAME, name.address(), 0, 0, 0)).isZero();
                assertThat(SysPrctl.prctl(
                        own.errno, SysPrctl.PR_GET_NAME, read.address(), 0, 0, 0)).isZero();
                assertThat(read.getString(0)).isEqualTo("csdesign-named");
                assertThat(Files.readString(Path.of("/proc/thread-self/comm")))
                        .isEqualTo("csdesign-named\n");
                assertThat(SysPrctl.prctl(own.errno, -1, 0, 0, 0, 0)).isEqualTo(-Errno.EINVAL);
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
        Throwable[] failure = new Throwable[1];
        thread.setUncaughtExceptionHandler((_, thrown) -> failure[0] = thrown);
        thread.start();
        thread.join();
        assertThat(failure[0]).isNull();
    }

    @Test
    void shouldBlockASignalMakeItsDescriptorAndCloseIt() {
        MemorySegment set = box.arena.allocate(SysSignalfd.SIGSET_BYTES, 8);
        MemorySegment before = box.arena.allocate(SysSignalfd.SIGSET_BYTES, 8);
        MemorySegment now = box.arena.allocate(SysSignalfd.SIGSET_BYTES, 8);
        set.fill((byte) 0xff);
        assertThat(SysSignalfd.sigemptyset(errno, set)).isZero();
        assertThat(set.get(JAVA_LONG, 0)).isZero();
        assertThat(SysSignalfd.sigaddset(errno, set, SysSignalfd.SIGUSR1)).isZero();
        assertThat(set.get(JAVA_LONG, 0)).isEqualTo(1L << (SysSignalfd.SIGUSR1 - 1));
        assertThat(SysSignalfd.sigaddset(errno, set, 999)).isEqualTo(-Errno.EINVAL);

        assertThat(SysSignalfd.pthread_sigmask(errno, SysSignalfd.SIG_BLOCK, set, before)).isZero();
        try {
            SysSignalfd.pthread_sigmask(errno, SysSignalfd.SIG_BLOCK, set, now);
            assertThat(now.get(JAVA_LONG, 0) & set.get(JAVA_LONG, 0)).isNotZero();
            int fd = box.keep(SysSignalfd.signalfd(
                    errno, -1, set, SysSignalfd.SFD_NONBLOCK | SysSignalfd.SFD_CLOEXEC));
            assertThat(fd).isPositive();
            assertThat(Unistd.read(
                    errno, fd, box.arena.allocate(SysSignalfd.SIGINFO_BYTES, 8),
                    SysSignalfd.SIGINFO_BYTES)).as("no signal").isEqualTo(-Errno.EAGAIN);
        } finally {
            SysSignalfd.pthread_sigmask(errno, SysSignalfd.SIG_UNBLOCK, set, MemorySegment.NULL);
        }
        SysSignalfd.pthread_sigmask(errno, SysSignalfd.SIG_UNBLOCK, set, now);
        assertThat(now.get(JAVA_LONG, 0)).isEqualTo(before.get(JAVA_LONG, 0));
        assertThat(SysSignalfd.pthread_sigmask(errno, 77, set, MemorySegment.NULL))
                .as("answers the number itself").isEqualTo(Errno.EINVAL);
        assertThat(SysSignalfd.signalfd(errno, 1_000_000, set, 0)).isEqualTo(-Errno.EBADF);
    }
}
