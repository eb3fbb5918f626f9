// SPDX-License-Identifier: MIT
package csdesign.posix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Real-time signals that no other test uses; the handlers stay as long as this JVM lives.
class SignalPipeTest {
    private static final int SIGNAL = 46;
    private static final int OTHER = 47;
    private static final int FLOOD = 48;

    /// As many as a pipe of 64 KiB holds, and more.
    private static final int FLOOD_COUNT = 70_000;

    private static final int PID = (int) ProcessHandle.current().pid();

    @Test
    void shouldTellTheNumbersInTheirOrder() throws IOException {
        try (Sandbox box = new Sandbox()) {
            SignalPipe signals = SignalPipe.open(SIGNAL, OTHER);
            int tid = Unistd.gettid(box.errno);
            for (int signal : new int[] {OTHER, SIGNAL, SIGNAL}) {
                assertThat(Signal.tgkill(box.errno, PID, tid, signal)).isZero();
                assertThat(signals.next()).isEqualTo(signal);
            }
        }
    }

    /// The handler runs in the middle of compiled code, of allocation and of collections, and
    /// none of them may notice.
    @Test
    void shouldDisturbNoThreadAndDropWhatThePipeCannotHold() throws Exception {
        SignalPipe signals = SignalPipe.open(FLOOD);
        CompletableFuture<Integer> tid = new CompletableFuture<>();
        AtomicBoolean done = new AtomicBoolean();
        CompletableFuture<Long> sum = new CompletableFuture<>();
        Thread worker = Thread.ofPlatform().start(() -> {
            try (Sandbox box = new Sandbox()) {
                tid.complete(Unistd.gettid(box.errno));
                long rounds = 0;
                long wrong = 0;
                while (!done.get() || rounds == 0) {
                    long total = 0;
                    for (byte[] each : new byte[][] {new byte[1_000], new byte[10_000]}) {
                        for (int i = 0; i < each.length; i++) {
                            each[i] = 1;
                        }
                        for (byte one : each) {
                            total += one;
                        }
                    }
                    wrong += total == 11_000 ? 0 : 1;
                    rounds++;
                }
                sum.complete(wrong);
            }
        });
        try (Sandbox box = new Sandbox()) {
            for (int i = 0; i < FLOOD_COUNT; i++) {
                int sent;
                do {
                    sent = Signal.tgkill(box.errno, PID, tid.get(), FLOOD);
                } while (sent == -Errno.EAGAIN); // so many wait already: RLIMIT_SIGPENDING
                assertThat(sent).isZero();
            }
        }
        done.set(true);
        worker.join();
        assertThat(sum.get()).as("wrong sums").isZero();
        assertThat(signals.next()).isEqualTo(FLOOD);
    }

    /// Also for the architecture that this machine is not, where the assembler for it is.
    @ParameterizedTest
    @EnumSource(Arch.class)
    void shouldBeWhatTheAssemblerMakes(Arch arch, @TempDir Path folder) throws Exception {
        String prefix = arch.name().toLowerCase(Locale.ROOT) + "-linux-gnu-";
        assumeTrue(isThere(prefix + "as"), "no " + prefix + "as on this machine");
        int fd = 0x1_0042;
        String source = switch (arch) {
            case X86_64 -> """
                    endbr64
                    push %%rdi
                    mov $%d, %%edi
                    mov %%rsp, %%rsi
                    mov $1, %%edx
                    mov $1, %%eax
                    syscall
                    pop %%rax
                    ret
                    """.formatted(fd);
            case AARCH64 -> """
                    bti c
                    str x0, [sp, #-16]!
                    movz w0, #%d
                    movk w0, #%d, lsl #16
                    mov x1, sp
                    mov x2, #1
                    mov x8, #64
                    svc #0
                    add sp, sp, #16
                    ret
                    """.formatted(fd & 0xFFFF, fd >> 16);
        };
        Path assembly = Files.writeString(folder.resolve("handler.s"), source);
        Path object = folder.resolve("handler.o");
        Path code = folder.resolve("handler");
        run(prefix + "as", "-o", object.toString(), assembly.toString());
        run(prefix + "objcopy", "-O", "binary", "-j", ".text", object.toString(), code.toString());

        assertThat(SignalPipe.code(arch, fd)).isEqualTo(Files.readAllBytes(code));
    }

    private static boolean isThere(String program) throws InterruptedException {
        try {
            return new ProcessBuilder(program, "--version").start().waitFor() == 0;
        } catch (IOException absent) {
            return false;
        }
    }

    private static void run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
    }

    @Test
    void shouldKnowWhatIsIgnored() {
        try (Sandbox box = new Sandbox()) {
            assertThat(Signal.isIgnored(box.errno, OTHER + 2)).isFalse();
            Signal.ignore(box.errno, OTHER + 2);
            assertThat(Signal.isIgnored(box.errno, OTHER + 2)).isTrue();
            Signal.restoreDefault(box.errno, OTHER + 2);
            assertThat(Signal.isIgnored(box.errno, OTHER + 2)).isFalse();
        }
    }
}
