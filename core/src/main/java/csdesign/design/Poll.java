// SPDX-License-Identifier: MIT
package csdesign.design;

import static csdesign.drive.ReadinessDriver.NONE;
import static csdesign.posix.Errno.EINTR;
import static csdesign.posix.Errno.check;
import static csdesign.posix.SysPoll.POLLFD_BYTES;
import static csdesign.posix.SysPoll.POLLIN;
import static csdesign.posix.SysPoll.POLLOUT;
import static csdesign.posix.SysPoll.poll;
import static csdesign.posix.SysPoll.revents;

import csdesign.cost.Console;
import csdesign.drive.Interest;
import csdesign.drive.ReadinessDriver;
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
/// **Why** select(2) writes its answer over the question: both bitmaps must be copied for
/// each call, and searched bit by bit. An entry here has a field for each, and C's array
/// has any length, where its `fd_set` ends at descriptor 1,023.
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
public final class Poll implements AutoCloseable {
    /// For how many descriptors there is room at first. It doubles when a descriptor is
    /// past its end.
    private static final int FIRST_CAPACITY = 1024;

    /// What it is: see [Catalog].
    static final Design DESIGN = new Design(
            "poll",
            Design.Family.READINESS, Design.ServedBy.ONE_THREAD, Design.Needs.LINUX,
            "one thread, poll(2) on an array",
            "no bitmaps to copy, but every idle client costs at every call",
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
        try (ListeningSocket listener = ListeningSocket.open(server);
                StopDescriptor stop = StopDescriptor.of(server.stop());
                ReadinessDriver driver = new ReadinessDriver(server, server.scoreboard().row(0));
                Poll loop = new Poll(listener, stop, driver)) {
            Console.announce(server, listener.port());
            loop.loop();
        }
    }

    // @start region="loop"
    private void loop() throws IOException {
        while (!driver.isDone(listener)) {
            int ready = await(driver.timeoutMillis(listener)); // 1
            driver.tick();
            for (int fd = 0; ready > 0 && fd <= highest; fd++) {
                int events = revents(entries, fd);
                if (events == 0) {
                    continue;
                }
                ready--;
                if (fd == listener.fd()) {
                    onAccept(); // 2
                } else if (fd == stop.fd()) {
                    driver.onStop(stop, listener); // 3
                } else if ((events & POLLOUT) != 0) {
                    watch(fd, driver.onWritable(fd)); // 4
                } else {
                    watch(fd, driver.onReadable(fd)); // 5
                }
            }
            for (int fd; (fd = driver.nextDue()) != NONE;) {
                watch(fd, driver.onDue(fd)); // 6
            }
            if (listener.isEmptying()) { // at the stop, also when it was not reported
                onAccept();
            }
            watch(listener.fd(), driver.interestIn(listener)); // 7
        }
    }

    private int await(int timeoutMillis) throws IOException {
        int ready = poll(errno, entries, highest + 1, timeoutMillis);
        return ready == -EINTR ? 0 : check(ready, "poll");
    }

    private void watch(int fd, Interest interest) throws IOException {
        int mask = switch (interest) {
            case READ -> POLLIN;
            case WRITE -> POLLOUT;
            case HANG_UP, NOTHING, CLOSED -> 0;
        };
        while (fd >= capacity) {
            grow();
        }
        highest = Math.max(highest, fd);
        // With an empty mask a hang-up is still reported; without a descriptor nothing is.
        SysPoll.set(entries, fd, interest.isWatched() ? fd : -1, mask);
    }
    // @end

    private void onAccept() throws IOException {
        for (int fd; (fd = driver.accept(listener)) != NONE;) {
            watch(fd, driver.open(fd));
        }
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

    @Override
    public void close() {
        arena.close();
    }

    private final Arena arena = Arena.ofConfined();
    private final Errno errno = Errno.allocate(arena);
    private final ListeningSocket listener;
    private final StopDescriptor stop;
    private final ReadinessDriver driver;

    /// The entry of a descriptor is the one with its number.
    private MemorySegment entries = arena.allocate((long) FIRST_CAPACITY * POLLFD_BYTES, 8);

    private int capacity = FIRST_CAPACITY;
    private int highest;

    private Poll(ListeningSocket listener, StopDescriptor stop, ReadinessDriver driver)
            throws IOException {
        this.listener = listener;
        this.stop = stop;
        this.driver = driver;
        empty(0, capacity);
        watch(stop.fd(), Interest.READ);
        watch(listener.fd(), Interest.READ);
    }
}
