// SPDX-License-Identifier: MIT
package csdesign.spawn;

import static org.assertj.core.api.Assertions.assertThat;

import csdesign.posix.Errno;
import csdesign.posix.Signal;
import csdesign.posix.SysMman;
import csdesign.posix.SysSignalfd;
import csdesign.posix.SysWait;
import csdesign.posix.Unistd;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/// What a program that is started begins with does not depend on what this process was started with.
class SpawnerTest {
    /// Real-time signals that no other test uses.
    private static final int IGNORED = 50;
    private static final int BLOCKED_HERE = 51;
    private static final int BLOCKED_THERE = 52;

    @Test
    void shouldSetWhatIsBlockedAndIgnoreNothing() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Errno errno = Errno.allocate(arena);
            MemorySegment before = arena.allocate(SysSignalfd.SIGSET_BYTES, 8);
            MemorySegment set = arena.allocate(SysSignalfd.SIGSET_BYTES, 8);
            SysSignalfd.sigemptyset(errno, set);
            SysSignalfd.sigaddset(errno, set, BLOCKED_HERE);
            SysSignalfd.pthread_sigmask(errno, SysSignalfd.SIG_BLOCK, set, before);
            Signal.ignore(errno, IGNORED);
            try {
                String status = statusOfAChild(arena, errno, BLOCKED_THERE);
                assertThat(status).contains("SigBlk:\t" + mask(BLOCKED_THERE) + "\n")
                        // The C library's own two, which it has ignored meanwhile.
                        .contains("SigIgn:\t0000000180000000\n");
            } finally {
                Signal.restoreDefault(errno, IGNORED);
                SysSignalfd.pthread_sigmask(errno, SysSignalfd.SIG_SETMASK, before,
                        MemorySegment.NULL);
            }
        }
    }

    private static String mask(int signal) {
        return String.format("%016x", 1L << (signal - 1));
    }

    /// Written by cat into a file in memory, since a child has standard output alone.
    private static String statusOfAChild(Arena arena, Errno errno, int blocked)
            throws IOException {
        int file = Errno.check(
                SysMman.memfd_create(errno, arena.allocateFrom("status"), SysMman.MFD_CLOEXEC),
                "memfd_create");
        JavaProgram shell = new JavaProgram(
                "/bin/sh", List.of("-c", "exec cat /proc/self/status >&3"), List.of(), "",
                "sh");
        try (Spawner spawner = new Spawner(shell, blocked)) {
            int pid = spawner.spawn(List.of(), -1, file);
            MemorySegment status = arena.allocate(ValueLayout.JAVA_INT);
            assertThat(SysWait.waitpid(errno, pid, status, 0)).isEqualTo(pid);
            assertThat(SysWait.describe(status.get(ValueLayout.JAVA_INT, 0)))
                    .isEqualTo("exit code 0");
            return Files.readString(Path.of("/proc/self/fd/" + file));
        } finally {
            Unistd.close(errno, file);
        }
    }
}
