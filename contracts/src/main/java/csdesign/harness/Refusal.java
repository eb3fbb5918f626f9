// SPDX-License-Identifier: MIT
package csdesign.harness;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import csdesign.posix.Arch;
import csdesign.posix.Errno;
import csdesign.posix.SysPrctl;
import csdesign.posix.SysSocket;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/// A sandbox that refuses some system calls, as a container's seccomp(2) profile does. It holds for what one
/// thread of the tests starts, and needs no privilege.
///
/// @param call the number of the system call here
/// @param level of setsockopt(2); -1 for any call
/// @param option of setsockopt(2); -1 for any call
/// @param errno what the call answers
public record Refusal(int call, int level, int option, int errno) {
    private static final int SECCOMP_MODE_FILTER = 2;
    private static final int SECCOMP_RET_ALLOW = 0x7fff0000;
    private static final int SECCOMP_RET_ERRNO = 0x00050000;

    // struct sock_filter's codes: <linux/bpf_common.h>.
    private static final int LOAD = 0x20; // BPF_LD | BPF_W | BPF_ABS
    private static final int JUMP_EQUAL = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
    private static final int RETURN = 0x06; // BPF_RET | BPF_K

    // Offsets in struct seccomp_data.
    private static final int NUMBER = 0;
    private static final int SECOND = 24;
    private static final int THIRD = 32;

    private static final boolean IS_X86 = System.getProperty("os.arch").contains("64")
            && !System.getProperty("os.arch").equals("aarch64");

    /// Every accept answers this errno.
    public static List<Refusal> accept(int errno) {
        return List.of(
                new Refusal(IS_X86 ? 43 : 202, -1, -1, errno),
                new Refusal(IS_X86 ? 288 : 242, -1, -1, errno));
    }

    /// No packet filter, as without CAP_NET_ADMIN on a kernel that asks for it.
    public static List<Refusal> filter() {
        return List.of(option(SysSocket.SOL_SOCKET, SysSocket.SO_ATTACH_FILTER, Errno.EPERM));
    }

    /// No means to shut the door.
    public static List<Refusal> door() {
        return List.of(
                option(SysSocket.SOL_SOCKET, SysSocket.SO_ATTACH_FILTER, Errno.ENOPROTOOPT),
                option(SysSocket.IPPROTO_IP, SysSocket.IP_MINTTL, Errno.ENOPROTOOPT));
    }

    private static Refusal option(int level, int option, int errno) {
        return new Refusal(IS_X86 ? 54 : 208, level, option, errno);
    }

    /// Starts something within a sandbox.
    ///
    /// @param refusals what is refused there
    /// @param start runs on a thread of its own: no thread ever leaves its sandbox
    public static <T> T within(List<Refusal> refusals, Supplier<T> start)
            throws InterruptedException {
        assumeTrue(Arch.isSupported(), "no seccomp(2)");
        List<T> started = new ArrayList<>();
        List<Throwable> failures = new ArrayList<>();
        List<String> missing = new ArrayList<>();
        Thread thread = Thread.ofPlatform().start(() -> {
            try {
                int refused = refuse(refusals);
                if (refused < 0) {
                    missing.add("no seccomp(2) here: " + Errno.name(-refused));
                } else {
                    started.add(start.get());
                }
            } catch (RuntimeException | Error failed) {
                failures.add(failed);
            }
        });
        thread.join();
        assumeTrue(missing.isEmpty(), missing::toString);
        if (!failures.isEmpty()) {
            throw new AssertionError("not started", failures.getFirst());
        }
        return started.getFirst();
    }

    private static int refuse(List<Refusal> refusals) {
        List<int[]> program = new ArrayList<>();
        program.add(new int[] {LOAD, 0, 0, NUMBER});
        for (Refusal each : refusals) {
            if (each.level < 0) {
                program.add(new int[] {JUMP_EQUAL, 0, 1, each.call});
                program.add(new int[] {RETURN, 0, 0, SECCOMP_RET_ERRNO | each.errno});
            } else {
                program.add(new int[] {JUMP_EQUAL, 0, 6, each.call});
                program.add(new int[] {LOAD, 0, 0, SECOND});
                program.add(new int[] {JUMP_EQUAL, 0, 3, each.level});
                program.add(new int[] {LOAD, 0, 0, THIRD});
                program.add(new int[] {JUMP_EQUAL, 0, 1, each.option});
                program.add(new int[] {RETURN, 0, 0, SECCOMP_RET_ERRNO | each.errno});
                program.add(new int[] {LOAD, 0, 0, NUMBER});
            }
        }
        program.add(new int[] {RETURN, 0, 0, SECCOMP_RET_ALLOW});
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment filter = arena.allocate(8L * program.size(), 8);
            for (int i = 0; i < program.size(); i++) {
                int[] line = program.get(i);
                filter.set(ValueLayout.JAVA_SHORT, 8L * i, (short) line[0]);
                filter.set(ValueLayout.JAVA_BYTE, 8L * i + 2, (byte) line[1]);
                filter.set(ValueLayout.JAVA_BYTE, 8L * i + 3, (byte) line[2]);
                filter.set(ValueLayout.JAVA_INT, 8L * i + 4, line[3]);
            }
            MemorySegment fprog = arena.allocate(16, 8);
            fprog.set(ValueLayout.JAVA_SHORT, 0, (short) program.size());
            fprog.set(ValueLayout.ADDRESS, 8, filter);
            Errno errno = Errno.allocate(arena);
            int result = SysPrctl.prctl(errno, SysPrctl.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
            return result < 0
                    ? result
                    : SysPrctl.prctl(errno, SysPrctl.PR_SET_SECCOMP, SECCOMP_MODE_FILTER,
                            fprog.address(), 0, 0);
        }
    }
}
