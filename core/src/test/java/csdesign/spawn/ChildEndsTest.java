// SPDX-License-Identifier: MIT
package csdesign.spawn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import csdesign.kit.Log;
import csdesign.kit.TestServers;
import csdesign.posix.Errno;
import csdesign.posix.Signal;
import csdesign.posix.SysPidfd;
import csdesign.posix.SysPoll;
import csdesign.posix.SysWait;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// With a pidfd for each child, and where the kernel refuses it: the child that was started is never
/// forgotten.
class ChildEndsTest {
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldTellHowEachEnded(boolean allowed) throws IOException {
        long before = TestServers.descriptors();
        try (Arena arena = Arena.ofConfined();
                ChildEnds ends = new ChildEnds(new Log("test"), opener(arena, allowed))) {
            int pid = spawn("exit 3");
            ends.add(pid);
            assertThat(ends.count()).isEqualTo(1);
            assertThat(ends.timeoutMillis()).isEqualTo(allowed ? -1 : ChildEnds.LOOK_MILLIS);
            if (allowed) {
                await("readable").pollInSameThread().until(() -> isReadable(ends));
            }
            await("its end").pollInSameThread().until(() -> {
                int status = ends.reap(pid);
                assertThat(status).isIn(-1, 3 << 8);
                return status >= 0;
            });
            assertThat(ends.count()).isZero();
            assertThat(ends.timeoutMillis()).isEqualTo(-1);
            assertThat(isReadable(ends)).isFalse();
        }
        assertThat(TestServers.descriptors()).isEqualTo(before);
    }

    @Test
    void shouldSayThatALivingOneLives() throws IOException {
        try (ChildEnds ends = new ChildEnds(new Log("test"))) {
            int pid = spawn("kill -STOP $$");
            ends.add(pid);
            assertThat(ends.reap(pid)).isEqualTo(-1);
            Signal.kill(Errno.allocate(Arena.ofAuto()), pid, Signal.SIGKILL);
            assertThat(SysWait.describe(ends.await(pid))).isEqualTo("signal 9");
        }
    }

    private static ChildEnds.Opener opener(Arena arena, boolean allowed) {
        Errno errno = Errno.allocate(arena);
        return pid -> allowed ? SysPidfd.pidfd_open(errno, pid, 0) : -Errno.EPERM;
    }

    private static int spawn(String script) throws IOException {
        // What follows the script are its positional parameters.
        JavaProgram shell = new JavaProgram("/bin/sh", List.of("-c", script), List.of(), "", "sh");
        try (Spawner spawner = new Spawner(shell)) {
            return spawner.spawn(List.of(), -1);
        }
    }

    private static boolean isReadable(ChildEnds ends) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment entry = arena.allocate(SysPoll.POLLFD);
            SysPoll.set(entry, 0, ends.fd(), SysPoll.POLLIN);
            return SysPoll.poll(Errno.allocate(arena), entry, 1, 0) == 1;
        }
    }
}
