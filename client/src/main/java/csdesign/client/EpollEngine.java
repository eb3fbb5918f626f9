// SPDX-License-Identifier: MIT
package csdesign.client;

import static csdesign.posix.Errno.EAGAIN;
import static csdesign.posix.Errno.EINTR;
import static csdesign.posix.Errno.check;
import static csdesign.posix.SysEpoll.EPOLLIN;
import static csdesign.posix.SysEpoll.EPOLLOUT;
import static csdesign.posix.SysEpoll.EPOLL_CLOEXEC;
import static csdesign.posix.SysEpoll.EPOLL_CTL_ADD;
import static csdesign.posix.SysEpoll.EPOLL_CTL_MOD;
import static csdesign.posix.SysEpoll.EVENT_BYTES;
import static csdesign.posix.SysEpoll.epoll_create1;
import static csdesign.posix.SysEpoll.epoll_ctl;
import static csdesign.posix.SysEpoll.epoll_wait;
import static csdesign.posix.SysEpoll.eventFd;
import static csdesign.posix.SysEpoll.setEvent;
import static csdesign.posix.SysSocket.IPPROTO_IP;
import static csdesign.posix.SysSocket.IP_BIND_ADDRESS_NO_PORT;
import static csdesign.posix.SysSocket.MSG_DONTWAIT;
import static csdesign.posix.SysSocket.MSG_NOSIGNAL;
import static csdesign.posix.SysSocket.SOCK_CLOEXEC;
import static csdesign.posix.SysSocket.SOCK_NONBLOCK;
import static csdesign.posix.SysSocket.SOCK_STREAM;

import csdesign.evidence.ResourceUsage;
import csdesign.client.Progress.Phase;
import csdesign.listen.SelfConnection;
import csdesign.posix.Errno;
import csdesign.posix.SockAddr;
import csdesign.posix.SysSocket;
import csdesign.posix.Unistd;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.HdrHistogram.Histogram;

/// All clients on one thread, driven by epoll(7).
///
/// ```text
///   [ready] --start--> connect | send --EPOLL_CTL_ADD--> epoll_wait --> recv | judge | count --+
///      ^                    ^------------------- the next request ----------------------------+
///      +--- resting (after an error, when time is the bound)
/// ```
///
/// The engine shares the machine with the server that it measures, so it makes as few
/// system calls as it can. In keep-alive a request takes send and recv, and one
/// epoll_wait serves all connections that became ready together. With a connection for
/// each request it takes socket, connect, send, epoll_ctl, recv and close. Spreading the
/// source addresses adds setsockopt and bind.
final class EpollEngine implements AutoCloseable {
    /// How many ready connections one call reports; the others wait for the next, which
    /// finds them at once.
    private static final int MAX_EVENTS = 256;

    /// How much is read at once.
    private static final int READ_BYTES = 64 * 1024;

    /// How many clients begin before answers are looked at again. Ten thousand at once
    /// would overflow the server's queue (4,096 by default) before it had a chance to
    /// accept.
    private static final int STARTS_PER_ROUND = 64;

    /// How often it looks whether it was told to stop, and whether an answer is late.
    private static final long TICK_NANOS = 100_000_000;

    private static final long NANOS_PER_MILLI = 1_000_000;

    /// One client.
    private static final class Slot {
        final int index;
        final Answer answer;
        int left;

        int fd = -1;
        int watched;
        boolean connected;

        /// Whether this connection was answered: it may be lost between requests without
        /// an error.
        boolean answered;

        /// Whether this connection is counted as served.
        boolean served;

        /// Whether the server closed this connection between two requests.
        boolean lost;

        boolean inFlight;
        int sent;
        long beganNanos;
        long restUntilNanos;

        Slot(int index, Load load) {
            this.index = index;
            answer = new Answer(load);
            left = load.requestsPerClient();
        }
    }

    private final Load load;
    private final Progress progress;
    private final Patience patience;
    private final Tally tally;
    private final boolean keepAlive;
    private final boolean timed;
    private final long bytes;
    private final long timeoutNanos;

