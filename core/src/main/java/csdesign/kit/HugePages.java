// SPDX-License-Identifier: MIT
package csdesign.kit;

import static csdesign.posix.SysMman.MADV_HUGEPAGE;
import static csdesign.posix.SysMman.MAP_ANONYMOUS;
import static csdesign.posix.SysMman.MAP_PRIVATE;
import static csdesign.posix.SysMman.MREMAP_FIXED;
import static csdesign.posix.SysMman.MREMAP_MAYMOVE;
import static csdesign.posix.SysMman.PROT_READ;
import static csdesign.posix.SysMman.PROT_WRITE;

import csdesign.posix.Errno;
import csdesign.posix.SysMman;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Memory of this process under huge pages.
///
/// fork(2) copies an entry of the page table for each page that was written to, and the
/// child's end takes each back. A huge page has one entry for 512 of them.
final class HugePages {
    /// x86-64, and aarch64 with pages of 4 KiB.
    private static final long BYTES = 2 * 1024 * 1024;

    private HugePages() {}

    /// The class data archives of the JVM: mapped from their files, and as many pages
    /// written to as classes were loaded. They become one mapping that is no file's, at the
    /// same addresses, which is never written to again while the JVM runs what it has run
    /// before. Where the kernel has no huge pages, all stays as it is.
    ///
    /// @param errno of the calling thread
    /// @throws IOException when the mappings cannot be read
    static void takeArchives(Errno errno) throws IOException {
        List<Mapping> all = Mapping.all();
        List<Mapping> archives = all.stream().filter(mapping -> mapping.name().endsWith(".jsa"))
                .toList();
        if (archives.isEmpty()) {
            return;
        }
        long from = archives.getFirst().from() / BYTES * BYTES;
        long to = (archives.getLast().to() + BYTES - 1) / BYTES * BYTES;
        boolean ours = all.stream().filter(mapping -> mapping.from() < to && from < mapping.to())
                .allMatch(mapping -> archives.contains(mapping) || mapping.isReserved());
        if (ours) {
            replace(errno, from, to, archives);
        }
    }

    private static void replace(Errno errno, long from, long to, List<Mapping> content) {
        long bytes = to - from;
        long room = SysMman.mmap(
                errno, bytes + BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
        if (room < 0) {
            return;
        }
        long copy = (room + BYTES - 1) / BYTES * BYTES;
        boolean huge = SysMman.madvise(errno, copy, bytes, MADV_HUGEPAGE) == 0;
        if (huge) {
            for (Mapping mapping : content) {
                at(copy + mapping.from() - from, mapping).copyFrom(at(mapping.from(), mapping));
            }
            SysMman.mremap(errno, copy, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, from);
        }
        SysMman.munmap(errno, room, bytes + BYTES); // what was moved away is not there
    }

    @SuppressWarnings("restricted")
    private static MemorySegment at(long address, Mapping like) {
        return MemorySegment.ofAddress(address).reinterpret(like.to() - like.from());
    }

    /// A line of /proc/self/maps.
    ///
    /// @param from its first address
    /// @param to the address after its last
    /// @param rights as `rw-p`
    /// @param name of its file, or what proc(5) calls it; else empty
    private record Mapping(long from, long to, String rights, String name) {
        static List<Mapping> all() throws IOException {
            return Files.readAllLines(Path.of("/proc/self/maps")).stream().map(Mapping::of)
                    .toList();
        }

        private static Mapping of(String line) {
            String[] words = line.split(" +", 6);
            int dash = words[0].indexOf('-');
            return new Mapping(
                    Long.parseUnsignedLong(words[0], 0, dash, 16),
                    Long.parseUnsignedLong(words[0], dash + 1, words[0].length(), 16),
                    words[1],
                    words.length > 5 ? words[5] : "");
        }

        boolean isReserved() {
            return rights.startsWith("---");
        }
    }
}
