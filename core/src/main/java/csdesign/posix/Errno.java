// SPDX-License-Identifier: MIT
package csdesign.posix;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// `<errno.h>`: the error numbers, and the place where a call leaves the one it met.
///
/// One instance belongs to one loop or one thread. Every function of this package takes
/// it as its first argument and answers `-errno` when the C function answered -1.
///
/// @see <a href="https://man7.org/linux/man-pages/man3/errno.3.html">errno(3)</a>
public final class Errno {
    /// Operation not permitted.
    public static final int EPERM = 1;

    /// No such file or directory.
    public static final int ENOENT = 2;

    /// No such process.
    public static final int ESRCH = 3;

    /// Interrupted system call.
    public static final int EINTR = 4;

    /// Input/output error.
    public static final int EIO = 5;

    /// No such device or address.
    public static final int ENXIO = 6;

    /// Bad file descriptor.
    public static final int EBADF = 9;

    /// No child processes.
    public static final int ECHILD = 10;

    /// Resource temporarily unavailable; the same number as EWOULDBLOCK.
    public static final int EAGAIN = 11;

    /// Cannot allocate memory.
    public static final int ENOMEM = 12;

    /// Permission denied.
    public static final int EACCES = 13;

    /// Bad address.
    public static final int EFAULT = 14;

    /// File exists.
    public static final int EEXIST = 17;

    /// No such device.
    public static final int ENODEV = 19;

    /// Invalid argument.
    public static final int EINVAL = 22;

    /// Too many open files in system.
    public static final int ENFILE = 23;

    /// Too many open files (of this process).
    public static final int EMFILE = 24;

    /// No space left on device.
    public static final int ENOSPC = 28;

    /// Illegal seek: a pipe or socket has no offset.
    public static final int ESPIPE = 29;

    /// Broken pipe.
    public static final int EPIPE = 32;

    /// Function not implemented: not by this kernel.
    public static final int ENOSYS = 38;

    /// Timer expired.
    public static final int ETIME = 62;

    /// Machine is not on the network.
    public static final int ENONET = 64;

    /// Protocol error.
    public static final int EPROTO = 71;

    /// Socket operation on non-socket.
    public static final int ENOTSOCK = 88;

    /// Destination address required.
    public static final int EDESTADDRREQ = 89;

    /// Message too long.
    public static final int EMSGSIZE = 90;

    /// Protocol not available.
    public static final int ENOPROTOOPT = 92;

    /// Operation not supported.
    public static final int EOPNOTSUPP = 95;

    /// Address already in use.
    public static final int EADDRINUSE = 98;

    /// Cannot assign requested address.
    public static final int EADDRNOTAVAIL = 99;

    /// Network is down.
    public static final int ENETDOWN = 100;

    /// Network is unreachable.
    public static final int ENETUNREACH = 101;

    /// Network dropped connection on reset.
    public static final int ENETRESET = 102;

    /// Software caused connection abort.
    public static final int ECONNABORTED = 103;

    /// Connection reset by peer.
    public static final int ECONNRESET = 104;

    /// No buffer space available.
    public static final int ENOBUFS = 105;

    /// Transport endpoint is already connected.
    public static final int EISCONN = 106;

    /// Transport endpoint is not connected.
    public static final int ENOTCONN = 107;

    /// Connection timed out.
    public static final int ETIMEDOUT = 110;

    /// Connection refused.
    public static final int ECONNREFUSED = 111;

    /// Host is down.
    public static final int EHOSTDOWN = 112;

    /// No route to host.
    public static final int EHOSTUNREACH = 113;

    /// Operation already in progress.
    public static final int EALREADY = 114;

    /// Operation now in progress.
    public static final int EINPROGRESS = 115;

    /// The owner of a robust mutex died.
    public static final int EOWNERDEAD = 130;

    private static final long ERRNO_OFFSET = Native.CAPTURED
            .byteOffset(java.lang.foreign.MemoryLayout.PathElement.groupElement("errno"));

    /// Passed to every downcall as its capture segment.
    final MemorySegment captured;

    private Errno(MemorySegment captured) {
        this.captured = captured;
    }

    /// A new place for errno.
    ///
    /// @param arena what it lives as long as; a confined arena for a loop of one thread
    /// @return the place
    public static Errno allocate(Arena arena) {
        return new Errno(arena.allocate(Native.CAPTURED));
    }

    /// Joins what the C library split: the result, or the negative errno when it is
    /// negative.
    int join(int result) {
        return result >= 0 ? result : -captured.get(JAVA_INT, ERRNO_OFFSET);
    }

    /// The same for a `ssize_t`.
    long join(long result) {
        return result >= 0 ? result : -captured.get(JAVA_INT, ERRNO_OFFSET);
    }

    /// Lets a result pass, or turns a negative errno into the exception that explains it.
    ///
    /// @param result what a function of this package answered
    /// @param call the C function's name, for example `epoll_ctl`
    /// @param arguments its telling arguments in pairs of name and value, or single
    ///     words: `"ADD", "fd", 7` reads `epoll_ctl(ADD, fd=7)`
    /// @return the result, 0 or more
    /// @throws PosixException when the result is a negative errno
    public static int check(int result, String call, Object... arguments) throws PosixException {
        if (result < 0) {
            throw new PosixException(call, arguments, -result);
        }
        return result;
    }

