// SPDX-License-Identifier: MIT
package csdesign.bench;

import csdesign.posix.Errno;
import csdesign.posix.Sched;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/// On which processors a thread may run, and so every process that it starts.
final class Affinity {
    private Affinity() {}

    /// The processors that this thread may use, by sched_getaffinity(2): the number of processors
    /// of the machine says nothing in a container, or under taskset.
    static Cpus current() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment mask = arena.allocate(Sched.CPU_SET_BYTES, 8);
            Errno.check(
                    Sched.sched_getaffinity(
                            Errno.allocate(arena), 0, Sched.CPU_SET_BYTES, mask),
                    "sched_getaffinity");
            List<Integer> cpus = new ArrayList<>();
            for (int cpu = 0; cpu < Sched.CPU_SET_BYTES * 8; cpu++) {
                if ((mask.get(ValueLayout.JAVA_BYTE, cpu / 8) >> (cpu % 8) & 1) == 1) {
                    cpus.add(cpu);
                }
            }
            return new Cpus(cpus);
        }
    }

    /// Moves this thread.
    static void set(Cpus cpus) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment mask = arena.allocate(Sched.CPU_SET_BYTES, 8);
            for (int cpu : cpus.list()) {
                byte before = mask.get(ValueLayout.JAVA_BYTE, cpu / 8);
                mask.set(ValueLayout.JAVA_BYTE, cpu / 8, (byte) (before | 1 << cpu % 8));
            }
            Errno.check(
                    Sched.sched_setaffinity(
                            Errno.allocate(arena), 0, Sched.CPU_SET_BYTES, mask),
                    "sched_setaffinity",
                    "cpus",
                    cpus);
        }
    }

    /// Starts a process on these processors. It inherits them from the thread that starts it, which
    /// goes back to its own afterwards.
    static Process start(ProcessBuilder builder, Cpus cpus) throws IOException {
        if (cpus.none()) {
            return builder.start();
        }
        Cpus before = current();
        set(cpus);
        try {
            return builder.start();
        } finally {
            set(before);
        }
    }
}
