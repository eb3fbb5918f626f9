// SPDX-License-Identifier: MIT
package csdesign.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// `<fcntl.h>`: open, what can be asked of an open descriptor, and splice.
public final class Fcntl {
    /// Open for reading.
    public static final int O_RDONLY = 0;

    /// Open for reading and writing.
    public static final int O_RDWR = 2;

    /// Answer EAGAIN where the call would block.
    public static final int O_NONBLOCK = 0x800;

    /// Send [Signal#SIGIO] to the owner when the descriptor becomes readable or writable,
    /// or its other end is closed; by [#F_SETFL], not by open.
    public static final int O_ASYNC = 0x2000;

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

    /// Set the owner, to whom [#O_ASYNC] sends its signal: a process id, or a negative
    /// process group id.
    public static final int F_SETOWN = 8;

    /// The one descriptor flag: close on execve.
    public static final int FD_CLOEXEC = 1;

    /// Wait for a lock, and take it or give it back.
    public static final int F_SETLKW = 7;

    /// The same open file under another number, the argument or above; close-on-exec.
    public static final int F_DUPFD_CLOEXEC = 1030;

    /// Set the capacity of a pipe in bytes. The kernel rounds it up to a power of 2 of at
    /// least a page, and answers what it took.
    public static final int F_SETPIPE_SZ = 1031;

    /// Get the capacity of a pipe in bytes.
    public static final int F_GETPIPE_SZ = 1032;

    /// Move pages where that can be done. Only a hint, and without effect today.
    public static final int SPLICE_F_MOVE = 1;

    /// Do not block on the pipe; the other descriptor still can.
    public static final int SPLICE_F_NONBLOCK = 2;

    /// More follows: to a socket as [SysSocket#MSG_MORE].
    public static final int SPLICE_F_MORE = 4;

    /// A lock that excludes all others.
    public static final int F_WRLCK = 1;

    /// No lock.
    public static final int F_UNLCK = 2;

    /// Size of a `struct flock` in bytes.
    public static final int FLOCK_BYTES = 32;

    private static final class Open {
        static final MethodHandle CALL = Native.linkVariadic("open", 2, JAVA_INT, ADDRESS,
                JAVA_INT);
    }

    private static final class FcntlInt {
        static final MethodHandle CALL = Native.linkVariadic("fcntl", 2, JAVA_INT, JAVA_INT,
                JAVA_INT, JAVA_INT);
    }

    private static final class Splice {
        static final MethodHandle CALL = Native.link("splice", JAVA_LONG, JAVA_INT, ADDRESS,
                JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT);
    }

    private static final class FcntlLock {
        static final MethodHandle CALL = Native.linkVariadic("fcntl", 2, JAVA_INT, JAVA_INT,
                JAVA_INT, ADDRESS);
    }

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
            return errno.join((int) Open.CALL.invokeExact(errno.captured, path, flags));
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
            return errno.join((int) FcntlInt.CALL.invokeExact(errno.captured, fd, op, arg));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Locks a file, as one process against others; the kernel gives a lock back when its
    /// process ends.
    ///
    /// @param errno where the call leaves its errno
    /// @param fd a file open for writing
    /// @param op [#F_SETLKW]
    /// @param flock a `struct flock`: [#F_WRLCK] or [#F_UNLCK] in its first two bytes,
    ///     zeros for the whole file
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/fcntl_locking.2.html">fcntl_locking(2)</a>
    public static int lock(Errno errno, int fd, int op, MemorySegment flock) {
        try {
            return errno.join((int) FcntlLock.CALL.invokeExact(errno.captured, fd, op, flock));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Moves bytes from or to a pipe inside the kernel: the program does not see them.
    /// One of the two descriptors must be a pipe.
    ///
    /// @param errno where the call leaves its errno
    /// @param fdIn where they come from
    /// @param offIn a `long`, the offset to read at, which the call moves on; NULL for a
    ///     pipe, and to use the file's own
    /// @param fdOut where they go
    /// @param offOut the same for the offset to write at
    /// @param len how many bytes at most
    /// @param flags [#SPLICE_F_MORE] and others
    /// @return the number of bytes, 0 at the end of the input; or a negative errno:
    ///     EAGAIN where it would block and may not, EINVAL where neither is a pipe,
    ///     ESPIPE for an offset into a pipe
    /// @see <a href="https://man7.org/linux/man-pages/man2/splice.2.html">splice(2)</a>
    public static long splice(Errno errno, int fdIn, MemorySegment offIn, int fdOut,
            MemorySegment offOut, long len, int flags) {
        try {
            return errno
                    .join((long) Splice.CALL.invokeExact(errno.captured, fdIn, offIn, fdOut, offOut,
                            len, flags));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }
}
