// SPDX-License-Identifier: MIT
package csdesign.drive;

import static csdesign.posix.Errno.check;
import static csdesign.posix.SysSocket.MSG_DONTWAIT;
import static csdesign.posix.SysSocket.MSG_NOSIGNAL;
import static csdesign.posix.SysSocket.MSG_PEEK;
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
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/// A connection by its descriptor, in blocking mode: what accept4(2) gave, or another
/// process. Used by one thread, which may put it [#on] one descriptor after the other.
///
/// The JDK makes no channel of a descriptor that it did not open, but for the one at
/// number 0.
final class DescriptorWire implements Wire {
    private final Arena arena = Arena.ofAuto();
    private final Errno errno = Errno.allocate(arena);
    private final Errno othersErrno = Errno.allocate(arena); // under the lock
    private final MemorySegment poll = arena.allocate(SysPoll.POLLFD_BYTES, 8);
    private final MemorySegment peek = arena.allocate(1);
    private int fd = -1;

    /// Takes a connection over.
    ///
    /// @param fd its descriptor, closed by [#close]
    synchronized DescriptorWire on(int fd) {
        this.fd = fd;
        return this;
    }

    @Override
    public int read(ByteBuffer in) throws IOException {
        MemorySegment segment = MemorySegment.ofBuffer(in);
        long n;
        do {
            n = SysSocket.recv(errno, fd, segment, segment.byteSize(), 0);
        } while (n == -Errno.EINTR);
        if (n < 0) {
            check((int) n, "recv", "fd", fd);
        }
        in.position(in.position() + (int) n);
        return n == 0 ? -1 : (int) n;
    }

    @Override
    public int readWithin(ByteBuffer in, int millis) throws IOException {
        SysPoll.set(poll, 0, fd, SysPoll.POLLIN);
        long deadlineNanos = System.nanoTime() + millis * 1_000_000L;
        int ready;
        do {
            long left = (deadlineNanos - System.nanoTime() + 999_999) / 1_000_000;
            ready = SysPoll.poll(errno, poll, 1, (int) Math.max(0, left));
        } while (ready == -Errno.EINTR);
        if (check(ready, "poll") == 0) {
            throw new SocketTimeoutException("nothing within " + millis + " ms");
        }
        return read(in);
    }

    @Override
    public boolean hasBytes() {
        return SysSocket.recv(errno, fd, peek, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
    }

    @Override
    public int write(ByteBuffer bytes) throws IOException {
        if (!bytes.isDirect()) { // the collector may move it while the kernel reads
            int n = write(ByteBuffer.allocateDirect(bytes.remaining()).put(bytes.duplicate())
                    .flip());
            bytes.position(bytes.position() + n);
            return n;
        }
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
