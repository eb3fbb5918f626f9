// SPDX-License-Identifier: MIT
package csdesign.design;

import static csdesign.posix.Errno.EINTR;
import static csdesign.posix.Errno.check;
import static csdesign.posix.SysPoll.POLLFD_BYTES;
import static csdesign.posix.SysPoll.POLLIN;
import static csdesign.posix.SysPoll.POLLOUT;
import static csdesign.posix.SysPoll.poll;
import static csdesign.posix.SysPoll.revents;

import csdesign.cost.Console;
import csdesign.drive.Connection;
import csdesign.drive.Connections;
import csdesign.drive.Interest;
import csdesign.kit.Server;
import csdesign.listen.ListeningSocket;
import csdesign.listen.StopDescriptor;
import csdesign.posix.Errno;
import csdesign.posix.SysPoll;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// **Poll: one thread hands the kernel an array of sockets and gets it back marked.**
///
/// ```text
///   clients ==> [listening socket] --accept--> [pollfd array] --all of it--> poll(2)
///                                                   ^------ marked ----------'
/// ```
///
/// **What** An array has an entry for each socket. poll(2) takes the whole array, waits,
/// and marks the entries that are ready; the loop searches for the marks.
///
/// **Why** select(2) does the same with bitmaps that end at descriptor 1,023. The array
/// ends nowhere.
///
/// **Cost** Per request recv and send. Per wake-up one poll, in which the kernel looks at
/// every entry, and a search over the array: with 10,000 idle clients 80 KB are copied in
/// to serve one. What fails first is the limit on descriptors: EMFILE at accept.
///
/// **When** Up to some hundred clients, or on a system without epoll(7): poll(2) is
/// POSIX. Do not when most of many clients are idle.
///
/// **In Java** The entries are written in place, off-heap, once for each change of
/// interest, so the array is not rebuilt for each call. Its index is the descriptor: the
/// kernel gives out the lowest free number, so there are few gaps, and an entry of -1 is
/// passed over.
///
/// **Look for** system CPU that grows with idle clients (the same test on `epoll` does
/// not); no system call besides poll, recv and send in keep-alive.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/design/Poll.java 2000`
///
/// @see "UNP 3e, chapter 6; TLPI, section 63.2"
/// @see <a href="https://man7.org/linux/man-pages/man2/poll.2.html">poll(2)</a>
public final class Poll {
    /// How many entries the array begins with. It doubles when a descriptor is past its
    /// end.
    private static final int FIRST_ENTRIES = 1024;

    /// How many clients are accepted in a row before those who are connected get their
    /// turn.
    private static final int MAX_ACCEPTS = 64;

    /// What it is: see [Catalog].
    static final Design DESIGN = new Design(
            "poll",
            Design.Family.READINESS, Design.ServedBy.ONE_THREAD, Design.Needs.LINUX,
            "one thread, poll(2) on an array",
            "no wall, but every idle client costs at every call",
            Poll::serve);

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
                Connections connections = new Connections(server, server.scoreboard().row(0))) {
            Poll loop = new Poll(arena, listener, stop, connections);
            Console.announce(server, listener.port());
            loop.loop();
        }
    }

    // @start region="loop"
    private void loop() throws IOException {
        while (!connections.isDone(listener)) {
            int ready = await(connections.timeoutMillis(listener)); // 1
            connections.tick();
            for (int fd = 0; ready > 0 && fd <= highest; fd++) {
                if (revents(entries, fd) == 0) {
                    continue;
                }
                ready--;
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
        int ready = poll(errno, entries, highest + 1, timeoutMillis);
        return ready == -EINTR ? 0 : check(ready, "poll");
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
            watch(connection.fd(), interest); // its number may be the next client's
            connections.close(connection);
        } else if (interest != connection.watched()) {
            watch(connection.fd(), interest);
            connection.watched(interest);
        }
    }

    /// A listener that may not accept now stays readable: it must not be watched, or we
    /// spin.
    private void watchListener() throws IOException {
        if (listener.isEmptying()) {
            onAccept();
        }
        boolean wanted = listener.isAccepting() && !connections.isFull();
        if (wanted != accepting) {
            accepting = wanted;
            watch(listener.fd(), wanted ? Interest.READ : Interest.CLOSE);
        }
    }

    private void watch(int fd, Interest interest) {
        int events = switch (interest) {
            case READ -> POLLIN;
            case WRITE -> POLLOUT;
            case WAIT, CLOSE -> 0;
        };
        while (fd >= capacity) {
            grow();
        }
        highest = Math.max(highest, fd);
        // With no events a hang-up is still reported; without a descriptor nothing is.
        SysPoll.set(entries, fd, interest == Interest.CLOSE ? -1 : fd, events);
    }

    private void grow() {
        MemorySegment larger = arena.allocate(2L * capacity * POLLFD_BYTES, 8);
        MemorySegment.copy(entries, 0, larger, 0, entries.byteSize());
        entries = larger;
        empty(capacity, 2 * capacity);
        capacity *= 2;
    }

    private void empty(int from, int to) {
        for (int fd = from; fd < to; fd++) {
            SysPoll.set(entries, fd, -1, 0);
        }
    }

    private final Arena arena;
    private final ListeningSocket listener;
    private final StopDescriptor stop;
    private final Connections connections;
    private final Errno errno;

    /// The entry of a descriptor is the one with its number.
    private MemorySegment entries;

    private int capacity = FIRST_ENTRIES;
    private int highest;
    private boolean accepting = true;

    private Poll(
            Arena arena, ListeningSocket listener, StopDescriptor stop, Connections connections) {
        this.arena = arena;
        this.listener = listener;
        this.stop = stop;
        this.connections = connections;
        errno = Errno.allocate(arena);
        entries = arena.allocate((long) capacity * POLLFD_BYTES, 8);
        empty(0, capacity);
        watch(stop.fd(), Interest.READ);
        watch(listener.fd(), Interest.READ);
    }
}
