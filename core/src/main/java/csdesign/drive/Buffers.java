// SPDX-License-Identifier: MIT
package csdesign.drive;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;

/// Read buffers, each lent to a connection while it holds bytes that were not consumed or
/// not sent. An idle connection has none, so there are as many as were busy at once. Used
/// by one thread at a time.
final class Buffers {
    /// How much is read at once. A request is some digits; an echo of 16 KiB is one call
    /// each way.
    static final int READ_BYTES = 16 * 1024;

    private final Arena arena;
    private final int size;
    private final ArrayDeque<Buffer> spares = new ArrayDeque<>();
    private int made;

    /// A buffer, and the same memory as system calls take it.
    record Buffer(ByteBuffer bytes, MemorySegment segment) {}

    Buffers(Arena arena, int size) {
        this.arena = arena;
        this.size = size;
    }

    /// Lends the one that came back last, which is the most likely to be in a cache.
    Buffer take() {
        Buffer spare = spares.pollLast();
        if (spare != null) {
            return spare;
        }
        made++;
        MemorySegment segment = arena.allocate(size, 64);
        return new Buffer(segment.asByteBuffer(), segment);
    }

    /// How many there are, lent or not.
    int made() {
        return made;
    }

    void give(Buffer buffer) {
        spares.addLast(buffer);
    }
}
