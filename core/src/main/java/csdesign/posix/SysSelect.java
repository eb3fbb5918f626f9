// SPDX-License-Identifier: MIT
package csdesign.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// `<sys/select.h>`: wait for events on three sets of descriptors.
///
/// A set is a bitmap. The kernel takes one of any size, as `nfds` says. The C library's
/// type `fd_set` has [#FD_SETSIZE] bits, fixed when the library was built; in C, `FD_SET`
/// of a higher descriptor silently writes past the end of the set. Here a set is as large
/// as its memory, and a descriptor past its end throws.
public final class SysSelect {
    /// How many descriptors an `fd_set` can name: 0 to 1,023.
    public static final int FD_SETSIZE = 1024;

    /// Size of an `fd_set` in bytes.
    public static final int FD_SET_BYTES = 128;

    private static final class Select {
        static final MethodHandle CALL = Native.link("select", JAVA_INT, JAVA_INT, ADDRESS, ADDRESS,
                ADDRESS, ADDRESS);
    }

    private static final class Pselect {
        static final MethodHandle CALL = Native.link("pselect", JAVA_INT, JAVA_INT, ADDRESS,
                ADDRESS, ADDRESS, ADDRESS, ADDRESS);
    }

    private SysSelect() {}

    /// Waits until a descriptor is ready, the time is over, or a signal arrives (EINTR).
    /// The sets come back holding only what is ready, and Linux writes the time that was
    /// left into `timeout`: both must be filled anew before every call.
    ///
    /// @param errno where the call leaves its errno
    /// @param nfds the highest descriptor in any set, plus 1
    /// @param readfds a set, or NULL
    /// @param writefds a set, or NULL
    /// @param exceptfds a set, or NULL
    /// @param timeout a `struct timeval`, or NULL to wait without end
    /// @return how many bits are set (0: none in time), or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/select.2.html">select(2)</a>
    public static int select(Errno errno, int nfds, MemorySegment readfds, MemorySegment writefds,
            MemorySegment exceptfds, MemorySegment timeout) {
        try {
            return errno.join((int) Select.CALL.invokeExact(errno.captured, nfds, readfds, writefds,
                    exceptfds, timeout));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Does the same with nanoseconds, and lets signals in while it waits: the kernel
    /// changes the mask and waits in one step, so that none arrives between the two. It
    /// leaves `timeout` as it was.
    ///
    /// @param errno where the call leaves its errno
    /// @param nfds the highest descriptor in any set, plus 1
    /// @param readfds a set, or NULL
    /// @param writefds a set, or NULL
    /// @param exceptfds a set, or NULL
    /// @param timeout a `struct timespec`, or NULL to wait without end
    /// @param sigmask a `sigset_t`, what this thread blocks during the call; NULL changes
    ///     nothing
    /// @return how many bits are set (0: none in time), or a negative errno: EINTR after
    ///     a handler ran, whatever [Signal#SA_RESTART] says
    /// @see <a href="https://man7.org/linux/man-pages/man2/pselect.2.html">pselect(2)</a>
    public static int pselect(Errno errno, int nfds, MemorySegment readfds, MemorySegment writefds,
            MemorySegment exceptfds, MemorySegment timeout, MemorySegment sigmask) {
        try {
            return errno
                    .join((int) Pselect.CALL.invokeExact(errno.captured, nfds, readfds, writefds,
                            exceptfds, timeout, sigmask));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Empties a set.
    ///
    /// @param set the set
    public static void FD_ZERO(MemorySegment set) {
        set.fill((byte) 0);
    }

    /// Puts a descriptor into a set.
    ///
    /// @param fd 0 to one less than the set has bits
    /// @param set 64-bit words
    /// @throws IndexOutOfBoundsException for a descriptor that has no bit
    public static void FD_SET(int fd, MemorySegment set) {
        long offset = wordOffset(fd, set);
        set.set(ValueLayout.JAVA_LONG, offset, set.get(ValueLayout.JAVA_LONG, offset) | 1L << fd);
    }

    /// Takes a descriptor out of a set.
    ///
    /// @param fd 0 to one less than the set has bits
    /// @param set 64-bit words
    /// @throws IndexOutOfBoundsException for a descriptor that has no bit
    public static void FD_CLR(int fd, MemorySegment set) {
        long offset = wordOffset(fd, set);
        set.set(ValueLayout.JAVA_LONG, offset,
                set.get(ValueLayout.JAVA_LONG, offset) & ~(1L << fd));
    }

    /// Asks whether a descriptor is in a set.
    ///
    /// @param fd 0 to one less than the set has bits
    /// @param set 64-bit words
    /// @return whether its bit is set
    /// @throws IndexOutOfBoundsException for a descriptor that has no bit
    public static boolean FD_ISSET(int fd, MemorySegment set) {
        return (set.get(ValueLayout.JAVA_LONG, wordOffset(fd, set)) & 1L << fd) != 0;
    }

    /// Where the 64-bit word with the bit of `fd` begins; a set is an array of such
    /// words.
    private static long wordOffset(int fd, MemorySegment set) {
        long bits = set.byteSize() * Byte.SIZE;
        if (fd < 0 || fd >= bits) {
            throw new IndexOutOfBoundsException(
                    "descriptor " + fd + " has no bit in a set of " + bits);
        }
        return (fd >> 6) * (long) Long.BYTES;
    }
}
