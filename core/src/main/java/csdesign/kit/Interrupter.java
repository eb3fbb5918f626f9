// SPDX-License-Identifier: MIT
package csdesign.kit;

import static csdesign.posix.Errno.check;

import csdesign.posix.Errno;
import csdesign.posix.Signal;
import csdesign.posix.SysSignalfd;
import csdesign.posix.Unistd;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;

/// Ends the system call that its thread is blocked in when the server is told to stop:
/// the call answers EINTR.
///
/// [Thread#interrupt] cannot end a call that is made through FFM. A signal can. But a
/// signal that arrives after the thread has looked for a stop, and before the call, is
/// lost. So it is sent again until the thread has left the call.
///
/// One thread sends the signals for all interrupters of a process. It is started together
/// with the first interrupter, because at a stop the system may have no thread left.
public final class Interrupter implements AutoCloseable {
    /// A real-time signal that neither HotSpot (SIGUSR2) nor the JDK (SIGRTMAX - 2) nor
    /// the C library (32 to 34) uses.
    private static final int SIGNAL = 40;

    private static final long AGAIN_MILLIS = 5;

    private static final Set<Interrupter> OPEN = ConcurrentHashMap.newKeySet();

    /// A permit for each stop that was requested.
    private static final Semaphore WISHES = new Semaphore(0);

    private static boolean started;

    private final int tid;
    private final Stop stop;
    private final Stop.Watching watching;
    private volatile boolean blocked;
    private boolean closed;

    /// For the thread that calls this.
    ///
    /// @param stop the stop
    /// @throws IOException when the kernel refuses the handler, or there is no thread
    public Interrupter(Stop stop) throws IOException {
        this.stop = stop;
        try (Arena arena = Arena.ofConfined()) {
            Errno errno = Errno.allocate(arena);
            check(Signal.interruptBy(errno, SIGNAL), "sigaction");
            MemorySegment signals = arena.allocate(SysSignalfd.SIGSET_BYTES, 8);
            SysSignalfd.sigemptyset(errno, signals);
            SysSignalfd.sigaddset(errno, signals, SIGNAL);
            // The process may have been started with every signal blocked.
            SysSignalfd.pthread_sigmask(
                    errno, SysSignalfd.SIG_UNBLOCK, signals, MemorySegment.NULL);
            tid = Unistd.gettid(errno);
        }
        startOnce();
        OPEN.add(this);
        watching = stop.watch(WISHES::release);
    }

    private static synchronized void startOnce() throws IOException {
        if (!started) {
            try {
                Thread.ofPlatform().daemon().name("interrupter").start(Interrupter::run);
            } catch (OutOfMemoryError noThread) {
                throw new IOException("no thread to end accept at a stop: "
                        + noThread.getMessage() + ". Raise the limit (ulimit -u)", noThread);
            }
            started = true;
        }
    }

    /// A call begins that may block.
    public void enter() {
        blocked = true;
    }

    /// It has ended.
    public void leave() {
        blocked = false;
    }

    private static void run() {
        int pid = (int) ProcessHandle.current().pid();
        try (Arena arena = Arena.ofConfined()) {
            Errno errno = Errno.allocate(arena);
            while (true) {
                boolean any = false;
                for (Interrupter each : OPEN) {
                    any |= each.stop.requested() && each.interrupt(errno, pid);
                }
                if (any) {
                    Thread.sleep(AGAIN_MILLIS);
                } else {
                    WISHES.acquire();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// @return whether it is to be looked at again
    private synchronized boolean interrupt(Errno errno, int pid) {
        if (blocked && !closed) { // closed: the number may be another thread's
            Signal.tgkill(errno, pid, tid, SIGNAL);
        }
        return !closed;
    }

    /// The thread is about to end.
    @Override
    public synchronized void close() {
        closed = true;
        OPEN.remove(this);
        watching.close();
    }
}
