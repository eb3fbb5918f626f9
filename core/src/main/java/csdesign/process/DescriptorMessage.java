// SPDX-License-Identifier: MIT
package csdesign.process;

import static csdesign.posix.SysSocket.IOVEC_BYTES;
import static csdesign.posix.SysSocket.MSGHDR_BYTES;
import static csdesign.posix.SysSocket.SCM_RIGHTS;
import static csdesign.posix.SysSocket.SOL_SOCKET;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import csdesign.posix.Errno;
import csdesign.posix.SysSocket;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// A message that carries one descriptor from process to process, and one byte that means
/// nothing: ancillary data cannot travel alone.
///
/// ```text
///   struct msghdr --> struct iovec --> 1 byte
///        +----------> struct cmsghdr { length, SOL_SOCKET, SCM_RIGHTS } descriptor
/// ```
///
/// @see <a href="https://man7.org/linux/man-pages/man3/cmsg.3.html">cmsg(3)</a>
public final class DescriptorMessage {
    /// CMSG_LEN of one `int`: the header of 16 bytes and the data.
    private static final long CMSG_LEN = 20;

    /// CMSG_SPACE of one `int`: with the padding.
    private static final long CMSG_SPACE = 24;

    private static final long MSG_CONTROLLEN = 40;

    private final MemorySegment header;
    private final MemorySegment control;

    /// Memory for one message at a time.
    ///
    /// @param arena what it lives as long as
    public DescriptorMessage(Arena arena) {
        MemorySegment vector = arena.allocate(IOVEC_BYTES, 8);
        vector.set(ADDRESS, 0, arena.allocate(1));
        vector.set(JAVA_LONG, 8, 1);
        control = arena.allocate(CMSG_SPACE, 8);
        header = arena.allocate(MSGHDR_BYTES, 8);
        header.set(ADDRESS, 16, vector);
        header.set(JAVA_LONG, 24, 1);
        header.set(ADDRESS, 32, control);
    }

    /// Sends a descriptor: the receiver gets another one for the same open file.
    ///
    /// @param errno where the call leaves its errno
    /// @param socket of AF_UNIX
    /// @param fd what is sent; it can be closed here afterwards
    /// @param flags of sendmsg(2)
    /// @return 1, or a negative errno
    public int send(Errno errno, int socket, int fd, int flags) {
        control.set(JAVA_LONG, 0, CMSG_LEN);
        control.set(JAVA_INT, 8, SOL_SOCKET);
        control.set(JAVA_INT, 12, SCM_RIGHTS);
        control.set(JAVA_INT, 16, fd);
        header.set(JAVA_LONG, MSG_CONTROLLEN, CMSG_SPACE);
        return (int) SysSocket.sendmsg(errno, socket, header, flags);
    }

    /// Waits for a descriptor.
    ///
    /// @param errno where the call leaves its errno
    /// @param socket of AF_UNIX
    /// @param flags of recvmsg(2)
    /// @return the descriptor; [Errno#EPIPE], negative, at the end of the stream; or
    ///     another negative errno. A message that lost its descriptor here, for this
    ///     process had none left, is -EMFILE
    public int receive(Errno errno, int socket, int flags) {
        header.set(JAVA_LONG, MSG_CONTROLLEN, CMSG_SPACE);
        int n = (int) SysSocket.recvmsg(errno, socket, header, flags);
        if (n <= 0) {
            return n == 0 ? -Errno.EPIPE : n;
        }
        boolean whole = header.get(JAVA_LONG, MSG_CONTROLLEN) >= CMSG_LEN
                && control.get(JAVA_INT, 12) == SCM_RIGHTS;
        return whole ? control.get(JAVA_INT, 16) : -Errno.EMFILE;
    }
}