    private final Arena arena = Arena.ofConfined();
    private final Errno errno = Errno.allocate(arena);
    private final int family;
    private final MemorySegment server;
    private final MemorySegment[] sources;
    private final SelfConnection itself;

    /// Whether a source address can be the server's: otherwise no connection is looked at.
    private final boolean mayMeetItself;
    private final MemorySegment on;
    private final MemorySegment request;
    private final MemorySegment buffer;
    private final MemorySegment events;
    private final MemorySegment change;
    private final int epoll;

    private final Slot[] slots;
    private final ArrayDeque<Slot> ready = new ArrayDeque<>();
    private final ArrayDeque<Slot> resting = new ArrayDeque<>();
    private int nextSource;
    private int inFlight;
    private int working;

    private boolean measuring;
    private boolean issuing;
    private boolean ending;
    private long untilNanos;
    private long tickNanos = System.nanoTime();

    EpollEngine(Load load, InetSocketAddress address, Progress progress, Patience patience)
            throws IOException {
        this.load = load;
        this.progress = progress;
        this.patience = patience;
        keepAlive = load.keepAlive();
        timed = load.timed();
        bytes = load.bytesPerRequest();
        timeoutNanos = load.timeoutMillis() * NANOS_PER_MILLI;
        // From 1 us up, to three digits: below that no request is answered.
        tally = new Tally(new Histogram(1_000, Math.max(2_000, timeoutNanos), 3));
        progress.watch(tally);

        family = SockAddr.family(address);
        server = SockAddr.of(arena, address);
        sources = sources(address);
        itself = new SelfConnection(arena, errno);
        mayMeetItself = sources.length == 0 || isSource(address);
        on = arena.allocateFrom(ValueLayout.JAVA_INT, 1);
        byte[] digits = load.request().getBytes(StandardCharsets.US_ASCII);
        request = arena.allocateFrom(ValueLayout.JAVA_BYTE, digits);
        buffer = arena.allocate(READ_BYTES, 64);
        events = arena.allocate((long) MAX_EVENTS * EVENT_BYTES, 8);
        change = arena.allocate(EVENT_BYTES, 8);
        slots = new Slot[load.clients()];
        for (int i = 0; i < slots.length; i++) {
            slots[i] = new Slot(i, load);
        }
        working = slots.length;
        try {
            epoll = check(epoll_create1(errno, EPOLL_CLOEXEC), "epoll_create1");
        } catch (IOException e) {
            arena.close();
            throw e;
        }
    }

    /// 127.1.0.1, 127.1.0.2 and so on: all of 127.0.0.0/8 is this machine, and each
    /// address has ports of its own.
    private MemorySegment[] sources(InetSocketAddress address) throws IOException {
        int count = Client.isLoopback4(address) ? load.spreadAddresses() : 1;
        MemorySegment[] all = new MemorySegment[count > 1 ? count : 0];
        for (int i = 0; i < all.length; i++) {
            all[i] = SockAddr.of(
                    arena, new InetSocketAddress(InetAddress.getByAddress(source(i)), 0));
        }
        return all;
    }

    private static byte[] source(int i) {
        return new byte[] {127, 1, (byte) (i / 250), (byte) (1 + i % 250)};
    }

    private boolean isSource(InetSocketAddress address) {
        byte[] host = address.getAddress().getAddress();
        return IntStream.range(0, sources.length).anyMatch(i -> Arrays.equals(source(i), host));
    }

    Window run() throws IOException {
        if (load.warmupMillis() > 0) {
            progress.begin(Phase.WARM_UP, load.warmupMillis() * NANOS_PER_MILLI);
            issue(System.nanoTime() + load.warmupMillis() * NANOS_PER_MILLI);
            if (progress.hasGate()) {
                drain();
            }
        }
        if (progress.hasGate() && !progress.pass()) {
            return new Window(tally, 0, ResourceUsage.NONE, unfinished());
        }
        progress.begin(Phase.MEASURING, load.durationMillis() * NANOS_PER_MILLI);
        ResourceUsage cpu = ResourceUsage.self();
        long began = System.nanoTime();
        long end = began + (timed ? load.durationMillis() * NANOS_PER_MILLI : Long.MAX_VALUE / 2);
        measuring = true;
        issue(end);
        measuring = false;
        long nanos = Math.min(System.nanoTime(), end) - began;
        cpu = ResourceUsage.self().minus(cpu);
        progress.begin(Phase.ENDING, 0);
        if (timed && !progress.isOver()) {
            ending = true;
            closeIdle();
            drain();
        }
        return new Window(tally, nanos, cpu, unfinished());
    }

