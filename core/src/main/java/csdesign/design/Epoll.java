// SPDX-License-Identifier: MIT
package csdesign.design;

import static csdesign.posix.Errno.EINTR;
import static csdesign.posix.Errno.check;
import static csdesign.posix.SysEpoll.EPOLLIN;
import static csdesign.posix.SysEpoll.EPOLLOUT;
import static csdesign.posix.SysEpoll.EPOLL_CLOEXEC;
import static csdesign.posix.SysEpoll.EPOLL_CTL_ADD;
import static csdesign.posix.SysEpoll.EPOLL_CTL_DEL;
import static csdesign.posix.SysEpoll.EPOLL_CTL_MOD;
import static csdesign.posix.SysEpoll.EVENT_BYTES;
import static csdesign.posix.SysEpoll.epoll_create1;
import static csdesign.posix.SysEpoll.epoll_ctl;
import static csdesign.posix.SysEpoll.epoll_wait;
import static csdesign.posix.SysEpoll.eventFd;
import static csdesign.posix.SysEpoll.setEvent;

import csdesign.cost.Console;
import csdesign.drive.Connection;
import csdesign.drive.Connections;
import csdesign.drive.Interest;
import csdesign.kit.Server;
import csdesign.listen.ListeningSocket;
import csdesign.listen.StopDescriptor;
import csdesign.posix.Errno;
import csdesign.posix.Unistd;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// **Epoll: one thread asks the kernel which of many sockets are ready.**
///
/// ```text
///   clients ==> [listening socket] --accept--> [epoll set] --ready list--> read | serve | write
/// ```
///
/// **What** The set of sockets to watch stays in the kernel. epoll_wait(2) returns those
/// that are ready, and those alone: the loop touches no idle client.
///
/// **Why** select(2) and poll(2) are handed the whole set on every call, and hand it back
/// to be searched: the cost of one request grows with the number of clients that do
/// nothing.
///
/// **Cost** Per request recv and send, and one epoll_wait for all that became ready
/// together. Per connection accept4, epoll_ctl, a last recv and close. What fails first
/// is the limit on descriptors: EMFILE at accept.
///
/// **When** Many clients, most of them idle, on one core's worth of work. Do not when an
/// answer computes or blocks: it stops everybody.
///
/// **In Java** The JDK's own selector is this system call with copied sets of keys around
/// it. Here it is called by its C name, so what you read is what the kernel does.
///
/// **Look for** one voluntary context switch for many requests under load; a user CPU
/// share that does not grow with idle clients; `strace -c` showing few epoll_ctl in
/// keep-alive.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/design/Epoll.java 2000`
///
/// @see "TLPI, section 63.4"
/// @see <a href="https://man7.org/linux/man-pages/man7/epoll.7.html">epoll(7)</a>
public final class Epoll implements AutoCloseable {
    /// How many ready descriptors one call reports. The others wait for the next call,
    /// which finds them at once.
    private static final int MAX_EVENTS = 256;

    /// How many clients are accepted in a row before those who are connected get their
    /// turn.
    private static final int MAX_ACCEPTS = 64;

    /// What it is: see [Catalog].
    static final Design DESIGN = new Design(
            "epoll",
            Design.Family.READINESS, Design.ServedBy.ONE_THREAD, Design.Needs.LINUX,
            "one thread, epoll(7), the set stays in the kernel",
            "only those that are ready cost anything",
            Epoll::serve);

    /// Serves with all defaults until Ctrl-C.
    ///
    /// @param arguments the port, or nothing for 2000
    public static void main(String... arguments) {
        Design.main(DESIGN, arguments);
    }

    /// The design: see [Design.Serve].
    ///
    /// @param server where to listen, what to say, and the limits
    /// @throws IOException when it cannot begin, or its own descriptors fail it
    public static void serve(Server server) throws IOException {
        try (Arena arena = Arena.ofConfined();
                ListeningSocket listener = ListeningSocket.open(server);
                StopDescriptor stop = StopDescriptor.of(server.stop());
                Connections connections = new Connections(server, server.scoreboard().row(0));
                Epoll loop = new Epoll(arena, listener, stop, connections)) {
            Console.announce(server, listener.port());
            loop.loop();
        }
    }

