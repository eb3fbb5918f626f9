// SPDX-License-Identifier: MIT
package csdesign.fork;

import static csdesign.posix.SysSignalfd.SFD_CLOEXEC;
import static csdesign.posix.SysSignalfd.SFD_NONBLOCK;
import static csdesign.posix.SysSignalfd.SIGCHLD;

import csdesign.posix.Errno;
import csdesign.posix.Signal;
import csdesign.posix.SysSignalfd;
import csdesign.posix.Unistd;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Signals that can be read: a signalfd. A loop that waits for descriptors takes its
/// signals there, and no handler ever runs between two of its lines.
///
/// The signals must be blocked in every thread of the process, or they never get here:
/// see [ForkingJvm].
public final class SignalDescriptor implements AutoCloseable {
    private final Arena arena = Arena.ofConfined();
    private final Errno errno = Errno.allocate(arena);
    private final MemorySegment info = arena.allocate(SysSignalfd.SIGINFO_BYTES, 8);
    private final int fd;

    private SignalDescriptor(Errno opening, MemorySegment signals) throws IOException {
        fd = SysSignalfd.signalfd(opening, -1, signals, SFD_NONBLOCK | SFD_CLOEXEC);
        if (fd < 0) {
            throw new IOException("signalfd: " + Errno.say(fd) + ": a process that forks cannot"
                    + " hear of its children's ends here. Take prefork-accept, or"
                    + " thread-per-client");
        }
    }

    /// For the ends of children: SIGCHLD.
    ///
    /// @return readable when a child has ended
    /// @throws IOException when the process has no descriptor left
    public static SignalDescriptor ofChildren() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Errno errno = Errno.allocate(arena);
            MemorySegment set = none(errno, arena);
            SysSignalfd.sigaddset(errno, set, SIGCHLD);
            return new SignalDescriptor(errno, set);
        }
    }

    /// For the stop: SIGTERM, and SIGINT and SIGHUP unless this process was started with
    /// them ignored, see [csdesign.kit.Stop#onSignals]. A blocked signal is not ignored.
    ///
    /// @return readable when the user has sent one of them
    /// @throws IOException when the process has no descriptor left
    public static SignalDescriptor ofStop() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Errno errno = Errno.allocate(arena);
            return new SignalDescriptor(errno, stopSignals(errno, arena));
        }
    }

    /// All signals that are read so, to be blocked.
    static MemorySegment all(Errno errno, Arena arena) {
        MemorySegment set = stopSignals(errno, arena);
        SysSignalfd.sigaddset(errno, set, SIGCHLD);
        return set;
    }

    private static MemorySegment stopSignals(Errno errno, Arena arena) {
        MemorySegment set = none(errno, arena);
        SysSignalfd.sigaddset(errno, set, Signal.SIGTERM);
        for (int signal : new int[] {Signal.SIGINT, Signal.SIGHUP}) {
            if (!Signal.isIgnored(errno, signal)) {
                SysSignalfd.sigaddset(errno, set, signal);
            }
        }
        return set;
    }

    private static MemorySegment none(Errno errno, Arena arena) {
        MemorySegment set = arena.allocate(SysSignalfd.SIGSET_BYTES, 8);
        SysSignalfd.sigemptyset(errno, set);
        return set;
    }

    /// The descriptor to watch for reading.
    ///
    /// @return the descriptor
    public int fd() {
        return fd;
    }

    /// Takes a signal. Those of one number that came since the last call count as one.
    ///
    /// @return whether there was one
    public boolean take() {
        return Unistd.read(errno, fd, info, SysSignalfd.SIGINFO_BYTES) == SysSignalfd.SIGINFO_BYTES;
    }

    @Override
    public void close() {
        Unistd.close(errno, fd);
        arena.close();
    }
}
