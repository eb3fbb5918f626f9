// SPDX-License-Identifier: MIT
package csdesign.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// `<sys/epoll.h>`: a set of descriptors that stays in the kernel, and a list of those
/// that are ready.
///
/// `struct epoll_event` is packed on x86-64 alone (12 bytes, so that 32-bit and 64-bit
/// programs agree); elsewhere it has its natural 16. [#EVENT_BYTES] and the accessors
/// know.
public final class SysEpoll {
    /// There is data, a connection to accept, or the end of the stream.
    public static final int EPOLLIN = 1;

    /// A write would not block.
    public static final int EPOLLOUT = 4;

    /// An error is pending. Reported unasked.
    public static final int EPOLLERR = 8;

    /// Both directions are shut. Reported unasked.
    public static final int EPOLLHUP = 16;

    /// The peer has shut its writing half.
    public static final int EPOLLRDHUP = 0x2000;

    /// Wake one waiter, or a few, not all; only with [#EPOLL_CTL_ADD].
    public static final int EPOLLEXCLUSIVE = 1 << 28;

    /// Report once, then hold the entry until it is modified.
    public static final int EPOLLONESHOT = 1 << 30;

    /// Edge-triggered: report changes, not states.
    public static final int EPOLLET = 1 << 31;

    /// Put a descriptor into the set.
    public static final int EPOLL_CTL_ADD = 1;

    /// Take it out. Closing the last copy of it does the same.
    public static final int EPOLL_CTL_DEL = 2;

    /// Change what is waited for.
    public static final int EPOLL_CTL_MOD = 3;

    /// Close on execve.
    public static final int EPOLL_CLOEXEC = 0x80000;

    /// Size of a `struct epoll_event` in bytes on this architecture.
    public static final int EVENT_BYTES = eventBytes(Arch.current());

    private static final int DATA_OFFSET = EVENT_BYTES - 8;

    private static final class EpollCreate1 {
        static final MethodHandle CALL = Native.link("epoll_create1", JAVA_INT, JAVA_INT);
    }

    private static final class EpollCtl {
        static final MethodHandle CALL = Native.link("epoll_ctl", JAVA_INT, JAVA_INT, JAVA_INT,
                JAVA_INT, ADDRESS);
    }

    private static final class EpollWait {
        static final MethodHandle CALL = Native.link("epoll_wait", JAVA_INT, JAVA_INT, ADDRESS,
                JAVA_INT, JAVA_INT);
    }

    private SysEpoll() {}

    /// Makes an empty set.
    ///
    /// @param errno where the call leaves its errno
    /// @param flags [#EPOLL_CLOEXEC] or 0
    /// @return its descriptor, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/epoll_create.2.html">epoll_create(2)</a>
    public static int epoll_create1(Errno errno, int flags) {
        try {
            return errno.join((int) EpollCreate1.CALL.invokeExact(errno.captured, flags));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Changes the set.
    ///
    /// @param errno where the call leaves its errno
    /// @param epfd the set
    /// @param op [#EPOLL_CTL_ADD], [#EPOLL_CTL_MOD] or [#EPOLL_CTL_DEL]
    /// @param fd the descriptor to watch
    /// @param event one event, made by [#setEvent]
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/epoll_ctl.2.html">epoll_ctl(2)</a>
    public static int epoll_ctl(Errno errno, int epfd, int op, int fd, MemorySegment event) {
        try {
            return errno.join((int) EpollCtl.CALL.invokeExact(errno.captured, epfd, op, fd, event));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Waits until a descriptor is ready, the time is over, or a signal arrives (EINTR).
    ///
    /// @param errno where the call leaves its errno
    /// @param epfd the set
    /// @param events an array of [#EVENT_BYTES] each; receives what is ready
    /// @param maxevents how many fit in
    /// @param timeoutMillis -1 waits without end
    /// @return how many events were written (0: none in time), or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man2/epoll_wait.2.html">epoll_wait(2)</a>
    public static int epoll_wait(Errno errno, int epfd, MemorySegment events, int maxevents,
            int timeoutMillis) {
        try {
            return errno
                    .join((int) EpollWait.CALL.invokeExact(errno.captured, epfd, events, maxevents,
                            timeoutMillis));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Size of a `struct epoll_event` in bytes.
    ///
    /// @param arch an architecture
    /// @return 12 where it is packed, 16 elsewhere
    public static int eventBytes(Arch arch) {
        return arch == Arch.X86_64 ? 12 : 16;
    }

    /// Writes an event whose data is the descriptor itself.
    ///
    /// @param events an array of events
    /// @param index of the event
    /// @param mask what to wait for
    /// @param fd what [#eventFd] will answer when it is ready
    public static void setEvent(MemorySegment events, int index, int mask, int fd) {
        long offset = (long) index * EVENT_BYTES;
        events.set(ValueLayout.JAVA_INT_UNALIGNED, offset, mask);
        events.set(ValueLayout.JAVA_LONG_UNALIGNED, offset + DATA_OFFSET, fd);
    }

    /// The descriptor of an event.
    ///
    /// @param events an array of events
    /// @param index of the event
    /// @return what [#setEvent] put there
    public static int eventFd(MemorySegment events, int index) {
        return (int) events.get(
                ValueLayout.JAVA_LONG_UNALIGNED, (long) index * EVENT_BYTES + DATA_OFFSET);
    }

    /// What happened.
    ///
    /// @param events an array of events
    /// @param index of the event
    /// @return a mask of [#EPOLLIN] and others
    public static int eventMask(MemorySegment events, int index) {
        return events.get(ValueLayout.JAVA_INT_UNALIGNED, (long) index * EVENT_BYTES);
    }
}
