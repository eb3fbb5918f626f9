// SPDX-License-Identifier: MIT
package csdesign.spawn;

import static csdesign.posix.Errno.check;
import static csdesign.posix.SysEpoll.EPOLLIN;
import static csdesign.posix.SysEpoll.EPOLL_CLOEXEC;
import static csdesign.posix.SysEpoll.EPOLL_CTL_ADD;

import csdesign.kit.Log;
import csdesign.kit.Nullable;
import csdesign.posix.Errno;
import csdesign.posix.SysEpoll;
import csdesign.posix.SysPidfd;
import csdesign.posix.SysWait;
import csdesign.posix.Unistd;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;

/// The children of this process that live, and a descriptor that becomes readable when
/// one of them has ended. It is an epoll set with a pidfd for each child.
///
/// Where the kernel gives no pidfd (before Linux 5.3, out of descriptors, or forbidden),
/// the parent looks every [#LOOK_MILLIS] whether the child has ended, and prints once
/// that it does so.
public final class ChildEnds implements AutoCloseable {
    /// How often a child without a pidfd is asked after, in milliseconds.
    public static final int LOOK_MILLIS = 100;

    /// No pidfd.
    private static final int NONE = -1;

    private final Arena arena = Arena.ofConfined();
    private final Errno errno = Errno.allocate(arena);
    private final MemorySegment event = arena.allocate(SysEpoll.EVENT_BYTES, 8);
    private final MemorySegment status = arena.allocate(ValueLayout.JAVA_INT);
    private final Map<Integer, Integer> pidfdsByPid = new HashMap<>();
    private final Log log;
    private final Opener opener;
    private final int epoll;
    private int blind;
    private boolean said;

    /// Makes a pidfd.
    @FunctionalInterface
    interface Opener {
        /// Makes it.
        ///
        /// @param pid a child
        /// @return the descriptor, or a negative errno
        int open(int pid);
    }

    /// No children yet.
    ///
    /// @param log where a missing pidfd is reported
    /// @throws IOException when there is no descriptor for it
    public ChildEnds(Log log) throws IOException {
        this(log, null);
    }

    /// The same for a test that plays the kernel.
    ChildEnds(Log log, @Nullable Opener opener) throws IOException {
        this.log = log;
        this.opener = opener == null ? pid -> SysPidfd.pidfd_open(errno, pid, 0) : opener;
        epoll = check(SysEpoll.epoll_create1(errno, EPOLL_CLOEXEC), "epoll_create1");
    }

    /// A descriptor that is readable when a child has ended: then [#reap] each.
    ///
    /// @return for poll or epoll
    public int fd() {
        return epoll;
    }

    /// How long a wait for [#fd] may be.
    ///
    /// @return milliseconds for poll; -1 for as long as it takes
    public int timeoutMillis() {
        return blind > 0 ? LOOK_MILLIS : -1;
    }

    /// How many children live, or have ended and were not reaped.
    ///
    /// @return the count
    public int count() {
        return pidfdsByPid.size();
    }

    /// Takes a child that was just started. It cannot fail: what was started must be
    /// waited for.
    ///
    /// @param pid the child
    public void add(int pid) {
        int pidfd = opener.open(pid);
        int result = pidfd;
        if (pidfd >= 0) {
            SysEpoll.setEvent(event, 0, EPOLLIN, pidfd);
            result = SysEpoll.epoll_ctl(errno, epoll, EPOLL_CTL_ADD, pidfd, event);
            if (result < 0) {
                Unistd.close(errno, pidfd);
                pidfd = NONE;
            }
        }
        if (result < 0) {
            pidfd = NONE;
            blind++;
            if (!said) {
                said = true;
                log.warn("pidfd_open: " + Errno.name(-result) + ": " + Errno.description(-result)
                        + ": the end of a process is noticed up to " + LOOK_MILLIS
                        + " ms late. It needs Linux 5.3, and a descriptor for each process");
            }
        }
        pidfdsByPid.put(pid, pidfd);
    }

    /// Takes a child that has ended out of the table of processes.
    ///
    /// @param pid one that was added, and not yet reaped
    /// @return how it ended, for [SysWait#describe]; -1 while it lives
    public int reap(int pid) {
        return wait(pid, SysWait.WNOHANG);
    }

    /// Waits for the end of a child that was killed.
    ///
    /// @param pid one that was added, and not yet reaped
    /// @return how it ended, for [SysWait#describe]
    public int await(int pid) {
        return wait(pid, 0);
    }

    private int wait(int pid, int options) {
        int waited;
        do {
            waited = SysWait.waitpid(errno, pid, status, options);
        } while (waited == -Errno.EINTR);
        if (waited == 0) {
            return -1;
        }
        forget(pid);
        return waited == pid ? status.get(ValueLayout.JAVA_INT, 0) : 0; // else ECHILD: it is gone
    }

    private void forget(int pid) {
        Integer pidfd = pidfdsByPid.remove(pid);
        if (pidfd == null) {
            return;
        }
        if (pidfd == NONE) {
            blind--;
        } else {
            Unistd.close(errno, pidfd); // which takes it out of the epoll set too
        }
    }

    /// Closes what it has open; the children are not touched.
    @Override
    public void close() {
        for (int pidfd : pidfdsByPid.values()) {
            if (pidfd != NONE) {
                Unistd.close(errno, pidfd);
            }
        }
        Unistd.close(errno, epoll);
        arena.close();
    }
}