    private long unfinished() {
        if (timed) {
            return inFlight;
        }
        long unfinished = 0;
        for (Slot slot : slots) {
            unfinished += slot.left;
        }
        return unfinished;
    }

    /// Makes requests until the time is over, all are made, or it was stopped.
    private void issue(long endNanos) throws IOException {
        issuing = true;
        untilNanos = endNanos;
        patience.begin(System.nanoTime());
        for (Slot slot : slots) {
            if (!slot.inFlight && slot.restUntilNanos == 0) {
                ready.add(slot);
            }
        }
        while (working > 0 && !progress.isOver() && turn() - endNanos < 0) {
            startReady();
        }
        issuing = false;
        ready.clear();
    }

    /// Waits for the answers that are on their way.
    private void drain() throws IOException {
        long endNanos = System.nanoTime() + Client.DRAIN_NANOS;
        untilNanos = endNanos;
        long now = System.nanoTime();
        while (inFlight > 0 && !progress.isOver() && now - endNanos < 0) {
            now = turn();
        }
    }

    /// Waits for events, and handles them.
    ///
    /// @return the time after that
    private long turn() throws IOException {
        int n = epoll_wait(errno, epoll, events, MAX_EVENTS, timeoutMillis());
        if (n < 0 && n != -EINTR) {
            check(n, "epoll_wait");
        }
        for (int i = 0; i < n; i++) {
            onEvent(slots[eventFd(events, i)]); // the data of an event is the client's number
        }
        long now = System.nanoTime();
        for (Slot slot; (slot = resting.peek()) != null && now - slot.restUntilNanos >= 0;) {
            resting.remove();
            slot.restUntilNanos = 0;
            if (issuing) {
                ready.add(slot);
            }
        }
        if (now - tickNanos >= 0) {
            tickNanos = now + Math.min(TICK_NANOS, timeoutNanos / 4);
            failLate(now);
            if (issuing) {
                patience.look(now);
            }
        }
        return now;
    }

    private int timeoutMillis() {
        if (!ready.isEmpty()) {
            return 0;
        }
        long now = System.nanoTime();
        long nanos = Math.min(TICK_NANOS, Math.min(untilNanos - now, tickNanos - now));
        Slot first = resting.peek();
        if (first != null) {
            nanos = Math.min(nanos, first.restUntilNanos - now);
        }
        return (int) Math.max(0, (nanos + NANOS_PER_MILLI - 1) / NANOS_PER_MILLI);
    }

    private void startReady() throws IOException {
        for (int i = 0; i < STARTS_PER_ROUND; i++) {
            Slot slot = ready.poll();
            if (slot == null || progress.isOver()) {
                return;
            }
            start(slot);
        }
    }

    /// Makes a request, on the connection that is there or on a new one.
    private void start(Slot slot) throws IOException {
        slot.inFlight = true;
        inFlight++;
        slot.answer.begin();
        slot.sent = 0;
        slot.beganNanos = System.nanoTime();
        if (slot.lost) {
            slot.lost = false;
            tally.reconnected();
        }
        if (slot.fd < 0 && !connect(slot)) {
            return;
        }
        send(slot);
    }

    /// Begins a connection, which may stand at once.
    ///
    /// @return false when it failed
    private boolean connect(Slot slot) {
        int fd = SysSocket.socket(errno, family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0) {
            fail(slot, -fd, "socket");
            return false;
        }
        slot.fd = fd;
        slot.watched = 0;
        slot.connected = false;
        slot.answered = false;
        slot.served = false;
        int bound = bindSource(fd);
        if (bound < 0) {
            fail(slot, -bound, "bind");
            return false;
        }
        int result = SysSocket.connect(errno, fd, server, (int) server.byteSize());
        if (result == 0 || result == -Errno.EINPROGRESS) {
            result = mayMeetItself ? itself.refuse(fd, server) : 0;
        }
        if (result < 0) {
            fail(slot, -result, "connect");
            return false;
        }
        return true;
    }

