// SPDX-License-Identifier: MIT
package csdesign.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;

/// `<poll.h>`: wait for events on an array of descriptors.
///
/// An entry of the array is a [#POLLFD] of [#POLLFD_BYTES] bytes; the accessors take its
/// index. An entry whose descriptor is negative is passed over.
public final class SysPoll {
    /// There is data, a connection to accept, or the end of the stream.
    public static final int POLLIN = 1;

    /// A write would not block.
    public static final int POLLOUT = 4;

    /// An error is pending. Reported unasked.
    public static final int POLLERR = 8;

    /// Both directions are shut. Reported unasked.
    public static final int POLLHUP = 16;

    /// The descriptor is not open. Reported unasked.
    public static final int POLLNVAL = 32;

    /// `struct pollfd`.
    public static final StructLayout POLLFD = MemoryLayout.structLayout(
            JAVA_INT.withName("fd"),
            JAVA_SHORT.withName("events"),
            JAVA_SHORT.withName("revents"));

    /// Size of an entry in bytes.
    public static final int POLLFD_BYTES = 8;

    private static final class Poll {
        static final MethodHandle CALL = Native.link("poll", JAVA_INT, ADDRESS, JAVA_LONG,
                JAVA_INT);
    }

    private static final class Ppoll {
        static final MethodHandle CALL = Native.link("ppoll", JAVA_INT, ADDRESS, JAVA_LONG, ADDRESS,
                ADDRESS);
    }

    private SysPoll() {}

    /// Waits until a descriptor is ready, the time is over, or a signal arrives (EINTR).
    ///
    /// @param errno where the call leaves its errno
    /// @param fds an array of [#POLLFD]
    /// @param nfds how many entries it has
    /// @param timeoutMillis -1 waits without end
    /// @return how many entries are ready (0: none in time), or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/poll.2.html">poll(2)</a>
    public static int poll(Errno errno, MemorySegment fds, long nfds, int timeoutMillis) {
        try {
            return errno
                    .join((int) Poll.CALL.invokeExact(errno.captured, fds, nfds, timeoutMillis));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Does the same with nanoseconds, and lets signals in while it waits: the kernel
    /// changes the mask and waits in one step, so that none arrives between the two. A
    /// signal that was pending ends it at once. But a descriptor that is ready comes
    /// first: the signal stays pending then.
    ///
    /// @param errno where the call leaves its errno
    /// @param fds an array of [#POLLFD]
    /// @param nfds how many entries it has
    /// @param timeout a `struct timespec`, or NULL to wait without end
    /// @param sigmask a `sigset_t`, what this thread blocks during the call; NULL changes
    ///     nothing
    /// @return how many entries are ready (0: none in time), or a negative errno: EINTR
    ///     after a handler ran, whatever [Signal#SA_RESTART] says
    /// @see <a href="https://man7.org/linux/man-pages/man2/ppoll.2.html">ppoll(2)</a>
    public static int ppoll(Errno errno, MemorySegment fds, long nfds, MemorySegment timeout,
            MemorySegment sigmask) {
        try {
            return errno.join(
                    (int) Ppoll.CALL.invokeExact(errno.captured, fds, nfds, timeout, sigmask));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Writes a whole entry, and clears what it reported.
    ///
    /// @param fds the array
    /// @param index of the entry
    /// @param fd the descriptor to watch; negative for none
    /// @param events what to wait for; 0 still reports errors
    public static void set(MemorySegment fds, int index, int fd, int events) {
        fds.set(JAVA_INT, (long) index * POLLFD_BYTES, fd);
        fds.set(JAVA_SHORT, (long) index * POLLFD_BYTES + 4, (short) events);
        fds.set(JAVA_SHORT, (long) index * POLLFD_BYTES + 6, (short) 0);
    }

    /// Takes the marks away: a call that failed left them as they were.
    ///
    /// @param fds the array
    /// @param count how many entries
    public static void clear(MemorySegment fds, int count) {
        for (int index = 0; index < count; index++) {
            fds.set(JAVA_SHORT, (long) index * POLLFD_BYTES + 6, (short) 0);
        }
    }

    /// The descriptor of an entry.
    ///
    /// @param fds the array
    /// @param index of the entry
    /// @return its `fd`
    public static int fd(MemorySegment fds, int index) {
        return fds.get(JAVA_INT, (long) index * POLLFD_BYTES);
    }

    /// What the kernel reported of an entry.
    ///
    /// @param fds the array
    /// @param index of the entry
    /// @return its `revents`; 0 when it is not ready
    public static int revents(MemorySegment fds, int index) {
        return fds.get(JAVA_SHORT, (long) index * POLLFD_BYTES + 6);
    }
}
