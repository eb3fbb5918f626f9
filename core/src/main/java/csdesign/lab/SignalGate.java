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

/// In a [Subject]: a signal that is blocked in all its threads, and whose handler, a Java
/// method, one thread lets in during ppoll, select and pselect. See [Signal#handle].
final class SignalGate {
    /// Of the thread.
    final Arena arena = Arena.ofConfined();

    /// Of the thread; the handler has another one.
    final Errno errno = Errno.allocate(arena);

    /// The mask that lets it in: nothing is blocked. NULL leaves all as it is.
    final MemorySegment open = arena.allocate(SysSignalfd.SIGSET_BYTES, 8);

    private final MemorySegment set = arena.allocate(SysSelect.FD_SET_BYTES, 8);
    private final MemorySegment entry = arena.allocate(SysPoll.POLLFD_BYTES, 8);
    private final MemorySegment noTime = arena.allocate(Time.TIMESPEC_BYTES, 8);

    /// For this thread.
    ///
    /// @param signal one with which the JVM was started blocked
    /// @param handler receives its number
    /// @throws IOException when the kernel refuses it
    SignalGate(int signal, IntConsumer handler) throws IOException {
        check(Signal.handle(errno, signal, handler, 0, NULL, arena), "sigaction");
    }

    /// The time before select: sleeps until the lab says go on.
    ///
    /// @param mask what is blocked meanwhile: [#open], or NULL
    /// @param handled how often the handler ran, which is said after each time
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

    /// Lets in one that is pending, and does not wait for one.
    ///
    /// @return whether there was one
    boolean letIn() {
        return SysPoll.ppoll(errno, NULL, 0, noTime, open) == -EINTR;
    }

    /// Is busy with something else: lets them in, and looks at no descriptor.
    ///
    /// @param isOver until this is so
    void busy(BooleanSupplier isOver) {
        while (!isOver.getAsBoolean()) {
            letIn();
        }
    }

    /// A descriptor as select takes it; for one call.
    ///
    /// @param fd -1 for none
    /// @return a set
    MemorySegment only(int fd) {
        SysSelect.FD_ZERO(set);
        if (fd >= 0) {
            SysSelect.FD_SET(fd, set);
        }
        return set;
    }
}