    /// Without IP_BIND_ADDRESS_NO_PORT bind would take a port that no other connection of
    /// this address can share; so connect chooses one that is free for this server.
    private int bindSource(int fd) {
        if (sources.length == 0) {
            return 0;
        }
        MemorySegment source = sources[nextSource];
        nextSource = nextSource + 1 == sources.length ? 0 : nextSource + 1;
        int result = SysSocket.setsockopt(errno, fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, on, 4);
        return result < 0
                ? result
                : SysSocket.bind(errno, fd, source, (int) source.byteSize());
    }

    /// Sends what is left of the request. On loopback the connection stands by the time
    /// connect(2) says EINPROGRESS, so sending at once spares waiting for EPOLLOUT.
    private void send(Slot slot) throws IOException {
        MemorySegment rest = slot.sent == 0 ? request : request.asSlice(slot.sent);
        long size = rest.byteSize();
        long n = SysSocket.send(errno, slot.fd, rest, size, MSG_NOSIGNAL);
        if (n >= 0 && !slot.connected) {
            slot.connected = true;
            tally.connected(measuring || keepAlive);
        }
        if (n == size) {
            if (bytes == 0) {
                complete(slot);
            } else {
                watch(slot, EPOLLIN);
            }
        } else if (n >= 0 || n == -EAGAIN || n == -EINTR) {
            slot.sent += (int) Math.max(0, n);
            watch(slot, EPOLLOUT);
        } else if (isLost(slot, n)) {
            reconnect(slot);
        } else {
            fail(slot, (int) -n, slot.connected ? "send" : "connect");
        }
    }

    private void onEvent(Slot slot) throws IOException {
        if (slot.fd < 0) {
            return; // closed earlier in this round
        }
        if (slot.watched == EPOLLOUT) {
            send(slot);
            return;
        }
        long n = SysSocket.recv(errno, slot.fd, buffer, READ_BYTES, 0);
        if (!slot.inFlight) {
            onIdleEvent(slot, n);
        } else if (n > 0) {
            onBytes(slot, n);
        } else if (isLost(slot, n)) {
            reconnect(slot);
        } else if (n == 0) {
            fail(slot, Fault.SHORT, slot.answer.shortMessage());
        } else if (n != -EAGAIN && n != -EINTR) {
            fail(slot, (int) -n, "recv");
        }
    }

    private void onBytes(Slot slot, long n) throws IOException {
        Answer.State state = slot.answer.take(buffer, n);
        if (state != Answer.State.RIGHT) {
            patience.came(slot.answer);
        }
        switch (state) {
            case RIGHT -> complete(slot);
            case EXCESS -> fail(slot, Fault.EXCESS, slot.answer.excessMessage());
            case WRONG -> fail(slot, Fault.WRONG_BYTE, slot.answer.wrongByteMessage());
            case MORE -> {
                // Level-triggered: what is there already is reported again.
            }
        }
    }

    /// Whether the server has answered on this connection before, and closed it without
    /// an answer to this request. When the request reaches a server that is just closing,
    /// the kernel answers with a RST.
    private static boolean isLost(Slot slot, long result) {
        boolean closed = result == 0 || result == -Errno.EPIPE || result == -Errno.ECONNRESET;
        return closed && slot.answered && slot.answer.received() == 0;
    }

    /// Nothing was asked. Between two phases a server may well close a connection.
    private void onIdleEvent(Slot slot, long n) {
        if (n > 0) {
            tally.failed(Fault.EXCESS, n + " bytes came that were not asked for");
            close(slot);
        } else if (n != -EAGAIN && n != -EINTR) {
            close(slot);
            slot.lost = true;
        }
    }

