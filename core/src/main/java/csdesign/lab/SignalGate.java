// SPDX-License-Identifier: MIT
package csdesign.lab;

import static csdesign.posix.Errno.EINTR;
import static csdesign.posix.Errno.check;
import static java.lang.foreign.MemorySegment.NULL;

import csdesign.posix.Errno;
import csdesign.posix.Signal;
import csdesign.posix.SysPoll;
import csdesign.posix.SysSelect;
import csdesign.posix.SysSignalfd;
import csdesign.posix.Time;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;
import java.util.function.IntSupplier;

/// Lets a signal in, in a [Subject]. There the signal is blocked in all threads, and one
/// thread lets it in while it waits in ppoll, select or pselect, and at no other time. So
/// the signal's handler may be a Java method: see [Signal#handle].
final class SignalGate {
    /// Memory of the thread.
    final Arena arena = Arena.ofConfined();

    /// Where the thread's calls leave their errno; the handler has another one.
    final Errno errno = Errno.allocate(arena);

    /// The mask that lets the signal in: it blocks nothing. Where a call takes NULL for a
    /// mask, all stays as it is, and the signal is blocked.
    final MemorySegment open = arena.allocate(SysSignalfd.SIGSET_BYTES, 8);

    private final MemorySegment set = arena.allocate(SysSelect.FD_SET_BYTES, 8);
    private final MemorySegment entry = arena.allocate(SysPoll.POLLFD_BYTES, 8);
    private final MemorySegment noTime = arena.allocate(Time.TIMESPEC_BYTES, 8);

    /// For the calling thread.
    ///
    /// @param signal a signal that was blocked in all threads when the JVM began
    /// @param handler is called with the signal's number
    /// @throws IOException when the kernel refuses the handler
    SignalGate(int signal, IntConsumer handler) throws IOException {
        check(Signal.handle(errno, signal, handler, 0, NULL, arena), "sigaction");
    }

    /// Sleeps until the lab writes a line: the time before select, held open. Whenever
    /// the handler has run, the lab is told how often.
    ///
    /// @param mask [#open] to let the signal in meanwhile, or NULL
    /// @param handled tells how often the handler ran
    /// @throws IOException when there is no lab
    void window(MemorySegment mask, IntSupplier handled) throws IOException {
        SysPoll.set(entry, 0, 0, SysPoll.POLLIN);
        while (SysPoll.ppoll(errno, entry, 1, NULL, mask) == -EINTR) {
            SubjectMain.say("" + handled.getAsInt());
        }
        SubjectMain.hear(errno);
    }

    /// select(2) as a program calls it that blocks no signal: it waits until a descriptor
    /// is ready or a handler has run.
    ///
    /// This thread keeps the signal blocked whenever it is not in a system call, because
    /// a JVM survives the handler nowhere else. So the mask is opened around the wait, in
    /// the same step: glibc 2.36 makes the same system call, pselect6, of select and of
    /// pselect.
    ///
    /// @param nfds the highest descriptor in the set, plus 1
    /// @param readfds a set
    /// @return how many are ready, or a negative errno: EINTR after a handler ran
    int select(int nfds, MemorySegment readfds) {
        return SysSelect.pselect(errno, nfds, readfds, NULL, NULL, NULL, open);
    }

    /// Lets a signal in if one is pending, and does not wait for one.
    ///
    /// @return whether one was pending
    boolean letIn() {
        return SysPoll.ppoll(errno, NULL, 0, noTime, open) == -EINTR;
    }

    /// Lets signals in again and again, and looks at no descriptor meanwhile: a loop that
    /// is busy with something else.
    ///
    /// @param isOver ends that
    void letInUntil(BooleanSupplier isOver) {
        while (!isOver.getAsBoolean()) {
            letIn();
        }
    }

    /// Makes the set that select takes, with one descriptor in it. It is overwritten by
    /// the next call.
    ///
    /// @param fd the descriptor; -1 for none
    /// @return the set
    MemorySegment only(int fd) {
        SysSelect.FD_ZERO(set);
        if (fd >= 0) {
            SysSelect.FD_SET(fd, set);
        }
        return set;
    }
}
