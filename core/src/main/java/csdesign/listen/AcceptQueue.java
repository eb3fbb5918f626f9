// SPDX-License-Identifier: MIT
package csdesign.listen;

import static csdesign.posix.SysSocket.SHUT_RD;
import static csdesign.posix.SysSocket.SOCK_CLOEXEC;

import csdesign.kit.Scoreboard;
import csdesign.posix.Errno;
import csdesign.posix.SysSocket;
import csdesign.posix.Unistd;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// The queue of a listening socket. Connections are taken from it one by one, or all at
/// once where the [Door] cannot be shut before.
///
/// **All at once:** connections that are not served yet are held here. The process that
/// has taken the last one shuts the socket down for all processes that share it, and no
/// further connection can get in. When this process runs out of descriptors, the held
/// connections are handed out first, and the rest stays in the queue meanwhile.
final class AcceptQueue {
    private final Errno errno;
    private final int fd;
    private final int flags;
    private final Scoreboard scoreboard;
    private int[] held = new int[16];
    private int first;
    private int end;

    /// The queue of a listening socket.
    ///
    /// @param errno where calls leave their errno
    /// @param fd the socket, which stays open
    /// @param flags of the connections: 0, or SOCK_NONBLOCK; SOCK_CLOEXEC is added
    /// @param scoreboard tells how the door was shut
    AcceptQueue(Errno errno, int fd, int flags, Scoreboard scoreboard) {
        this.errno = errno;
        this.fd = fd;
        this.flags = flags | SOCK_CLOEXEC;
        this.scoreboard = scoreboard;
    }

    /// Takes the next connection.
    ///
    /// @return its descriptor, or a negative errno: EAGAIN where nothing waits
    int take() {
        if (Door.of(scoreboard) == Door.STAYS_OPEN) {
            int result = first < end ? 0 : hold();
            return first < end ? held[first++] : result;
        }
        int client = accept();
        if (client >= 0) {
            Door.of(scoreboard).welcome(errno, client); // it may have been shut meanwhile
        }
        return client;
    }

    /// Takes all who wait, and closes the door behind them.
    ///
    /// @return a negative errno: why there is not one more
    int hold() {
        int client;
        while ((client = accept()) >= 0) {
            if (end == held.length) {
                held = Arrays.copyOf(held, 2 * end);
            }
            held[end++] = client;
        }
        if (client == -Errno.EAGAIN) {
            SysSocket.shutdown(errno, fd, SHUT_RD);
        }
        return client == -Errno.EINVAL ? -Errno.EAGAIN : client; // EINVAL: it is shut down
    }

    /// Takes all who still wait, and closes each. For a socket in non-blocking mode.
    ///
    /// @return how many
    int refuse() {
        int count = 0;
        for (int client; (client = accept()) >= 0; count++) {
            Unistd.close(errno, client);
        }
        return count;
    }

    private int accept() {
        return SysSocket.accept4(errno, fd, MemorySegment.NULL, MemorySegment.NULL, flags);
    }

    /// Closes the connections that are held and were not handed out.
    ///
    /// @return how many
    int close() {
        int count = end - first;
        while (first < end) {
            Unistd.close(errno, held[first++]);
        }
        return count;
    }
}
