// SPDX-License-Identifier: MIT
package csdesign.fork;

import static csdesign.posix.SysSignalfd.SFD_CLOEXEC;
import static csdesign.posix.SysSignalfd.SFD_NONBLOCK;
import static csdesign.posix.SysSignalfd.SIGCHLD;

import csdesign.kit.Stop;
import csdesign.posix.Errno;
import csdesign.posix.Signal;
import csdesign.posix.SysSignalfd;
import csdesign.posix.Unistd;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// A signalfd for the end of a child and the two wishes to stop: a loop that waits for
/// descriptors reads its signals, and nothing ever runs in between.
///
/// The signals must be blocked in every thread of the process, or they never get here:
/// see [ForkingJvm].
public final class SignalDescriptor implements AutoCloseable {
    /// What [#next] answers when there is none.
    public static final int NONE = 0;

    private final Arena arena = Arena.ofConfined();
    private final Errno errno = Errno.allocate(arena);
    private final MemorySegment info = arena.allocate(SysSignalfd.SIGINFO_BYTES, 8);
    private final int fd;

    /// Opens it.
    ///
    /// @throws IOException when the process has no descriptor left
    public SignalDescriptor() throws IOException {
        fd = SysSignalfd.signalfd(errno, -1, signals(errno, arena), SFD_NONBLOCK | SFD_CLOEXEC);
        if (fd < 0) {
            throw new IOException("signalfd: " + Errno.say(fd) + ": a process that forks cannot"
                    + " hear of its children's ends here. Take prefork-accept, or"
                    + " thread-per-client");
        }
    }

    /// SIGCHLD, SIGTERM, and SIGINT and SIGHUP unless this process was started with them
    /// ignored, see [Stop#onSignals]: blocked, they would get through.
    static MemorySegment signals(Errno errno, Arena arena) {
        MemorySegment set = arena.allocate(SysSignalfd.SIGSET_BYTES, 8);
        SysSignalfd.sigemptyset(errno, set);
        SysSignalfd.sigaddset(errno, set, SIGCHLD);
        SysSignalfd.sigaddset(errno, set, Signal.SIGTERM);
        for (int signal : new int[] {Signal.SIGINT, Signal.SIGHUP}) {
            if (!Signal.isIgnored(errno, signal)) {
                SysSignalfd.sigaddset(errno, set, signal);
            }
        }
        return set;
    }

    /// The descriptor to watch for reading.
    ///
    /// @return the descriptor
    public int fd() {
        return fd;
    }

    /// Takes a signal. Of those that came more than once meanwhile there is one.
    ///
    /// @return its number, or [#NONE]
    public int next() {
        long n = Unistd.read(errno, fd, info, SysSignalfd.SIGINFO_BYTES);
        return n == SysSignalfd.SIGINFO_BYTES ? info.get(ValueLayout.JAVA_INT, 0) : NONE;
    }

    @Override
    public void close() {
        Unistd.close(errno, fd);
        arena.close();
    }
}
