// SPDX-License-Identifier: MIT
package csdesign.fork;

import static csdesign.posix.SysPoll.POLLFD_BYTES;
import static csdesign.posix.SysPoll.POLLHUP;
import static csdesign.posix.SysPoll.POLLIN;
import static csdesign.posix.SysPoll.POLLOUT;
import static csdesign.posix.SysPoll.poll;
import static csdesign.posix.SysPoll.revents;

import csdesign.drive.Connection;
import csdesign.drive.Connections;
import csdesign.drive.Interest;
import csdesign.kit.Server;
import csdesign.posix.Errno;
import csdesign.posix.SysPoll;
import csdesign.spawn.Lifeline;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// The one connection of a forked child: a [Connection] and a poll(2) of two descriptors,
/// its own and the [Lifeline]. Made before the fork, with all that it will need: what a
/// child makes for itself it makes again for each client.
public final class SoleConnection implements AutoCloseable {
    private static final int CLIENT = 0;
    private static final int LIFELINE = 1;

    private final Server server;
    private final Connections connections;
    private final Lifeline lifeline;
    private final Children children;
    private final Arena arena = Arena.ofConfined();
    private final Errno errno = Errno.allocate(arena);
    private final MemorySegment polled = arena.allocate(2L * POLLFD_BYTES, 8);
    private boolean stopping;

    /// No connection yet.
    ///
    /// @param server limits, service, where to count; its stop will be the child's own
    /// @param lifeline tells of the stop and of the parent's end
    /// @param children where the child promises its signs of life
    public SoleConnection(Server server, Lifeline lifeline, Children children) {
        this.server = server;
        this.lifeline = lifeline;
        this.children = children;
        connections = new Connections(server, server.scoreboard().row(0));
        connections.reserve();
    }

    /// Serves a client to its end, or to the parent's. Where the grace is over the parent
    /// kills this child, and knows that its client was cut.
    ///
    /// @param client the connection's descriptor, non-blocking; it is left open
    /// @param place of this child among [Children]
    /// @return the exit code
    public int serve(int client, int place) {
        connections.tick();
        Connection connection = connections.adopt(client);
        Interest interest = connection.onOpen();
        if (interest == Interest.READ) {
            interest = connection.onReadable(); // its request has mostly come by now
        }
        while (interest != Interest.CLOSE) {
            connection.watched(interest);
            await(connection, interest, place);
            interest = obey(connection, interest);
        }
        return 0;
    }

    private void await(Connection connection, Interest interest, int place) {
        int timeoutMillis = connections.timeoutMillis();
        children.promise(place, timeoutMillis);
        int events = switch (interest) {
            case READ -> POLLIN;
            case WRITE -> POLLOUT;
            case WAIT, CLOSE -> 0;
        };
        SysPoll.set(polled, CLIENT, connection.fd(), events);
        SysPoll.set(polled, LIFELINE, lifeline.fd(), stopping ? 0 : POLLIN);
        if (poll(errno, polled, 2, timeoutMillis) < 0) { // EINTR
            SysPoll.clear(polled, 2);
        }
        connections.tick();
    }

    private Interest obey(Connection connection, Interest interest) {
        if ((revents(polled, LIFELINE) & POLLHUP) != 0) {
            return Interest.CLOSE; // the parent is gone
        }
        Interest next = interest;
        if (revents(polled, CLIENT) != 0) {
            next = interest == Interest.WRITE
                    ? connection.onWritable()
                    : connection.onReadable();
        } else if (connections.nextDue() != null) {
            next = connection.onDeadline();
        }
        boolean stop = revents(polled, LIFELINE) != 0 || ForkingJvm.isUsedUp();
        if (stop && !stopping && next != Interest.CLOSE) {
            stopping = true;
            server.stop().request();
            connection.watched(next);
            next = connection.onStop();
        }
        return next;
    }

    /// Only a rehearsal comes to this: a child exits.
    @Override
    public void close() {
        connections.close();
        arena.close();
    }
}
