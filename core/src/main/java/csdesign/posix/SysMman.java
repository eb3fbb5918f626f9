// SPDX-License-Identifier: MIT
package csdesign.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// `<sys/mman.h>`: mappings, and memory that has a descriptor.
public final class SysMman {
    /// Close on execve.
    public static final int MFD_CLOEXEC = 1;

    /// The pages may be read.
    public static final int PROT_READ = 1;

    /// The pages may be written to.
    public static final int PROT_WRITE = 2;

    /// The pages may be executed.
    public static final int PROT_EXEC = 4;

    /// What is written is seen by every process that has the pages, forked ones too.
    public static final int MAP_SHARED = 0x01;

    /// What is written is this process's own.
    public static final int MAP_PRIVATE = 0x02;

    /// Not of a file: zeros.
    public static final int MAP_ANONYMOUS = 0x20;

    /// A mapping may be moved.
    public static final int MREMAP_MAYMOVE = 1;

    /// To this address, and whatever is there is unmapped.
    public static final int MREMAP_FIXED = 2;

    /// Takes huge pages for these pages when they are touched.
    public static final int MADV_HUGEPAGE = 14;

    /// Makes huge pages of these pages now. Since Linux 6.1.
    public static final int MADV_COLLAPSE = 25;

    private static final class MemfdCreate {
        static final MethodHandle CALL = Native.link("memfd_create", JAVA_INT, ADDRESS, JAVA_INT);
    }

    private static final class Mmap {
        static final MethodHandle CALL = Native.link("mmap", JAVA_LONG, JAVA_LONG, JAVA_LONG,
                JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG);
    }

    private static final class Mremap {
        static final MethodHandle CALL = Native.linkVariadic("mremap", 4, JAVA_LONG, JAVA_LONG,
                JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_LONG);
    }

    private static final class Munmap {
        static final MethodHandle CALL = Native.link("munmap", JAVA_INT, JAVA_LONG, JAVA_LONG);
    }

    private static final class Mprotect {
        static final MethodHandle CALL = Native.link("mprotect", JAVA_INT, JAVA_LONG, JAVA_LONG,
                JAVA_INT);
    }

    private static final class Madvise {
        static final MethodHandle CALL = Native.link("madvise", JAVA_INT, JAVA_LONG, JAVA_LONG,
                JAVA_INT);
    }

    private SysMman() {}

    /// Makes a mapping of memory that no file has.
    ///
    /// @param errno where the call leaves its errno
    /// @param bytes its length
    /// @param protection [#PROT_READ], [#PROT_WRITE], [#PROT_EXEC]
    /// @param flags [#MAP_PRIVATE] with [#MAP_ANONYMOUS]
    /// @return its address, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/mmap.2.html">mmap(2)</a>
    public static long mmap(Errno errno, long bytes, int protection, int flags) {
        try {
            return errno.join(
                    (long) Mmap.CALL.invokeExact(
                            errno.captured, 0L, bytes, protection, flags, -1, 0L));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Moves a mapping.
    ///
    /// @param errno where the call leaves its errno
    /// @param from its address, of whole pages
    /// @param bytes its length
    /// @param flags [#MREMAP_MAYMOVE] with [#MREMAP_FIXED]
    /// @param to its new address; what was there is unmapped in the same moment
    /// @return `to`, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/mremap.2.html">mremap(2)</a>
    public static long mremap(Errno errno, long from, long bytes, int flags, long to) {
        try {
            return errno.join(
                    (long) Mremap.CALL.invokeExact(errno.captured, from, bytes, bytes, flags, to));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Ends mappings.
    ///
    /// @param errno where the call leaves its errno
    /// @param from where they begin
    /// @param bytes how long; what lies there and is not mapped is no error
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/munmap.2.html">munmap(2)</a>
    public static int munmap(Errno errno, long from, long bytes) {
        try {
            return errno.join((int) Munmap.CALL.invokeExact(errno.captured, from, bytes));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Changes what may be done with pages.
    ///
    /// @param errno where the call leaves its errno
    /// @param from their address, of whole pages
    /// @param bytes their length
    /// @param protection [#PROT_READ], [#PROT_WRITE], [#PROT_EXEC]
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/mprotect.2.html">mprotect(2)</a>
    public static int mprotect(Errno errno, long from, long bytes, int protection) {
        try {
            return errno
                    .join((int) Mprotect.CALL.invokeExact(errno.captured, from, bytes, protection));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Tells the kernel how memory will be used.
    ///
    /// @param errno where the call leaves its errno
    /// @param from its address, of whole pages
    /// @param bytes its length
    /// @param advice [#MADV_HUGEPAGE] or [#MADV_COLLAPSE]
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/madvise.2.html">madvise(2)</a>
    public static int madvise(Errno errno, long from, long bytes, int advice) {
        try {
            return errno.join((int) Madvise.CALL.invokeExact(errno.captured, from, bytes, advice));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Makes a file in memory without a name in any folder: it is gone with its last
    /// descriptor and mapping.
    ///
    /// @param errno where the call leaves its errno
    /// @param name for /proc alone, with its closing NUL
    /// @param flags [#MFD_CLOEXEC]
    /// @return its descriptor, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/memfd_create.2.html">memfd_create(2)</a>
    public static int memfd_create(Errno errno, MemorySegment name, int flags) {
        try {
            return errno.join((int) MemfdCreate.CALL.invokeExact(errno.captured, name, flags));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }
}
