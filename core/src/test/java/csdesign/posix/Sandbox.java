// SPDX-License-Identifier: MIT
package csdesign.posix;

import static csdesign.posix.SysSocket.AF_INET;
import static csdesign.posix.SysSocket.AF_UNIX;
import static csdesign.posix.SysSocket.SOCK_CLOEXEC;
import static csdesign.posix.SysSocket.SOCK_STREAM;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;

/// Memory, an errno and descriptors for one test, all given back at its end.
final class Sandbox implements AutoCloseable {
    final Arena arena = Arena.ofConfined();
    final Errno errno = Errno.allocate(arena);
    private final Deque<Integer> descriptors = new ArrayDeque<>();

    /// Closes it with the sandbox.
    int keep(int fd) {
        descriptors.push(fd);
        return fd;
    }

    /// Closes it now, and not once more with the sandbox: the number may be another's by then.
    void drop(int fd) {
        descriptors.removeFirstOccurrence(fd);
        Unistd.close(errno, fd);
    }

    /// Two connected AF_UNIX streams.
    int[] pair() throws IOException {
        return pair(SOCK_STREAM);
    }

    /// The same of another type.
    int[] pair(int type) throws IOException {
        MemorySegment two = arena.allocate(JAVA_INT, 2);
        Errno.check(SysSocket.socketpair(errno, AF_UNIX, type | SOCK_CLOEXEC, 0, two),
                "socketpair");
        return new int[] {keep(two.getAtIndex(JAVA_INT, 0)), keep(two.getAtIndex(JAVA_INT, 1))};
    }

    /// The read end and the write end.
    int[] pipe(int flags) throws IOException {
        MemorySegment two = arena.allocate(JAVA_INT, 2);
        Errno.check(Unistd.pipe2(errno, two, flags), "pipe2");
        return new int[] {keep(two.getAtIndex(JAVA_INT, 0)), keep(two.getAtIndex(JAVA_INT, 1))};
    }

    /// A TCP socket that listens on a free port of 127.0.0.1.
    int listener(int type) throws IOException {
        int fd = keep(
                Errno.check(SysSocket.socket(errno, AF_INET, SOCK_STREAM | type, 0), "socket"));
        MemorySegment name = SockAddr.of(arena, loopback(0));
        Errno.check(SysSocket.bind(errno, fd, name, (int) name.byteSize()), "bind");
        Errno.check(SysSocket.listen(errno, fd, 16), "listen");
        return fd;
    }

    static InetSocketAddress loopback(int port) {
        return new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port);
    }

    InetSocketAddress name(int fd) throws IOException {
        MemorySegment name = arena.allocate(SockAddr.IN6_BYTES, 8);
        MemorySegment size = arena.allocateFrom(JAVA_INT, SockAddr.IN6_BYTES);
        Errno.check(SysSocket.getsockname(errno, fd, name, size), "getsockname");
        return SockAddr.read(name);
    }

    MemorySegment bytes(String text) {
        return arena.allocateFrom(java.lang.foreign.ValueLayout.JAVA_BYTE,
                text.getBytes(StandardCharsets.US_ASCII));
    }

    static String text(MemorySegment bytes, long count) {
        return new String(bytes.asSlice(0, count).toArray(java.lang.foreign.ValueLayout.JAVA_BYTE),
                StandardCharsets.US_ASCII);
    }

    @Override
    public void close() {
        descriptors.forEach(fd -> Unistd.close(errno, fd));
        arena.close();
    }
}
