// SPDX-License-Identifier: MIT
package csdesign.kit;

import static csdesign.posix.Errno.check;

import csdesign.posix.Errno;
import csdesign.posix.Signal;
import csdesign.posix.Unistd;
import java.io.IOException;
import java.lang.foreign.Arena;

/// Ends the system call that its thread is blocked in when the server shall stop: the
/// call answers EINTR.
///
/// [Thread#interrupt] knows nothing of calls by FFM. A signal does; but one that arrives
/// between the look at the stop and the call is lost, so it is sent again until the
/// thread is out of the call.
public final class Interrupter implements AutoCloseable {
    /// A real-time signal that neither HotSpot (SIGUSR2) nor the JDK (SIGRTMAX - 2) nor
    /// the C library (32 to 34) uses.
    private static final int SIGNAL = 40;

    private static final long AGAIN_MILLIS = 5;

    private final int tid;
    private final Stop.Watching watching;
    private volatile boolean blocked;
    private volatile boolean closed;

    /// For the thread that calls this.
    ///
    /// @param stop the wish
    /// @throws IOException when the kernel refuses the handler
    public Interrupter(Stop stop) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Errno errno = Errno.allocate(arena);
            check(Signal.interruptBy(errno, SIGNAL), "sigaction");
            tid = Unistd.gettid(errno);
        }
        watching = stop.watch(
                () -> Thread.ofPlatform().daemon().name("interrupter").start(this::interrupt));
    }

    /// A call begins that may block.
    public void enter() {
        blocked = true;
    }

    /// It has ended.
    public void leave() {
        blocked = false;
    }

    private void interrupt() {
        int pid = (int) ProcessHandle.current().pid();
        try (Arena arena = Arena.ofConfined()) {
            Errno errno = Errno.allocate(arena);
            while (!closed) {
                synchronized (this) {
                    if (blocked && !closed) { // closed: the number may be another thread's
                        Signal.tgkill(errno, pid, tid, SIGNAL);
                    }
                }
                Thread.sleep(AGAIN_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// The thread is about to end.
    @Override
    public synchronized void close() {
        closed = true;
        watching.close();
    }
}
