// SPDX-License-Identifier: MIT
package csdesign.fork;

import static csdesign.posix.SysMman.MAP_ANONYMOUS;
import static csdesign.posix.SysMman.MAP_SHARED;
import static csdesign.posix.SysMman.PROT_READ;
import static csdesign.posix.SysMman.PROT_WRITE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import csdesign.posix.Errno;
import csdesign.posix.SysMman;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;

/// When each forked child must give its next sign of life: a time for each, in memory
/// that the parent shares with all of them.
///
/// Before a child waits or works it writes by when it will be back. A child that does not
/// move its time on hangs: the parent sees that without asking it.
final class Heartbeats {
    /// A cache line for each child.
    private static final long SLOT_BYTES = 64;

    private static final VarHandle DUE_NANOS = JAVA_LONG.varHandle();

    private final MemorySegment slots;

    private Heartbeats(MemorySegment slots) {
        this.slots = slots;
    }

    /// New ones. The memory lives as long as the process.
    ///
    /// @param errno of the calling thread
    /// @param children how many live at once
    /// @return the times, all zero
    /// @throws IOException when there is no memory for them
    @SuppressWarnings("restricted")
    static Heartbeats share(Errno errno, int children) throws IOException {
        long bytes = children * SLOT_BYTES;
        long address = SysMman.mmap(
                errno, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS);
        if (address < 0) {
            throw new IOException(
                    "mmap(MAP_SHARED, " + bytes + " bytes): " + Errno.say(address)
                            + ". Lower --max-children");
        }
        return new Heartbeats(MemorySegment.ofAddress(address).reinterpret(bytes));
    }

    /// Says when a child will be back at the latest.
    ///
    /// @param slot the child's
    /// @param millis from now
    void expectWithin(int slot, long millis) {
        DUE_NANOS.setVolatile(slots, slot * SLOT_BYTES, System.nanoTime() + millis * 1_000_000);
    }

    /// For how long a child has been late.
    ///
    /// @param slot the child's
    /// @param nowNanos by [System#nanoTime], which all processes share
    /// @return nanoseconds; negative while it is in time
    long lateNanos(int slot, long nowNanos) {
        return nowNanos - (long) DUE_NANOS.getVolatile(slots, slot * SLOT_BYTES);
    }
}
