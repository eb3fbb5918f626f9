// SPDX-License-Identifier: MIT
package csdesign.design;

import static csdesign.drive.ReadinessDriver.NONE;
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
import static csdesign.posix.SysEpoll.eventMask;
import static csdesign.posix.SysEpoll.setEvent;

import csdesign.cost.Console;
import csdesign.drive.Interest;
import csdesign.drive.ReadinessDriver;
import csdesign.kit.Server;
import csdesign.listen.ListeningSocket;
import csdesign.listen.StopDescriptor;
import csdesign.posix.Errno;
import csdesign.posix.Unistd;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// **Epoll: one thread asks the kernel which of many sockets are ready.**
///
/// ```text
///   clients ==> [listening socket] --accept--> [epoll set] --ready list--> read | serve | write
/// ```
///
/// **What** The set of sockets to watch stays in the kernel. epoll_wait(2) returns those
/// that are ready, and those alone: the loop touches no idle client.
///
/// **Why** select(2) and poll(2) are given the whole set in every call, and give it back
/// to be searched. So the cost of one request grows with the number of clients that do
/// nothing.
///
/// **Cost** Per request recv and send, and one epoll_wait for all that became ready
/// together. Per connection accept4, epoll_ctl, a last recv and close. What fails first
/// is the limit on descriptors: EMFILE at accept.
///
/// **When** Many clients, most of them idle, and work for one core. Do not use it when an
/// answer computes or blocks, because all other clients wait for that answer.
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

    /// For how many descriptors there is room at first. It doubles when a descriptor is
    /// past its end.
    private static final int FIRST_CAPACITY = 1024;

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
        try (ListeningSocket listener = ListeningSocket.open(server);
                StopDescriptor stop = StopDescriptor.of(server.stop());
                ReadinessDriver driver = new ReadinessDriver(server, server.scoreboard().row(0));
                Epoll loop = new Epoll(listener, stop, driver)) {
            Console.announce(server, listener.port());
            loop.loop();
        }
    }

    // @start region="loop"
    private void loop() throws IOException {
        while (!driver.isDone(listener)) {
            int ready = await(driver.timeoutMillis(listener)); // 1
            driver.tick();
            for (int i = 0; i < ready; i++) {
                int fd = eventFd(events, i);
                if (fd == listener.fd()) {
                    onAccept(); // 2
                } else if (fd == stop.fd()) {
                    driver.onStop(stop, listener); // 3
                } else if ((eventMask(events, i) & EPOLLOUT) != 0) {
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
        int ready = epoll_wait(errno, epoll, events, MAX_EVENTS, timeoutMillis);
        return ready == -EINTR ? 0 : check(ready, "epoll_wait");
    }

    private void watch(int fd, Interest interest) throws IOException {
        int mask = switch (interest) {
            case READ -> EPOLLIN;
            case WRITE -> EPOLLOUT;
            case HANG_UP, NOTHING, CLOSED -> 0;
        };
        while (fd >= capacity) {
            grow();
        }
        Interest before = watched[fd];
        watched[fd] = interest;
        if (interest == before || interest == Interest.CLOSED) {
            return; // close(2) has taken it out of the set
        }
        int change = before.isWatched() ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
        int op = interest.isWatched() ? change : EPOLL_CTL_DEL;
        setEvent(event, 0, mask, fd);
        int result = epoll_ctl(errno, epoll, op, fd, event);
        if (result < 0) {
            check(result, "epoll_ctl", op == EPOLL_CTL_ADD ? "ADD" : "MOD", "fd", fd);
        }
    }
    // @end

    private void onAccept() throws IOException {
        for (int fd; (fd = driver.accept(listener)) != NONE;) {
            watch(fd, driver.open(fd));
        }
    }

    private void grow() {
        watched = Arrays.copyOf(watched, 2 * capacity);
        empty(capacity, 2 * capacity);
        capacity *= 2;
    }

    private void empty(int from, int to) {
        for (int fd = from; fd < to; fd++) {
            watched[fd] = Interest.CLOSED;
        }
    }

    @Override
    public void close() {
        Unistd.close(errno, epoll);
        arena.close();
    }

    private final Arena arena = Arena.ofConfined();
    private final Errno errno = Errno.allocate(arena);
    private final ListeningSocket listener;
    private final StopDescriptor stop;
    private final ReadinessDriver driver;
    private final MemorySegment events = arena.allocate((long) MAX_EVENTS * EVENT_BYTES, 8);
    private final MemorySegment event = arena.allocate(EVENT_BYTES, 8);
    private final int epoll = check(epoll_create1(errno, EPOLL_CLOEXEC), "epoll_create1");

    /// What is in the kernel's set, by descriptor.
    private Interest[] watched = new Interest[FIRST_CAPACITY];

    private int capacity = FIRST_CAPACITY;

    private Epoll(ListeningSocket listener, StopDescriptor stop, ReadinessDriver driver)
            throws IOException {
        this.listener = listener;
        this.stop = stop;
        this.driver = driver;
        empty(0, capacity);
        watch(stop.fd(), Interest.READ);
        watch(listener.fd(), Interest.READ);
    }
}
