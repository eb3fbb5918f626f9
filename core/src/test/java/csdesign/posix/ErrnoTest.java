// SPDX-License-Identifier: MIT
package csdesign.posix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class ErrnoTest {
    @Test
    void shouldLetAResultPass() throws IOException {
        assertThat(Errno.check(0, "close")).isZero();
        assertThat(Errno.check(1L << 40, "sendfile")).isEqualTo(1L << 40);
        assertThatThrownBy(() -> Errno.check((long) -Errno.EPIPE, "sendfile"))
                .hasMessage("sendfile(): EPIPE (32): Broken pipe");
        assertThat(Errno.check(Integer.MAX_VALUE, "read")).isEqualTo(Integer.MAX_VALUE);
    }

    @Test
    void shouldExplainAFailureInOneLine() {
        assertThatThrownBy(() -> Errno.check(-Errno.EEXIST, "epoll_ctl", "ADD", "fd", 7))
                .isInstanceOf(PosixException.class)
                .hasMessage("epoll_ctl(ADD, fd=7): EEXIST (17): File exists");
        assertThatThrownBy(() -> Errno.check(-Errno.EMFILE, "eventfd"))
                .hasMessage("eventfd(): EMFILE (24): Too many open files");
        assertThatThrownBy(() -> Errno.check(-Errno.EINVAL, "f", "a", 1, "B", 2, "c"))
                .hasMessage("f(a=1, B, 2, c): EINVAL (22): Invalid argument");
        assertThatThrownBy(() -> Errno.check(-999, "f"))
                .hasMessage("f(): errno 999 (999): Unknown error 999");
        assertThatThrownBy(() -> Errno.check(-Errno.EBADF, "close"))
                .isInstanceOfSatisfying(PosixException.class,
                        e -> assertThat(e.errno()).isEqualTo(Errno.EBADF));
    }

    @Test
    void shouldSayAResultAsANumberOrAsTheSymbolOfItsError() {
        assertThat(Errno.say(0)).isEqualTo("0");
        assertThat(Errno.say(1L << 40)).isEqualTo("1099511627776");
        assertThat(Errno.say(-Errno.ECONNRESET)).isEqualTo("ECONNRESET (104)");
        assertThat(Errno.say(-999L)).isEqualTo("errno 999 (999)");
    }

    @Test
    void shouldNotMixTheErrorsOfTwoThreads() throws Exception {
        CyclicBarrier together = new CyclicBarrier(2);
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            List<Future<Integer>> failures = threads.invokeAll(List.of(
                    failing(together, -Errno.EBADF,
                            errno -> Unistd.close(errno, -1)),
                    failing(together, -Errno.EINVAL,
                            errno -> Unistd.pipe2(errno, MemorySegment.NULL, -1))));
            for (Future<Integer> each : failures) {
                assertThat(each.get()).as("wrong errors").isZero();
            }
        }
    }

    private interface Call {
        int on(Errno errno);
    }

    private static Callable<Integer> failing(CyclicBarrier together, int expected, Call call) {
        return () -> {
            try (Arena arena = Arena.ofConfined()) {
                Errno errno = Errno.allocate(arena);
                int wrong = 0;
                together.await();
                for (int i = 0; i < 20_000; i++) {
                    wrong += call.on(errno) == expected ? 0 : 1;
                }
                return wrong;
            }
        };
    }

    @Test
    void shouldKnowTheArchitectureThatItRunsOn() {
        assertThat(Arch.current().name().toLowerCase(java.util.Locale.ROOT))
                .isEqualTo(System.getProperty("os.arch").replace("amd64", "x86_64"));
        assertThat(SysEpoll.EVENT_BYTES).isEqualTo(SysEpoll.eventBytes(Arch.current()));
        assertThat(SysEpoll.eventBytes(Arch.X86_64)).isEqualTo(12);
        assertThat(SysEpoll.eventBytes(Arch.AARCH64)).isEqualTo(16);
    }
}
