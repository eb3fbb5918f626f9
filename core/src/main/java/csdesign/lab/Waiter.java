// SPDX-License-Identifier: MIT
package csdesign.lab;

import csdesign.evidence.Task;
import csdesign.kit.Nullable;
import csdesign.kit.Scoreboard;
import csdesign.posix.Errno;
import csdesign.posix.Fcntl;
import csdesign.posix.SysEpoll;
import csdesign.posix.Unistd;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// One thread of a pool of [Waiters], and what this thread has for itself.
final class Waiter {
    private final int index;
    private final int listener;
    private final Scoreboard.Row row;
    private final Arena arena;
    private final Errno errno;
    private final List<Integer> kept = new ArrayList<>();
    private final Thread thread;
    private volatile int tid;
    private volatile @Nullable Throwable failure;

    /// What a waiter does.
    @FunctionalInterface
    interface Loop {
        /// Waits for connections and accepts them, again and again, until the listener is
        /// shut.
        ///
        /// @param waiter the calling thread
        /// @throws IOException when a call fails that should not
        void run(Waiter waiter) throws IOException;
    }

    /// Does not start the thread.
    ///
    /// @param index its number
    /// @param listener the socket that it accepts from
    /// @param row what it counts in
    /// @param arena of the pool
    /// @param loop what it does
    Waiter(int index, int listener, Scoreboard.Row row, Arena arena, Loop loop) {
        this.index = index;
        this.listener = listener;
        this.row = row;
        this.arena = arena;
        errno = Errno.allocate(arena);
        thread = Thread.ofPlatform().name("waiter " + index).daemon().unstarted(() -> run(loop));
    }

    private void run(Loop loop) {
        tid = Unistd.gettid(errno);
        try {
            loop.run(this);
        } catch (IOException | RuntimeException | Error e) {
            failure = e;
        } finally {
            kept.forEach(fd -> Unistd.close(errno, fd));
        }
    }

    /// Its number.
    ///
    /// @return 0 for the waiter that began first
    int index() {
        return index;
    }

    /// The socket that it accepts from.
    ///
    /// @return its descriptor
    int listener() {
        return listener;
    }

    /// What it counts in.
    ///
    /// @return a row of its own
    Scoreboard.Row row() {
        return row;
    }

    /// Where its calls leave their errno.
    ///
    /// @return for this thread alone
    Errno errno() {
        return errno;
    }

    /// Memory that lives as long as the pool.
    ///
    /// @param bytes how much
    /// @return zeros
    MemorySegment allocate(long bytes) {
        return arena.allocate(bytes, 8);
    }

    /// Makes the listener non-blocking: accept4 answers EAGAIN where it would wait.
    ///
    /// @throws IOException when the listener is closed
    void unblock() throws IOException {
        int flags = Fcntl.fcntl(errno, listener, Fcntl.F_SETFL, Fcntl.O_NONBLOCK);
        Errno.check(flags, "fcntl", "F_SETFL");
    }

    /// Makes an epoll set for this thread alone, with the listener in it, and makes the
    /// listener non-blocking.
    ///
    /// @param mask for example [SysEpoll#EPOLLIN]
    /// @return the set's descriptor, which is closed when the thread ends
    /// @throws IOException when there is no descriptor left
    int watch(int mask) throws IOException {
        unblock();
        int epoll = SysEpoll.epoll_create1(errno, SysEpoll.EPOLL_CLOEXEC);
        kept.add(Errno.check(epoll, "epoll_create1"));
        MemorySegment event = allocate(SysEpoll.EVENT_BYTES);
        SysEpoll.setEvent(event, 0, mask, listener);
        int result = SysEpoll.epoll_ctl(errno, epoll, SysEpoll.EPOLL_CTL_ADD, listener, event);
        Errno.check(result, "epoll_ctl", "ADD");
        return epoll;
    }

    /// Its thread.
    ///
    /// @return started by the pool
    Thread thread() {
        return thread;
    }

    /// Whether its thread runs already, so that [#task] is known.
    ///
    /// @return true from then on
    boolean hasBegun() {
        return tid != 0;
    }

    /// Its thread as the scheduler sees it.
    ///
    /// @return of this process
    Task task() {
        return new Task(ProcessHandle.current().pid(), tid);
    }

    /// What ended it too early.
    ///
    /// @return null where nothing did
    @Nullable
    Throwable failure() {
        return failure;
    }
}
