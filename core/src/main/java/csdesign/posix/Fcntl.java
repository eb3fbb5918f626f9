// SPDX-License-Identifier: MIT
package csdesign.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// `<fcntl.h>`: open, and what can be asked of an open descriptor.
public final class Fcntl {
    /// Open for reading.
    public static final int O_RDONLY = 0;

    /// Answer EAGAIN where the call would block.
    public static final int O_NONBLOCK = 0x800;

    /// Close on execve.
    public static final int O_CLOEXEC = 0x80000;

    /// Get the descriptor flags.
    public static final int F_GETFD = 1;

    /// Set the descriptor flags.
    public static final int F_SETFD = 2;

    /// Get the status flags.
    public static final int F_GETFL = 3;

    /// Set the status flags.
    public static final int F_SETFL = 4;

    /// The one descriptor flag: close on execve.
    public static final int FD_CLOEXEC = 1;

    private static final MethodHandle OPEN = Native.linkVariadic("open", 2, JAVA_INT, ADDRESS,
            JAVA_INT);
    private static final MethodHandle FCNTL = Native.linkVariadic("fcntl", 2, JAVA_INT, JAVA_INT,
            JAVA_INT, JAVA_INT);

    private Fcntl() {}

    /// Opens a file that exists.
    ///
    /// @param errno where the call leaves its errno
    /// @param path the name, with its closing NUL
    /// @param flags [#O_RDONLY] and others
    /// @return the descriptor, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/open.2.html">open(2)</a>
    public static int open(Errno errno, MemorySegment path, int flags) {
        try {
            return errno.join((int) OPEN.invokeExact(errno.captured, path, flags));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Reads or changes the flags of a descriptor.
    ///
    /// @param errno where the call leaves its errno
    /// @param fd the descriptor
    /// @param op [#F_GETFL] and others
    /// @param arg the new value; 0 where none is asked for
    /// @return what `op` asks for, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/fcntl.2.html">fcntl(2)</a>
    public static int fcntl(Errno errno, int fd, int op, int arg) {
        try {
            return errno.join((int) FCNTL.invokeExact(errno.captured, fd, op, arg));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }
}
