// SPDX-License-Identifier: MIT
package csdesign.lab;

import static csdesign.posix.Errno.check;

import csdesign.kit.Nullable;
import csdesign.posix.Errno;
import csdesign.posix.SysPoll;
import csdesign.posix.SysSocket;
import csdesign.posix.Unistd;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;

/// The lab's end of a pair of connected sockets, over which it exchanges lines of text
/// with another JVM. For one thread.
final class LineSocket implements AutoCloseable {
    /// No line of a lab is longer, so a write of one is never cut in two.
    static final int LINE_BYTES = 4_096;

    private final Arena arena = Arena.ofConfined();
    private final Errno errno = Errno.allocate(arena);
    private final MemorySegment buffer = arena.allocate(LINE_BYTES);
    private final MemorySegment polled = arena.allocate(2L * SysPoll.POLLFD_BYTES, 8);
    private final StringBuilder unread = new StringBuilder();
    private final int fd;
    private int otherEnd;

    /// Makes both ends.
    ///
    /// @throws IOException when the process has no descriptor left
    LineSocket() throws IOException {
        MemorySegment pair = arena.allocate(ValueLayout.JAVA_INT, 2);
        int type = SysSocket.SOCK_STREAM | SysSocket.SOCK_CLOEXEC;
        check(SysSocket.socketpair(errno, SysSocket.AF_UNIX, type, 0, pair), "socketpair");
        fd = pair.getAtIndex(ValueLayout.JAVA_INT, 0);
        otherEnd = pair.getAtIndex(ValueLayout.JAVA_INT, 1);
    }

    /// The end that the other JVM inherits.
    ///
    /// @return its descriptor here, until [#closeOtherEnd]
    int otherEnd() {
        return otherEnd;
    }

    /// Closes the end that the other JVM has inherited. From then on only that JVM holds
    /// this end, so the lab notices when that JVM ends.
    void closeOtherEnd() {
        Unistd.close(errno, otherEnd);
        otherEnd = -1;
    }

    /// Sets how long [#readLine] waits.
    ///
    /// @param seconds the longest time; 0 for as long as it takes
    /// @throws IOException when the kernel refuses it
    void limitReads(int seconds) throws IOException {
        MemorySegment timeval = arena.allocate(16, 8);
        timeval.set(ValueLayout.JAVA_LONG, 0, seconds);
        check(
                SysSocket.setsockopt(
                        errno, fd, SysSocket.SOL_SOCKET, SysSocket.SO_RCVTIMEO, timeval, 16),
                "setsockopt", "SO_RCVTIMEO");
    }

    /// Waits for the next line.
    ///
    /// @return the line without its end; null when the other JVM has ended, or has closed
    ///     its output
    /// @throws SocketTimeoutException when no line comes in the time that was set
    /// @throws IOException when reading fails
    @Nullable
    String readLine() throws IOException {
        while (unread.indexOf("\n") < 0) {
            long count = SysSocket.recv(errno, fd, buffer, buffer.byteSize(), 0);
            if (count == -Errno.EINTR) {
                continue;
            }
            // ECONNRESET is an end too: the other JVM had not read all that it was sent.
            if (count == 0 || count == -Errno.ECONNRESET) {
                return null;
            }
            if (count == -Errno.EAGAIN) {
                throw new SocketTimeoutException();
            }
            if (count < 0) {
                throw new IOException("the other JVM: recv: " + Errno.say(count));
            }
            byte[] read = buffer.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE);
            unread.append(new String(read, StandardCharsets.US_ASCII));
        }
        int end = unread.indexOf("\n");
        String line = unread.substring(0, end);
        unread.delete(0, end + 1);
        return line;
    }

    /// Whether [#readLine] would return at once.
    ///
    /// @return true where a line is here, and at the end
    boolean isReadable() {
        SysPoll.set(polled, 0, fd, SysPoll.POLLIN);
        return unread.indexOf("\n") >= 0 || SysPoll.poll(errno, polled, 1, 0) > 0;
    }

    /// Waits until there is something to read, on this socket or on another descriptor.
    ///
    /// @param other for example 0, the standard input
    /// @return whether [#isReadable]
    boolean isReadableBefore(int other) {
        SysPoll.set(polled, 0, fd, SysPoll.POLLIN);
        SysPoll.set(polled, 1, other, SysPoll.POLLIN);
        while (unread.indexOf("\n") < 0 && SysPoll.poll(errno, polled, 2, -1) < 0) {
            // EINTR: wait again
        }
        return isReadable();
    }

    /// Writes a line, all of it in one call.
    ///
    /// @param line without its end
    /// @return 0, or a negative errno: EPIPE when the other JVM has ended
    /// @throws IOException when a part of it was written
    int writeLine(String line) throws IOException {
        byte[] text = (line + "\n").getBytes(StandardCharsets.US_ASCII);
        MemorySegment.copy(text, 0, buffer, ValueLayout.JAVA_BYTE, 0, text.length);
        long sent = SysSocket.send(errno, fd, buffer, text.length, SysSocket.MSG_NOSIGNAL);
        if (sent >= 0 && sent < text.length) {
            throw new IOException("send: " + sent + " of " + text.length + " bytes");
        }
        return (int) Math.min(sent, 0);
    }

    @Override
    public void close() {
        if (otherEnd >= 0) {
            Unistd.close(errno, otherEnd);
        }
        Unistd.close(errno, fd);
        arena.close();
    }
}
