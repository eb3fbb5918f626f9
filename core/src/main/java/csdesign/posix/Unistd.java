// SPDX-License-Identifier: MIT
package csdesign.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// `<unistd.h>`: read, pread, write, close, dup2, pipe; fork, execve, _exit.
public final class Unistd {
    private static final class Read {
        static final MethodHandle CALL = Native.link("read", JAVA_LONG, JAVA_INT, ADDRESS,
                JAVA_LONG);
    }

    private static final class Pread {
        static final MethodHandle CALL = Native.link("pread", JAVA_LONG, JAVA_INT, ADDRESS,
                JAVA_LONG, JAVA_LONG);
    }

    private static final class Write {
        static final MethodHandle CALL = Native.link("write", JAVA_LONG, JAVA_INT, ADDRESS,
                JAVA_LONG);
    }

    private static final class Close {
        static final MethodHandle CALL = Native.link("close", JAVA_INT, JAVA_INT);
    }

    private static final class Pipe2 {
        static final MethodHandle CALL = Native.link("pipe2", JAVA_INT, ADDRESS, JAVA_INT);
    }

    private static final class Dup2 {
        static final MethodHandle CALL = Native.link("dup2", JAVA_INT, JAVA_INT, JAVA_INT);
    }

    /// All three are linked at once, in the parent. Linking wakes other threads, and what
    /// a child links is lost with the child. The parent calls gettid first, when it waits
    /// until its other threads sleep.
    private static final class Fork {
        static final MethodHandle GETTID = Native.link("gettid", JAVA_INT);
        static final MethodHandle CALL = Native.linkAtOnce("fork", JAVA_INT);
        static final MethodHandle EXIT = Native.link("_exit", JAVA_INT, JAVA_INT);
    }

    private static final class Execv {
        static final MethodHandle CALL = Native.link("execv", JAVA_INT, ADDRESS, ADDRESS);
    }

    private static final class Execve {
        static final MethodHandle CALL = Native.link("execve", JAVA_INT, ADDRESS, ADDRESS, ADDRESS);
    }

    private static final class Getppid {
        static final MethodHandle CALL = Native.link("getppid", JAVA_INT);
    }

    private static final class Ftruncate {
        static final MethodHandle CALL = Native.link("ftruncate", JAVA_INT, JAVA_INT, JAVA_LONG);
    }

    private Unistd() {}

