// SPDX-License-Identifier: MIT
package csdesign.client;

import csdesign.posix.Errno;
import csdesign.posix.SysResource;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// The CPU time of this process, in microseconds; -1 where the system does not tell.
record CpuTime(long userMicros, long systemMicros) {
    /// Of nothing that was done.
    static final CpuTime NONE = new CpuTime(0, 0);

    private static final CpuTime UNKNOWN = new CpuTime(-1, -1);

    /// All threads, from the start of the process.
    static CpuTime now() {
        if (!Client.hasSystemCalls()) {
            return UNKNOWN;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment usage = arena.allocate(SysResource.RUSAGE_BYTES, 8);
            SysResource.getrusage(Errno.allocate(arena), SysResource.RUSAGE_SELF, usage);
            return new CpuTime(
                    micros(usage, SysResource.RU_UTIME), micros(usage, SysResource.RU_STIME));
        }
    }

    /// What came to it since.
    CpuTime since(CpuTime before) {
        return userMicros < 0
                ? UNKNOWN
                : new CpuTime(userMicros - before.userMicros, systemMicros - before.systemMicros);
    }

    private static long micros(MemorySegment usage, int timeval) {
        return usage.get(ValueLayout.JAVA_LONG, timeval) * 1_000_000
                + usage.get(ValueLayout.JAVA_LONG, timeval + Long.BYTES);
    }
}
