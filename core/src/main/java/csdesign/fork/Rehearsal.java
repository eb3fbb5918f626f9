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

/// Lives a child's life in the parent, before there is a child.
///
/// What a JVM runs for the first time it links, and that can cost milliseconds. Linked in
/// the parent it is linked in every child; otherwise each would do it again for itself.
public final class Rehearsal {
    /// Right and wrong requests; each ends with the client's end of its half.
    private static final List<String> REQUESTS = List.of(
            "64", "64\n1\n", "?\n", "1".repeat(30) + "\n", "1".repeat(50), "");

    /// With and without a line end, a wait, a checksum; each service.
    private static final List<Service> SERVICES = List.of(
            new Bytes(Bytes.Options.DEFAULT),
            new Bytes(new Bytes.Options(1_024, 32, true, true, 1, 1)),
            new Echo());

    private final Arena arena = Arena.ofConfined();
    private final Errno errno = Errno.allocate(arena);
    private final MemorySegment pair = arena.allocate(ValueLayout.JAVA_INT, 2);
    private final MemorySegment bytes = arena.allocate(64);
    private final Children children;

    /// For what a child will do.
    ///
    /// @param children whose free place it borrows
    public Rehearsal(Children children) {
        this.children = children;
    }

    /// Does it with clients that make all mistakes, and with a stop.
    ///
    /// @param like the server that the children will serve for
    /// @throws IOException when the process has no descriptors left
    public void whole(Server like) throws IOException {
        for (Service service : SERVICES) {
            for (String request : REQUESTS) {
                once(like, service, request, false);
                once(like, service, request, true);
            }
        }
    }

    /// Does it with one client that makes none: after a collection, say, which leaves the
    /// JVM's stubs to be entered the slow way once.
    ///
    /// @param like the server that the children will serve for
    /// @throws IOException when the process has no descriptors left
    public void once(Server like) throws IOException {
        once(like, SERVICES.getFirst(), REQUESTS.getFirst(), false);
    }

    private void once(Server like, Service service, String request, boolean stop)
            throws IOException {
        int place = children.freePlace();
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
            try (SoleConnection connection = new SoleConnection(
                    like.with(service), lifeline, children)) {
                Unistd.close(errno, -1); // as the listening socket
                lifeline.letGo();
                connection.serve(here, place);
            }
            Unistd.close(errno, there);
        }
    }
}