    // @start region="loop"
    private void loop() throws IOException {
        while (!connections.isDone(listener)) {
            int ready = await(connections.timeoutMillis(listener)); // 1
            connections.tick();
            for (int i = 0; i < ready; i++) {
                int fd = eventFd(events, i);
                Connection connection = connections.at(fd); // 2
                if (fd == listener.fd()) {
                    onAccept(); // 3
                } else if (fd == stop.fd()) {
                    onStop(); // 6
                } else if (connection != null && connection.watched() == Interest.WRITE) {
                    onWritable(connection); // 5
                } else if (connection != null) { // null: closed earlier in this round
                    onReadable(connection); // 4
                }
            }
            onDeadlines(); // 7
            watchListener();
        }
    }

    private int await(int timeoutMillis) throws IOException {
        int ready = epoll_wait(errno, epoll, events, MAX_EVENTS, timeoutMillis);
        return ready == -EINTR ? 0 : check(ready, "epoll_wait");
    }
    // @end

    private void onAccept() throws IOException {
        for (int i = 0; i < MAX_ACCEPTS && !connections.isFull(); i++) {
            int fd = listener.accept();
            if (fd == ListeningSocket.NONE) {
                return;
            }
            Connection connection = connections.open(fd);
            obey(connection, connection.onOpen());
        }
    }

    private void onReadable(Connection connection) throws IOException {
        obey(connection, connection.onReadable());
    }

    private void onWritable(Connection connection) throws IOException {
        obey(connection, connection.onWritable());
    }

    private void onDeadlines() throws IOException {
        for (Connection due; (due = connections.nextDue()) != null;) {
            obey(due, due.onDeadline());
        }
    }

    /// Shuts the door, empties the queue, and lets every client finish.
    private void onStop() throws IOException {
        stop.clear();
        listener.shut();
        for (Connection connection : connections.all()) {
            obey(connection, connection.onStop());
        }
    }

    private void obey(Connection connection, Interest interest) throws IOException {
        if (interest == Interest.CLOSE) {
            connections.close(connection);
        } else if (interest != connection.watched()) {
            watch(connection.watched() == null ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, connection.fd(),
                    interest);
            connection.watched(interest);
        }
    }

    /// A listener that may not accept now stays readable: it must not be watched, or we
    /// spin. Nor may it stay in the set, where a hang-up is reported unasked.
    private void watchListener() throws IOException {
        if (listener.isEmptying()) {
            onAccept();
        }
        boolean wanted = listener.isAccepting() && !connections.isFull();
        if (wanted != accepting) {
            accepting = wanted;
            if (listener.isOpen()) { // close takes a descriptor out of the set
                watch(wanted ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, listener.fd(), Interest.READ);
            }
        }
    }

    private void watch(int op, int fd, Interest interest) throws IOException {
        int mask = switch (interest) {
            case READ -> EPOLLIN;
            case WRITE -> EPOLLOUT;
            case WAIT, CLOSE -> 0;
        };
        setEvent(change, 0, mask, fd);
        int result = epoll_ctl(errno, epoll, op, fd, change);
        if (result < 0) {
            check(result, "epoll_ctl", op == EPOLL_CTL_ADD ? "ADD" : "MOD", "fd", fd);
        }
    }

    @Override
    public void close() {
        Unistd.close(errno, epoll);
    }

    private final ListeningSocket listener;
    private final StopDescriptor stop;
    private final Connections connections;
    private final Errno errno;
    private final int epoll;
    private final MemorySegment events;
    private final MemorySegment change;
    private boolean accepting = true;

    private Epoll(
            Arena arena, ListeningSocket listener, StopDescriptor stop, Connections connections)
            throws IOException {
        this.listener = listener;
        this.stop = stop;
        this.connections = connections;
        errno = Errno.allocate(arena);
        events = arena.allocate((long) MAX_EVENTS * EVENT_BYTES, 8);
        change = arena.allocate(EVENT_BYTES, 8);
        epoll = check(epoll_create1(errno, EPOLL_CLOEXEC), "epoll_create1");
        watch(EPOLL_CTL_ADD, stop.fd(), Interest.READ);
        watch(EPOLL_CTL_ADD, listener.fd(), Interest.READ);
    }
}
