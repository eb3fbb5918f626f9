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

/// What wakes a loop: a descriptor that select watches, and a descriptor into which the
/// handler of a signal writes. -1 stands for none.
///
/// @param read what select watches, and the loop reads
/// @param write what the handler writes into; for an eventfd it is the same as `read`
/// @param width how many bytes the handler writes at a time
record WakeUpDescriptors(int read, int write, int width) {
    /// No descriptor at all: pselect alone tells of the signal.
    static final WakeUpDescriptors NONE = new WakeUpDescriptors(-1, -1, 0);

    /// Makes a pipe.
    ///
    /// @param errno of the calling thread
    /// @param flags [Fcntl#O_NONBLOCK] for both ends, or 0
    /// @return its two ends
    /// @throws IOException when there is no descriptor left
    static WakeUpDescriptors pipe(Errno errno, int flags) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment pair = arena.allocate(JAVA_INT, 2);
            check(Unistd.pipe2(errno, pair, flags | Fcntl.O_CLOEXEC), "pipe2");
            return new WakeUpDescriptors(
                    pair.getAtIndex(JAVA_INT, 0), pair.getAtIndex(JAVA_INT, 1), 1);
        }
    }

    /// Makes an eventfd that does not block: a counter, to which each write of 8 bytes
    /// adds.
    ///
    /// @param errno of the calling thread
    /// @return the counter
    /// @throws IOException when there is no descriptor left
    static WakeUpDescriptors eventfd(Errno errno) throws IOException {
        int flags = SysEventfd.EFD_NONBLOCK | SysEventfd.EFD_CLOEXEC;
        int fd = check(SysEventfd.eventfd(errno, 0, flags), "eventfd");
        return new WakeUpDescriptors(fd, fd, Long.BYTES);
    }

    /// Makes a signalfd that does not block: the kernel itself tells of the signal there,
    /// and no handler runs.
    ///
    /// @param errno of the calling thread
    /// @param signal its number
    /// @return the signalfd
    /// @throws IOException when there is no descriptor left
    static WakeUpDescriptors signalfd(Errno errno, int signal) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment mask = arena.allocate(SysSignalfd.SIGSET_BYTES, 8);
            SysSignalfd.sigaddset(errno, mask, signal);
            int flags = SysSignalfd.SFD_NONBLOCK | SysSignalfd.SFD_CLOEXEC;
            int fd = check(SysSignalfd.signalfd(errno, -1, mask, flags), "signalfd");
            return new WakeUpDescriptors(fd, -1, 0);
        }
    }

    /// Makes the pipe as small as a pipe can be, and fills it.
    ///
    /// @param errno of the calling thread
    /// @param page as many bytes as a page has
    /// @return how many bytes the pipe took
    /// @throws IOException when the kernel refuses it
    int fill(Errno errno, MemorySegment page) throws IOException {
        int bytes = (int) page.byteSize();
        check(Fcntl.fcntl(errno, write, Fcntl.F_SETPIPE_SZ, bytes), "fcntl", "F_SETPIPE_SZ");
        return check((int) Unistd.write(errno, write, page, bytes), "write");
    }

    /// Reads until nothing is left.
    ///
    /// @param errno of the calling thread
    /// @param page where to; what was read last stays there
    /// @return the number of bytes; of an eventfd, the sum of its values
    int readAll(Errno errno, MemorySegment page) {
        int sum = 0;
        for (long count; (count = Unistd.read(errno, read, page, page.byteSize())) > 0;) {
            boolean isCounter = read == write;
            sum += isCounter ? page.get(JAVA_INT, 0) : (int) count;
        }
        return sum;
    }

    /// Closes them.
    ///
    /// @param errno of the calling thread
    void close(Errno errno) {
        if (read >= 0) {
            Unistd.close(errno, read);
        }
        if (write >= 0 && write != read) {
            Unistd.close(errno, write);
        }
    }
}
