// SPDX-License-Identifier: MIT
package csdesign.design;

import static csdesign.posix.Errno.EINTR;
import static csdesign.posix.Errno.check;
import static csdesign.posix.SysSelect.FD_CLR;
import static csdesign.posix.SysSelect.FD_ISSET;
import static csdesign.posix.SysSelect.FD_SET;
import static csdesign.posix.SysSelect.FD_SETSIZE;
import static csdesign.posix.SysSelect.FD_SET_BYTES;
import static csdesign.posix.SysSelect.select;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import csdesign.cost.Console;
import csdesign.drive.Connection;
import csdesign.drive.Connections;
import csdesign.drive.Interest;
import csdesign.kit.Log;
import csdesign.kit.Server;
import csdesign.listen.ListeningSocket;
import csdesign.listen.StopDescriptor;
import csdesign.posix.Errno;
import csdesign.posix.Unistd;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// **Select: one thread hands the kernel two bitmaps of sockets and gets them back.**
///
/// ```text
///   clients ==> [listening socket] --accept--> [read set] [write set] --copies--> select(2)
///                                              bits 0 to 1023            search <----'
/// ```
///
/// **What** A bit stands for a descriptor. select(2) takes the sets, waits, and leaves
/// only the bits of sockets that are ready; the loop searches for them.
///
/// **Why** A thread or a process for each client costs memory and switches for clients
/// that do nothing. One thread that waits for all of them costs neither.
///
/// **Cost** Per request recv and send. Per wake-up two sets of 128 bytes copied, one
/// select, and a search up to the highest descriptor. What fails first is FD_SETSIZE:
/// descriptor 1,024 has no bit. Such a client is accepted, told nothing, and closed, and
/// the server says so. In C the same client overwrites memory behind the set.
///
/// **When** To learn, and where nothing else is there: it is the oldest and most
/// portable. Do not when there can be a thousand clients.
///
/// **In Java** The JDK has no select(2). The sets are off-heap memory. A JVM holds about
/// ten descriptors of its own, which lowers the limit by as many.
///
/// **Look for** system CPU that grows with the highest descriptor, not with the requests;
/// the warning at client 1,015 or so; and answers that never block the loop: what does
/// not fit waits in the write set (the original blocks in sendall, and everybody with
/// it).
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/design/Select.java 2000`
///
/// @see "UNP 3e, section 6.3; TLPI, section 63.2"
/// @see <a href="https://man7.org/linux/man-pages/man2/select.2.html">select(2)</a>
public final class Select {
    /// How many clients are accepted in a row before those who are connected get their
    /// turn.
    private static final int MAX_ACCEPTS = 64;

    /// What it is: see [Catalog].
    static final Design DESIGN = new Design(
            "select",
            Design.Family.READINESS, Design.ServedBy.ONE_THREAD, Design.Needs.LINUX,
            "one thread, select(2) on bitmaps",
            "readiness, partial writes, and the wall at 1,024 descriptors",
            Select::serve);

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
            Select loop = new Select(arena, listener, stop, connections, new Log(server.slug()));
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
                if (!FD_ISSET(fd, readable) && !FD_ISSET(fd, writable)) {
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
        readable.copyFrom(readSet);
        writable.copyFrom(writeSet);
        timeout.set(JAVA_LONG, 0, timeoutMillis / 1_000);
        timeout.set(JAVA_LONG, 8, timeoutMillis % 1_000 * 1_000L);
        MemorySegment limit = timeoutMillis < 0 ? MemorySegment.NULL : timeout;
        int ready = select(errno, highest + 1, readable, writable, MemorySegment.NULL, limit);
        return ready == -EINTR ? 0 : check(ready, "select");
    }
    // @end

    private void onAccept() throws IOException {
        for (int i = 0; i < MAX_ACCEPTS && !connections.isFull(); i++) {
            int fd = listener.accept();
            if (fd == ListeningSocket.NONE) {
                return;
            }
            if (fd >= FD_SETSIZE) {
                refuse(fd);
                continue;
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
        FD_CLR(fd, readSet);
        FD_CLR(fd, writeSet);
        switch (interest) {
            case READ -> FD_SET(fd, readSet);
            case WRITE -> FD_SET(fd, writeSet);
            case WAIT, CLOSE -> {} // in no set
        }
        highest = Math.max(highest, fd);
    }

    /// Descriptor 1,024 has no bit, and the client no place: it is the first thing that
    /// fails.
    private void refuse(int fd) {
        Unistd.close(errno, fd);
        log.warn("descriptor " + fd + " has no bit: select(2) watches 0 to " + (FD_SETSIZE - 1)
                + ". The client is closed; use poll or epoll, or set --max-connections below it");
    }

    private final ListeningSocket listener;
    private final StopDescriptor stop;
    private final Connections connections;
    private final Log log;
    private final Errno errno;

    /// What to watch; select(2) is given copies, for it writes its answer over them.
    private final MemorySegment readSet;

    private final MemorySegment writeSet;
    private final MemorySegment readable;
    private final MemorySegment writable;
    private final MemorySegment timeout;
    private int highest;
    private boolean accepting = true;

    private Select(
            Arena arena,
            ListeningSocket listener,
            StopDescriptor stop,
            Connections connections,
            Log log) {
        this.listener = listener;
        this.stop = stop;
        this.connections = connections;
        this.log = log;
        errno = Errno.allocate(arena);
        readSet = arena.allocate(FD_SET_BYTES, 8);
        writeSet = arena.allocate(FD_SET_BYTES, 8);
        readable = arena.allocate(FD_SET_BYTES, 8);
        writable = arena.allocate(FD_SET_BYTES, 8);
        timeout = arena.allocate(2 * Long.BYTES, 8);
        watch(stop.fd(), Interest.READ);
        watch(listener.fd(), Interest.READ);
    }
}
