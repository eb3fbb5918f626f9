// SPDX-License-Identifier: MIT
package csdesign.design;

import static csdesign.drive.ReadinessDriver.NONE;
import static csdesign.posix.Errno.EINTR;
import static csdesign.posix.Errno.check;
import static csdesign.posix.SysSelect.FD_CLR;
import static csdesign.posix.SysSelect.FD_ISSET;
import static csdesign.posix.SysSelect.FD_SET;
import static csdesign.posix.SysSelect.FD_SETSIZE;
import static csdesign.posix.SysSelect.select;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import csdesign.cost.Console;
import csdesign.drive.Interest;
import csdesign.drive.ReadinessDriver;
import csdesign.kit.Server;
import csdesign.listen.ListeningSocket;
import csdesign.listen.StopDescriptor;
import csdesign.posix.Errno;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// **Select: one thread hands the kernel two bitmaps of sockets and gets them back.**
///
/// ```text
///   clients ==> [listening socket] --accept--> [read set] [write set] --copies--> select(2)
///                                              a bit per descriptor      search <----'
/// ```
///
/// **What** A bit stands for a descriptor. select(2) takes the sets, waits, and leaves
/// only the bits of sockets that are ready; the loop searches for them.
///
/// **Why** A thread or a process for each client costs memory and switches for clients
/// that do nothing. One thread that waits for all of them costs neither.
///
/// **Cost** Per request recv and send. Per wake-up one select, two bitmaps copied for it,
/// and a search up to the highest descriptor: with 10,000 idle clients 2.5 KB are copied
/// and 10,000 bits tested to serve one. What fails first is the limit on descriptors:
/// EMFILE at accept.
///
/// **When** To learn, and where the system has nothing else: it is the oldest and most
/// portable. Do not use it when most of many clients are idle.
///
/// **In Java** The JDK has no select(2). The sets are off-heap memory, which grows with
/// the highest descriptor, as libevent's do. The famous wall at descriptor 1,024 is not
/// the kernel's: glibc's type `fd_set` has 1,024 bits (FD_SETSIZE), and in C `FD_SET` of
/// a higher descriptor overwrites the memory behind it.
///
/// **Look for** system CPU that grows with the highest descriptor, not with the requests;
/// more than 1,024 clients, and all of them served; and answers that never block the
/// loop: what does not fit waits in the write set (the original blocks in sendall, and
/// every other client waits with it).
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/design/Select.java 2000`
///
/// @see "UNP 3e, section 6.3; TLPI, section 63.2"
/// @see <a href="https://man7.org/linux/man-pages/man2/select.2.html">select(2)</a>
public final class Select implements AutoCloseable {
    /// For how many descriptors there is room at first: as many as glibc's `fd_set` has
    /// bits. It doubles when a descriptor is past its end.
    private static final int FIRST_CAPACITY = FD_SETSIZE;

    /// What it is: see [Catalog].
    static final Design DESIGN = new Design(
            "select",
            Design.Family.READINESS, Design.ServedBy.ONE_THREAD, Design.Needs.LINUX,
            "one thread, select(2) on bitmaps",
            "readiness, partial writes, and that the wall at 1,024 descriptors is C's, not"
                    + " the kernel's",
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
        try (ListeningSocket listener = ListeningSocket.open(server);
                StopDescriptor stop = StopDescriptor.of(server.stop());
                ReadinessDriver driver = new ReadinessDriver(server, server.scoreboard().row(0));
                Select loop = new Select(listener, stop, driver)) {
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
                boolean canWrite = FD_ISSET(fd, writable);
                if (!canWrite && !FD_ISSET(fd, readable)) {
                    continue;
                }
                ready--;
                if (fd == listener.fd()) {
                    onAccept(); // 2
                } else if (fd == stop.fd()) {
                    driver.onStop(stop, listener); // 3
                } else if (canWrite) {
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
        readable.copyFrom(readSet); // select(2) writes its answer over what it is given
        writable.copyFrom(writeSet);
        timeout.set(JAVA_LONG, 0, timeoutMillis / 1_000);
        timeout.set(JAVA_LONG, 8, timeoutMillis % 1_000 * 1_000L);
        MemorySegment limit = timeoutMillis < 0 ? MemorySegment.NULL : timeout;
        int ready = select(errno, highest + 1, readable, writable, MemorySegment.NULL, limit);
        return ready == -EINTR ? 0 : check(ready, "select");
    }

    private void watch(int fd, Interest interest) throws IOException {
        while (fd >= capacity) {
            grow();
        }
        highest = Math.max(highest, fd);
        FD_CLR(fd, readSet);
        FD_CLR(fd, writeSet);
        switch (interest) {
            case READ -> FD_SET(fd, readSet);
            case WRITE -> FD_SET(fd, writeSet);
            case HANG_UP, NOTHING, CLOSED -> {} // in no set
        }
    }
    // @end

    private void onAccept() throws IOException {
        for (int fd; (fd = driver.accept(listener)) != NONE;) {
            watch(fd, driver.open(fd));
        }
    }

    private void grow() {
        capacity *= 2;
        readSet = larger(readSet);
        writeSet = larger(writeSet);
        readable = larger(readable);
        writable = larger(writable);
    }

    private MemorySegment larger(MemorySegment set) {
        MemorySegment larger = arena.allocate(capacity / Byte.SIZE, Long.BYTES);
        MemorySegment.copy(set, 0, larger, 0, set.byteSize());
        return larger;
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
    private final MemorySegment timeout = arena.allocate(2 * Long.BYTES, 8);

    // What to watch, and what is ready: a bit for each descriptor.
    private MemorySegment readSet = arena.allocate(FIRST_CAPACITY / Byte.SIZE, Long.BYTES);
    private MemorySegment writeSet = arena.allocate(FIRST_CAPACITY / Byte.SIZE, Long.BYTES);
    private MemorySegment readable = arena.allocate(FIRST_CAPACITY / Byte.SIZE, Long.BYTES);
    private MemorySegment writable = arena.allocate(FIRST_CAPACITY / Byte.SIZE, Long.BYTES);

    private int capacity = FIRST_CAPACITY;
    private int highest;

    private Select(ListeningSocket listener, StopDescriptor stop, ReadinessDriver driver)
            throws IOException {
        this.listener = listener;
        this.stop = stop;
        this.driver = driver;
        watch(stop.fd(), Interest.READ);
        watch(listener.fd(), Interest.READ);
    }
}
