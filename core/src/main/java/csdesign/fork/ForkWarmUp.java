// SPDX-License-Identifier: MIT
package csdesign.fork;

import static csdesign.posix.Errno.check;
import static csdesign.posix.SysSocket.AF_UNIX;
import static csdesign.posix.SysSocket.SHUT_WR;
import static csdesign.posix.SysSocket.SOCK_NONBLOCK;
import static csdesign.posix.SysSocket.SOCK_STREAM;

import csdesign.kit.Server;
import csdesign.posix.Errno;
import csdesign.posix.SysSocket;
import csdesign.posix.Unistd;
import csdesign.service.Bytes;
import csdesign.service.Echo;
import csdesign.service.Service;
import csdesign.spawn.Lifeline;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/// Runs in the parent, before the first fork, what the children will run.
///
/// A JVM links what it runs for the first time, and that can cost milliseconds. What was
/// linked in the parent is linked in every child; otherwise each child would do it again
/// for itself.
final class ForkWarmUp {
    /// Right and wrong requests; each ends with the client's end of its half.
    private static final List<String> REQUESTS = List.of(
            "64", "64\n1\n", "?\n", "1".repeat(30) + "\n", "1".repeat(50), "");

    /// With and without a line end, a wait, a checksum; each service.
    private static final List<Service> SERVICES = List.of(
            new Bytes(Bytes.Options.DEFAULT),
            new Bytes(new Bytes.Options(1_024, 32, true, true, 1, 1)),
            new Echo());

    private final Server server;
    private final Heartbeats heartbeats;
    private final Errno errno;
    private final MemorySegment pair;
    private final MemorySegment bytes;

    /// Has run nothing yet.
    ///
    /// @param server that the children will serve for
    /// @param heartbeats where a child gives its signs of life
    /// @param arena as long as which there are forks
    ForkWarmUp(Server server, Heartbeats heartbeats, Arena arena) {
        this.server = server;
        this.heartbeats = heartbeats;
        errno = Errno.allocate(arena);
        pair = arena.allocate(ValueLayout.JAVA_INT, 2);
        bytes = arena.allocate(64);
    }

    /// Serves clients that make every mistake, with a stop and without one.
    ///
    /// @param slot of no child, for the signs of life
    /// @throws IOException when the process has no descriptors left
    void all(int slot) throws IOException {
        for (Service service : SERVICES) {
            for (String request : REQUESTS) {
                serve(service, request, false, slot);
                serve(service, request, true, slot);
            }
        }
    }

    /// Serves one client that makes no mistake.
    ///
    /// @param slot of no child, for the signs of life
    /// @throws IOException when the process has no descriptors left
    void once(int slot) throws IOException {
        serve(SERVICES.getFirst(), REQUESTS.getFirst(), false, slot);
    }

    private void serve(Service service, String request, boolean stop, int slot)
            throws IOException {
        try (Lifeline lifeline = new Lifeline()) {
            check(
                    SysSocket.socketpair(errno, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair),
                    "socketpair");
            int there = pair.getAtIndex(ValueLayout.JAVA_INT, 1);
            bytes.setString(0, request);
            SysSocket.send(errno, there, bytes, request.length(), 0);
            if (stop) {
                lifeline.tell();
            } else {
                SysSocket.shutdown(errno, there, SHUT_WR);
            }
            int here = pair.getAtIndex(ValueLayout.JAVA_INT, 0);
            Server like = server.forRehearsal(service);
            try (ForkedChild child = new ForkedChild(like, lifeline, heartbeats)) {
                Unistd.close(errno, -1); // as the child closes the listening socket
                lifeline.letGo();
                child.serve(here, slot);
            }
            Unistd.close(errno, there);
        }
    }
}
