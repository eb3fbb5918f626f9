// SPDX-License-Identifier: MIT
package csdesign.lab;

import static csdesign.posix.Errno.check;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import csdesign.posix.Errno;
import csdesign.posix.Fcntl;
import csdesign.posix.SysEventfd;
import csdesign.posix.SysSignalfd;
import csdesign.posix.Unistd;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// What wakes a loop: where it reads, and where a handler writes, -1 for nothing.
///
/// @param read what select watches
/// @param write the same for a counter
/// @param width how many bytes the handler writes
record WakeUpDescriptors(int read, int write, int width) {
    /// No descriptor at all.
    static final WakeUpDescriptors NONE = new WakeUpDescriptors(-1, -1, 0);

    /// A pipe.
    ///
    /// @param flags [Fcntl#O_NONBLOCK] or 0
    static WakeUpDescriptors pipe(Errno errno, int flags) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment pair = arena.allocate(JAVA_INT, 2);
            check(Unistd.pipe2(errno, pair, flags | Fcntl.O_CLOEXEC), "pipe2");
            return new WakeUpDescriptors(pair.getAtIndex(JAVA_INT, 0), pair.getAtIndex(JAVA_INT, 1),
                    1);
        }
    }

    /// An eventfd that does not block.
    static WakeUpDescriptors counter(Errno errno) throws IOException {
        int flags = SysEventfd.EFD_NONBLOCK | SysEventfd.EFD_CLOEXEC;
        int fd = check(SysEventfd.eventfd(errno, 0, flags), "eventfd");
        return new WakeUpDescriptors(fd, fd, Long.BYTES);
    }

    /// A signalfd that does not block: there is no handler.
    static WakeUpDescriptors signals(Errno errno, int signal) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment mask = arena.allocate(SysSignalfd.SIGSET_BYTES, 8);
            SysSignalfd.sigaddset(errno, mask, signal);
            int flags = SysSignalfd.SFD_NONBLOCK | SysSignalfd.SFD_CLOEXEC;
            return new WakeUpDescriptors(
                    check(SysSignalfd.signalfd(errno, -1, mask, flags), "signalfd"), -1, 0);
        }
    }

    /// Makes a pipe as small as it can be, and fills it.
    ///
    /// @param page as many bytes as a page has
    /// @return how many it took
    int fill(Errno errno, MemorySegment page) throws IOException {
        int bytes = (int) page.byteSize();
        check(Fcntl.fcntl(errno, write, Fcntl.F_SETPIPE_SZ, bytes), "fcntl", "F_SETPIPE_SZ");
        return check((int) Unistd.write(errno, write, page, bytes), "write");
    }

    void close(Errno errno) {
        if (read >= 0) {
            Unistd.close(errno, read);
        }
        if (write >= 0 && write != read) {
            Unistd.close(errno, write);
        }
    }
}
