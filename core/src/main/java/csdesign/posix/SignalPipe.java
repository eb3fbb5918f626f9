// SPDX-License-Identifier: MIT
package csdesign.posix;

import static csdesign.posix.Errno.check;
import static csdesign.posix.SysMman.MAP_ANONYMOUS;
import static csdesign.posix.SysMman.MAP_PRIVATE;
import static csdesign.posix.SysMman.PROT_EXEC;
import static csdesign.posix.SysMman.PROT_READ;
import static csdesign.posix.SysMman.PROT_WRITE;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// A pipe into which the handler of some signals writes their numbers: the self-pipe
/// trick.
///
/// ```text
///   kill(2) --> handler, on whichever thread the kernel picks --write(2)--> pipe --> next()
/// ```
/// **Why it is here.** For each signal the JDK starts a thread, which runs the Java
/// handler. When the system has no thread left (RLIMIT_NPROC, pids.max) the JDK prints
/// "OutOfMemoryError occurred dispatching signal" and drops the signal: a server at its
/// limit could not be told to stop. [SysSignalfd] works only when the signals are blocked
/// in every thread of the JVM, and so they must be blocked before the JVM starts.
///
/// **How.** A handler may call only functions that are async-signal-safe,
/// signal-safety(7). No Java method is, and no function of the C library writes its
/// argument into a descriptor. So the handler is a page of machine code: push the number,
/// write(2) one byte of it, pop, return. It leaves errno as it is, because it makes the
/// system call itself.
///
/// A signal that finds the pipe full is dropped: thousands of others are then waiting in
/// the pipe.
@SuppressWarnings("restricted")
public final class SignalPipe {
    private static final long PAGE_BYTES = 4096;

    private final Errno errno = Errno.allocate(Arena.global());
    private final MemorySegment number = Arena.global().allocate(1);
    private final MemorySegment signals = Arena.global().allocate(SysSignalfd.SIGSET_BYTES, 8);
    private final int reading;

    private SignalPipe(int... signums) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment ends = arena.allocate(JAVA_INT, 2);
            check(Unistd.pipe2(errno, ends, Fcntl.O_CLOEXEC), "pipe2");
            reading = ends.getAtIndex(JAVA_INT, 0);
            int writing = ends.getAtIndex(JAVA_INT, 1);
            check(Fcntl.fcntl(errno, writing, Fcntl.F_SETFL, Fcntl.O_NONBLOCK), "fcntl",
                    "F_SETFL");
            MemorySegment handler = executable(code(Arch.current(), writing));
            SysSignalfd.sigemptyset(errno, signals);
            for (int signum : signums) {
                SysSignalfd.sigaddset(errno, signals, signum);
                check(Signal.handleBy(errno, signum, handler), "sigaction", "signal", signum);
            }
        }
    }

    /// Handles signals so from now on, as long as the process lives.
    ///
    /// @param signums their numbers; what handled them before handles them no more
    /// @return the pipe, for one thread
    /// @throws IOException when there is no descriptor or no memory for it
    public static SignalPipe open(int... signums) throws IOException {
        return new SignalPipe(signums);
    }

    /// Lets the signals reach the calling thread, and so the process, also when it was
    /// started with them blocked.
    public void unblock() {
        SysSignalfd.pthread_sigmask(errno, SysSignalfd.SIG_UNBLOCK, signals, MemorySegment.NULL);
    }

    /// Waits for the next signal.
    ///
    /// @return its number
    /// @throws IOException when the pipe cannot be read
    public int next() throws IOException {
        long read;
        do {
            read = Unistd.read(errno, reading, number, 1);
        } while (read == -Errno.EINTR);
        check((int) read, "read", "pipe of signals");
        return number.get(JAVA_BYTE, 0);
    }

    private MemorySegment executable(byte[] code) throws IOException {
        long page = check(
                SysMman.mmap(errno, PAGE_BYTES, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS),
                "mmap");
        MemorySegment memory = MemorySegment.ofAddress(page).reinterpret(PAGE_BYTES);
        MemorySegment.copy(code, 0, memory, JAVA_BYTE, 0, code.length);
        check(SysMman.mprotect(errno, page, PAGE_BYTES, PROT_READ | PROT_EXEC), "mprotect",
                "PROT_EXEC");
        return memory;
    }

    /// `void handler(int signum) { write(fd, &signum, 1); }`
    ///
    /// @param fd the end of a pipe that is written to
    /// @return the instructions, position-independent
    static byte[] code(Arch arch, int fd) {
        ByteBuffer code = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
        switch (arch) {
            case X86_64 -> code
                    .putInt(0xFA1E0FF3) // endbr64
                    .put((byte) 0x57) // push rdi: the number
                    .put((byte) 0xBF).putInt(fd) // mov edi, fd
                    .put((byte) 0x48).putShort((short) 0xE689) // mov rsi, rsp
                    .put((byte) 0xBA).putInt(1) // mov edx, 1
                    .put((byte) 0xB8).putInt(1) // mov eax, SYS_write
                    .putShort((short) 0x050F) // syscall
                    .put((byte) 0x58) // pop rax
                    .put((byte) 0xC3); // ret
            case AARCH64 -> code
                    .putInt(0xD503245F) // bti c
                    .putInt(0xF81F0FE0) // str x0, [sp, #-16]!: the number
                    .putInt(0x52800000 | (fd & 0xFFFF) << 5) // movz w0, #fd
                    .putInt(0x72A00000 | (fd >>> 16) << 5) // movk w0, #(fd >> 16), lsl #16
                    .putInt(0x910003E1) // mov x1, sp
                    .putInt(0xD2800022) // mov x2, #1
                    .putInt(0xD2800808) // mov x8, #SYS_write
                    .putInt(0xD4000001) // svc #0
                    .putInt(0x910043FF) // add sp, sp, #16
                    .putInt(0xD65F03C0); // ret
        }
        byte[] bytes = new byte[code.position()];
        code.flip().get(bytes);
        return bytes;
    }
}