    /// The server had closed before it answered: asks again, as HTTP clients do. Once for
    /// a request, since a new connection that closes without an answer is an error.
    private void reconnect(Slot slot) throws IOException {
        close(slot);
        tally.reconnected();
        slot.sent = 0;
        if (connect(slot)) {
            send(slot);
        }
    }

    /// The answer is right.
    private void complete(Slot slot) throws IOException {
        long now = System.nanoTime();
        boolean inTime = issuing && now - untilNanos < 0;
        slot.inFlight = false;
        inFlight--;
        slot.answered = true;
        tally.right();
        if (measuring && inTime) {
            tally.answered(bytes, now - slot.beganNanos);
            if (!slot.served) {
                slot.served = true;
                tally.served();
            }
        }
        slot.left--;
        boolean more = timed ? inTime : slot.left > 0;
        boolean last = ending || (!timed && !more);
        if (!keepAlive || last) {
            if (keepAlive || load.verify()) {
                lookForExcess(slot);
            }
            close(slot);
        }
        if (!more) {
            working -= timed ? 0 : 1;
        } else if (bytes == 0) {
            ready.add(slot); // not at once: it would never end, and the others never begin
        } else {
            start(slot);
        }
    }

    private void lookForExcess(Slot slot) {
        long n = SysSocket.recv(errno, slot.fd, buffer, READ_BYTES, MSG_DONTWAIT);
        if (n > 0) {
            slot.answer.take(buffer, n);
            tally.failed(Fault.EXCESS, slot.answer.excessMessage());
        }
    }

    private void fail(Slot slot, int error, String call) {
        switch (error) {
            case Errno.ECONNREFUSED -> fail(slot, Fault.REFUSED, message(error, call));
            case Errno.ECONNRESET, Errno.EPIPE -> fail(
                    slot,
                    Fault.RESET,
                    message(error, call) + ", after " + slot.answer.received() + " of " + bytes
                            + " bytes");
            case Errno.ETIMEDOUT -> fail(slot, Fault.TIMEOUT, message(error, call));
            case Errno.EADDRNOTAVAIL, Errno.EADDRINUSE -> fail(
                    slot,
                    Fault.NO_ADDRESS,
                    message(error, call) + ": " + Fault.NO_ADDRESS_REMEDY);
            default -> fail(slot, Fault.OTHER, message(error, call));
        }
    }

    private String message(int error, String call) {
        return call + " " + load.host() + ":" + load.port() + ": " + Errno.name(error) + ": "
                + Errno.description(error);
    }

    /// The request failed, and its connection is of no more use.
    private void fail(Slot slot, Fault fault, String message) {
        tally.failed(fault, message);
        patience.failed(fault);
        slot.inFlight = false;
        inFlight--;
        close(slot);
        if (timed) {
            slot.restUntilNanos = System.nanoTime() + Client.REST_NANOS;
            resting.add(slot);
        } else if (--slot.left == 0) {
            working--;
        } else {
            ready.add(slot);
        }
    }

    private void failLate(long now) {
        for (Slot slot : slots) {
            if (slot.inFlight && now - slot.beganNanos >= timeoutNanos) {
                fail(
                        slot,
                        Fault.TIMEOUT,
                        slot.answer.timeoutMessage(slot.connected, load.timeoutMillis()));
            }
        }
    }

    private void watch(Slot slot, int mask) throws IOException {
        if (slot.watched == mask) {
            return;
        }
        setEvent(change, 0, mask, slot.index);
        int op = slot.watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
        check(epoll_ctl(errno, epoll, op, slot.fd, change), "epoll_ctl");
        slot.watched = mask;
    }

    private void closeIdle() {
        for (Slot slot : slots) {
            if (!slot.inFlight) {
                close(slot);
            }
        }
    }

    private void close(Slot slot) {
        if (slot.fd >= 0) {
            Unistd.close(errno, slot.fd); // takes it out of the epoll set too
            slot.fd = -1;
        }
    }

    @Override
    public void close() {
        for (Slot slot : slots) {
            close(slot);
        }
        Unistd.close(errno, epoll);
        arena.close();
    }
}
