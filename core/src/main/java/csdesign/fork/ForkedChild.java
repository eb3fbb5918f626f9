// SPDX-License-Identifier: MIT
package csdesign.fork;

import static csdesign.posix.SysPoll.POLLFD_BYTES;
import static csdesign.posix.SysPoll.POLLHUP;
import static csdesign.posix.SysPoll.POLLIN;
import static csdesign.posix.SysPoll.POLLOUT;
import static csdesign.posix.SysPoll.poll;
import static csdesign.posix.SysPoll.revents;

import csdesign.drive.Interest;
import csdesign.drive.ReadinessDriver;
import csdesign.kit.Server;
import csdesign.posix.Errno;
import csdesign.posix.SysPoll;
import csdesign.spawn.Lifeline;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// What a forked child does: it serves one connection by the readiness driver, and polls
/// two descriptors, the connection's and the [Lifeline]'s.
///
/// The readiness driver, because the child has one thread and will never have another.
/// The blocking driver sleeps in recv(2), and a second thread wakes it at a deadline or a
/// stop. Here the one thread must wait for bytes, for the deadline, for the stop and for
/// the end of the parent at once, which is what poll(2) is for.
///
/// Made before the fork, with everything that it will need.
final class ForkedChild implements AutoCloseable {
    // The entries of the poll array.
    private static final int CLIENT = 0;
    private static final int LIFELINE = 1;

    private final Server server;
    private final ReadinessDriver driver;
    private final Lifeline lifeline;
    private final Heartbeats heartbeats;
    private final Arena arena = Arena.ofConfined();
    private final Errno errno = Errno.allocate(arena);
    private final MemorySegment polled = arena.allocate(2L * POLLFD_BYTES, 8);
    private boolean stopping;

    /// No connection yet.
    ///
    /// @param server limits, service, where to count; its stop will be the child's own
    /// @param lifeline tells of the stop and of the parent's end
    /// @param heartbeats where the child gives its signs of life
    ForkedChild(Server server, Lifeline lifeline, Heartbeats heartbeats) {
        this.server = server;
        this.lifeline = lifeline;
        this.heartbeats = heartbeats;
        driver = new ReadinessDriver(server, server.scoreboard().row(0));
        driver.reserve();
    }

    /// Serves a client to its end, or to the parent's. When the grace is over the parent
    /// kills this child, and counts its client as cut.
    ///
    /// @param client the connection's descriptor, non-blocking; closed at its end
    /// @param slot of this child in the heartbeats
    /// @return the exit code
    int serve(int client, int slot) {
        driver.tick();
        Interest interest = driver.adopt(client);
        if (interest == Interest.READ) {
            interest = driver.onReadable(client); // its request has mostly come by now
        }
        while (interest != Interest.CLOSED) {
            await(client, interest, slot);
            interest = obey(client, interest);
        }
        return 0;
    }

    private void await(int client, Interest interest, int slot) {
        int timeoutMillis = driver.timeoutMillis();
        heartbeats.expectWithin(slot, timeoutMillis);
        int events = switch (interest) {
            case READ -> POLLIN;
            case WRITE -> POLLOUT;
            case HANG_UP, NOTHING, CLOSED -> 0;
        };
        SysPoll.set(polled, CLIENT, client, events);
        SysPoll.set(polled, LIFELINE, lifeline.fd(), stopping ? 0 : POLLIN);
        if (poll(errno, polled, 2, timeoutMillis) < 0) { // EINTR
            SysPoll.clear(polled, 2);
        }
        driver.tick();
    }

    private Interest obey(int client, Interest interest) {
        if ((revents(polled, LIFELINE) & POLLHUP) != 0) {
            return Interest.CLOSED; // the parent is gone
        }
        Interest next = interest;
        if (revents(polled, CLIENT) != 0) {
            next = interest == Interest.WRITE
                    ? driver.onWritable(client)
                    : driver.onReadable(client);
        }
        boolean stop = revents(polled, LIFELINE) != 0 || ForkingJvm.isUsedUp();
        if (stop && !stopping) {
            stopping = true;
            server.stop().request();
            driver.onStop();
        }
        while (driver.nextDue() != ReadinessDriver.NONE) {
            next = driver.onDue(client);
        }
        return next;
    }

    /// Only a warm-up comes to this: a child exits.
    @Override
    public void close() {
        driver.close();
        arena.close();
    }
}
