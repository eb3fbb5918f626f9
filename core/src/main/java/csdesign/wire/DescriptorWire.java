// SPDX-License-Identifier: MIT
package csdesign.wire;

import static csdesign.posix.Errno.check;
import static csdesign.posix.SysSocket.MSG_DONTWAIT;
import static csdesign.posix.SysSocket.MSG_NOSIGNAL;
import static csdesign.posix.SysSocket.SHUT_RD;
import static csdesign.posix.SysSocket.SHUT_RDWR;
import static csdesign.posix.SysSocket.SHUT_WR;

import csdesign.posix.Errno;
import csdesign.posix.Fcntl;
import csdesign.posix.SysPoll;
import csdesign.posix.SysSendfile;
import csdesign.posix.SysSocket;
import csdesign.posix.Unistd;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/// A connection by its descriptor, in blocking mode: what accept4(2) gave, or another
/// process. Used by one thread, which may put it [#on] one descriptor after the other.
///
/// The JDK makes no channel of a descriptor that it did not open, but for the one at
/// number 0.
public final class DescriptorWire implements Wire {
    private final Arena arena = Arena.ofAuto();
    private final Errno errno = Errno.allocate(arena);
    private final Errno othersErrno = Errno.allocate(arena); // under the lock
    private final MemorySegment poll = arena.allocate(SysPoll.POLLFD_BYTES, 8);
    private int fd = -1;

    /// No connection yet.
    public DescriptorWire() {}

    /// Takes a connection over.
    ///
    /// @param fd its descriptor, closed by [#close]
    /// @return this
    public synchronized DescriptorWire on(int fd) {
        this.fd = fd;
        return this;
    }

    @Override
    public int read(ByteBuffer in) throws IOException {
        return receive(in, 0);
    }

    @Override
    public int readWithin(ByteBuffer in, long nanos) throws IOException {
        if (nanos > 0) {
            SysPoll.set(poll, 0, fd, SysPoll.POLLIN);
            long untilNanos = System.nanoTime() + nanos;
            int ready;
            do {
                ready = SysPoll.poll(errno, poll, 1, millis(untilNanos - System.nanoTime()));
            } while (ready == -Errno.EINTR);
            check(ready, "poll");
        }
        return receive(in, MSG_DONTWAIT);
    }

    /// Rounded up: to wake a moment too early would be to wait again for 0 ms, and spin.
    private static int millis(long nanos) {
        return Math.clamp((nanos + 999_999) / 1_000_000, 0, Integer.MAX_VALUE);
    }

    /// @return 0 only with MSG_DONTWAIT: nothing is here
    private int receive(ByteBuffer in, int flags) throws IOException {
        MemorySegment segment = MemorySegment.ofBuffer(in);
        long n;
        do {
            n = SysSocket.recv(errno, fd, segment, segment.byteSize(), flags);
        } while (n == -Errno.EINTR);
        if (n == 0) {
            return -1;
        }
        if (n == -Errno.EAGAIN && flags == MSG_DONTWAIT) {
            return 0;
        }
        check((int) Math.min(n, 1), "recv", "fd", fd);
        in.position(in.position() + (int) n);
        return (int) n;
    }

    @Override
    public int write(ByteBuffer bytes) throws IOException {
        MemorySegment segment = MemorySegment.ofBuffer(bytes);
        long n;
        do {
            n = SysSocket.send(errno, fd, segment, segment.byteSize(), MSG_NOSIGNAL);
        } while (n == -Errno.EINTR);
        if (n < 0) {
            check((int) n, "send", "fd", fd);
        }
        bytes.position(bytes.position() + (int) n);
        return (int) n;
    }

    @Override
    public long sendFile(Path file, long offset, long count) throws IOException {
        try (Arena own = Arena.ofConfined()) {
            int from = check(
                    Fcntl.open(errno, own.allocateFrom(file.toString()),
                            Fcntl.O_RDONLY | Fcntl.O_CLOEXEC),
                    "open",
                    file);
            MemorySegment at = own.allocateFrom(ValueLayout.JAVA_LONG, offset);
            long n;
            do {
                n = SysSendfile.sendfile(errno, fd, from, at, count);
            } while (n == -Errno.EINTR);
            Unistd.close(errno, from);
            return n < 0 ? check((int) n, "sendfile", "fd", fd) : n;
        }
    }

    @Override
    public void shutdownOutput() {
        SysSocket.shutdown(errno, fd, SHUT_WR);
    }

    @Override
    public synchronized void shutdownInput() {
        if (fd >= 0) { // once closed, the number may be another connection's
            SysSocket.shutdown(othersErrno, fd, SHUT_RD);
        }
    }

    @Override
    public synchronized void abort() {
        if (fd >= 0) {
            SysSocket.shutdown(othersErrno, fd, SHUT_RDWR);
        }
    }

    @Override
    public synchronized void close() {
        if (fd >= 0) {
            Unistd.close(errno, fd);
            fd = -1;
        }
    }
}
