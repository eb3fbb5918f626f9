// SPDX-License-Identifier: MIT
package csdesign.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// `<sys/mman.h>`: memory that has a descriptor.
public final class SysMman {
    /// Close on execve.
    public static final int MFD_CLOEXEC = 1;

    private static final MethodHandle MEMFD_CREATE = Native.link("memfd_create", JAVA_INT, ADDRESS,
            JAVA_INT);

    private SysMman() {}

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
            return errno.join((int) MEMFD_CREATE.invokeExact(errno.captured, name, flags));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }
}