    /// The same for a call with nothing to tell of its arguments. For the hot path: it
    /// allocates nothing when the result passes.
    ///
    /// @param result what a function of this package answered
    /// @param call the C function's name
    /// @return the result, 0 or more
    /// @throws PosixException when the result is a negative errno
    public static int check(int result, String call) throws PosixException {
        if (result < 0) {
            throw new PosixException(call, new Object[0], -result);
        }
        return result;
    }

    /// The same for a `ssize_t`.
    ///
    /// @param result what a function of this package answered
    /// @param call the C function's name
    /// @return the result, 0 or more
    /// @throws PosixException when the result is a negative errno
    public static long check(long result, String call) throws PosixException {
        if (result < 0) {
            throw new PosixException(call, new Object[0], (int) -result);
        }
        return result;
    }

    /// The symbol of an error number.
    ///
    /// @param errno a positive error number
    /// @return `EAGAIN`, or `errno 999` for a number that this package does not name
    public static String name(int errno) {
        return text(errno, 0);
    }

    /// What the C library's `strerror` says of it, in English.
    ///
    /// @param errno a positive error number
    /// @return `Resource temporarily unavailable`, or `Unknown error 999`
    public static String description(int errno) {
        return text(errno, 1);
    }

    /// A result as a transcript shows it.
    ///
    /// @param result what a function of this package answered
    /// @return the digits of 0 or more, or a negative errno as `ECONNRESET (104)`
    public static String say(long result) {
        return result >= 0 ? Long.toString(result) : name((int) -result) + " (" + -result + ")";
    }

    private static String text(int errno, int part) {
        String line = switch (errno) {
            case EPERM -> "EPERM:Operation not permitted";
            case ENOENT -> "ENOENT:No such file or directory";
            case ESRCH -> "ESRCH:No such process";
            case EINTR -> "EINTR:Interrupted system call";
            case EIO -> "EIO:Input/output error";
            case ENXIO -> "ENXIO:No such device or address";
            case EBADF -> "EBADF:Bad file descriptor";
            case ECHILD -> "ECHILD:No child processes";
            case EAGAIN -> "EAGAIN:Resource temporarily unavailable";
            case ENOMEM -> "ENOMEM:Cannot allocate memory";
            case EACCES -> "EACCES:Permission denied";
            case EFAULT -> "EFAULT:Bad address";
            case EEXIST -> "EEXIST:File exists";
            case ENODEV -> "ENODEV:No such device";
            case EINVAL -> "EINVAL:Invalid argument";
            case ENFILE -> "ENFILE:Too many open files in system";
            case EMFILE -> "EMFILE:Too many open files";
            case ENOSPC -> "ENOSPC:No space left on device";
            case ESPIPE -> "ESPIPE:Illegal seek";
            case EPIPE -> "EPIPE:Broken pipe";
            case ENOSYS -> "ENOSYS:Function not implemented";
            case ETIME -> "ETIME:Timer expired";
            case ENONET -> "ENONET:Machine is not on the network";
            case EPROTO -> "EPROTO:Protocol error";
            case ENOTSOCK -> "ENOTSOCK:Socket operation on non-socket";
            case EDESTADDRREQ -> "EDESTADDRREQ:Destination address required";
            case EMSGSIZE -> "EMSGSIZE:Message too long";
            case ENOPROTOOPT -> "ENOPROTOOPT:Protocol not available";
            case EOPNOTSUPP -> "EOPNOTSUPP:Operation not supported";
            case EADDRINUSE -> "EADDRINUSE:Address already in use";
            case EADDRNOTAVAIL -> "EADDRNOTAVAIL:Cannot assign requested address";
            case ENETDOWN -> "ENETDOWN:Network is down";
            case ENETUNREACH -> "ENETUNREACH:Network is unreachable";
            case ENETRESET -> "ENETRESET:Network dropped connection on reset";
            case ECONNABORTED -> "ECONNABORTED:Software caused connection abort";
            case ECONNRESET -> "ECONNRESET:Connection reset by peer";
            case ENOBUFS -> "ENOBUFS:No buffer space available";
            case EISCONN -> "EISCONN:Transport endpoint is already connected";
            case ENOTCONN -> "ENOTCONN:Transport endpoint is not connected";
            case ETIMEDOUT -> "ETIMEDOUT:Connection timed out";
            case ECONNREFUSED -> "ECONNREFUSED:Connection refused";
            case EHOSTDOWN -> "EHOSTDOWN:Host is down";
            case EHOSTUNREACH -> "EHOSTUNREACH:No route to host";
            case EALREADY -> "EALREADY:Operation already in progress";
            case EINPROGRESS -> "EINPROGRESS:Operation now in progress";
            case EOWNERDEAD -> "EOWNERDEAD:Owner died";
            default -> "errno " + errno + ":Unknown error " + errno;
        };
        int colon = line.indexOf(':');
        return part == 0 ? line.substring(0, colon) : line.substring(colon + 1);
    }
}