    /// Reads what is there; 0 is the end of the stream.
    ///
    /// @param errno where the call leaves its errno
    /// @param fd the descriptor
    /// @param buf off-heap memory of at least `count` bytes
    /// @param count how many bytes at most
    /// @return the number of bytes, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/read.2.html">read(2)</a>
    public static long read(Errno errno, int fd, MemorySegment buf, long count) {
        try {
            return errno.join((long) Read.CALL.invokeExact(errno.captured, fd, buf, count));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Reads from a place in a file, and leaves the file's own offset alone.
    ///
    /// @param errno where the call leaves its errno
    /// @param fd a file
    /// @param buf off-heap memory of at least `count` bytes
    /// @param count how many bytes at most
    /// @param offset where to begin
    /// @return the number of bytes, 0 at the end; or a negative errno: ESPIPE for a pipe
    ///     or a socket
    /// @see <a href="https://man7.org/linux/man-pages/man2/pread.2.html">pread(2)</a>
    public static long pread(Errno errno, int fd, MemorySegment buf, long count, long offset) {
        try {
            return errno.join(
                    (long) Pread.CALL.invokeExact(errno.captured, fd, buf, count, offset));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Writes, perhaps less than asked. To a socket whose peer is gone it raises SIGPIPE,
    /// which HotSpot handles: a JVM sees EPIPE. Where that must not depend on the JVM,
    /// use [SysSocket#send].
    ///
    /// @param errno where the call leaves its errno
    /// @param fd the descriptor
    /// @param buf off-heap memory of at least `count` bytes
    /// @param count how many bytes at most
    /// @return the number of bytes, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/write.2.html">write(2)</a>
    public static long write(Errno errno, int fd, MemorySegment buf, long count) {
        try {
            return errno.join((long) Write.CALL.invokeExact(errno.captured, fd, buf, count));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Gives the descriptor back. Never repeat it after EINTR: on Linux the descriptor is
    /// gone by then, and may already be another's.
    ///
    /// @param errno where the call leaves its errno
    /// @param fd the descriptor
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/close.2.html">close(2)</a>
    public static int close(Errno errno, int fd) {
        return call(Close.CALL, errno, fd);
    }

    /// Makes a pipe.
    ///
    /// @param errno where the call leaves its errno
    /// @param fds two ints: receives the read end, then the write end
    /// @param flags [Fcntl#O_NONBLOCK], [Fcntl#O_CLOEXEC]
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/pipe.2.html">pipe(2)</a>
    public static int pipe2(Errno errno, MemorySegment fds, int flags) {
        try {
            return errno.join((int) Pipe2.CALL.invokeExact(errno.captured, fds, flags));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Gives an open file a second number, which is closed first where it is open. The
    /// copy survives execve, whatever [Fcntl#FD_CLOEXEC] says of the first.
    ///
    /// @param errno where the call leaves its errno
    /// @param oldfd the descriptor
    /// @param newfd the number that the copy gets
    /// @return `newfd`, or a negative errno: EBADF where `oldfd` is not open (then
    ///     `newfd` stays as it was) or `newfd` is above the limit
    /// @see <a href="https://man7.org/linux/man-pages/man2/dup2.2.html">dup2(2)</a>
    public static int dup2(Errno errno, int oldfd, int newfd) {
        try {
            return errno.join((int) Dup2.CALL.invokeExact(errno.captured, oldfd, newfd));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Makes a copy of this process, in which only the calling thread exists. In the copy
    /// of a JVM there is no collector, no compiler and no VM thread: a wait for one of
    /// them never ends. The call does not change the state of its thread, because a child
    /// that did so would stop at a safepoint that no thread ends.
    ///
    /// @param errno where the call leaves its errno
    /// @return the child's process id; 0 in the child; or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/fork.2.html">fork(2)</a>
    public static int fork(Errno errno) {
        try {
            return errno.join((int) Fork.CALL.invokeExact(errno.captured));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Becomes another program. Process id, open descriptors without [Fcntl#FD_CLOEXEC],
    /// and the signal mask stay.
    ///
    /// @param errno where the call leaves its errno
    /// @param path the program, with its closing NUL
    /// @param argv addresses of its arguments, then NULL
    /// @return a negative errno; nothing when it succeeds
    /// @see <a href="https://man7.org/linux/man-pages/man3/execv.3.html">execv(3)</a>
    public static int execv(Errno errno, MemorySegment path, MemorySegment argv) {
        try {
            return errno.join((int) Execv.CALL.invokeExact(errno.captured, path, argv));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// The same with another environment.
    ///
    /// @param errno where the call leaves its errno
    /// @param path the program, with its closing NUL
    /// @param argv addresses of its arguments, then NULL
    /// @param envp addresses of `NAME=value`, then NULL
    /// @return a negative errno; nothing when it succeeds
    /// @see <a href="https://man7.org/linux/man-pages/man2/execve.2.html">execve(2)</a>
    public static int execve(
            Errno errno, MemorySegment path, MemorySegment argv, MemorySegment envp) {
        try {
            return errno.join((int) Execve.CALL.invokeExact(errno.captured, path, argv, envp));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Ends this process at once: no shutdown hook, no atexit handler, no waiting for
    /// another thread.
    ///
    /// @param errno where the call leaves its errno
    /// @param status 0 to 255
    /// @return nothing: it does not return
    /// @see <a href="https://man7.org/linux/man-pages/man2/_exit.2.html">_exit(2)</a>
    public static int _exit(Errno errno, int status) {
        return call(Fork.EXIT, errno, status);
    }

    /// One call site for close and _exit. Linking a call site costs milliseconds. The
    /// first close links this one in the parent; a call site of _exit alone would be
    /// linked again in each child.
    private static int call(MethodHandle function, Errno errno, int argument) {
        try {
            return errno.join((int) function.invokeExact(errno.captured, argument));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// The process that started this one, or adopted it.
    ///
    /// @param errno where the call leaves its errno
    /// @return a process id
    /// @see <a href="https://man7.org/linux/man-pages/man2/getppid.2.html">getppid(2)</a>
    public static int getppid(Errno errno) {
        try {
            return errno.join((int) Getppid.CALL.invokeExact(errno.captured));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// The number of the calling thread.
    ///
    /// @param errno where the call leaves its errno
    /// @return a thread id; that of the first thread is the process id
    /// @see <a href="https://man7.org/linux/man-pages/man2/gettid.2.html">gettid(2)</a>
    public static int gettid(Errno errno) {
        try {
            return errno.join((int) Fork.GETTID.invokeExact(errno.captured));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Makes a file this long.
    ///
    /// @param errno where the call leaves its errno
    /// @param fd the file
    /// @param length in bytes
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/ftruncate.2.html">ftruncate(2)</a>
    public static int ftruncate(Errno errno, int fd, long length) {
        try {
            return errno.join((int) Ftruncate.CALL.invokeExact(errno.captured, fd, length));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }
}
