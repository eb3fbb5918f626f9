// SPDX-License-Identifier: MIT
package csdesign.lab;

import static csdesign.posix.Errno.check;
import static java.lang.foreign.MemorySegment.NULL;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.channels.FileChannel.MapMode.READ_ONLY;
import static java.nio.channels.FileChannel.open;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import csdesign.lab.SendMeter.Costs;
import csdesign.lab.SendMeter.Way;
import csdesign.posix.Errno;
import csdesign.posix.Fcntl;
import csdesign.posix.SysSendfile;
import csdesign.posix.SysSocket;
import csdesign.posix.Unistd;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;

/// **Sendfile: a file goes to a socket, and the program does not touch it.**
///
/// ```text
///    read and write: for each 4 KiB 2 copies,    sendfile: for the whole file no copy,
///    2 calls, so 4 switches of mode              1 call, so 2 switches of mode
///
///    program     +--> [buffer] ---+              program
///    ------------|-- read, write -|--------      ----------------- sendfile -----------------
///    kernel      | copy           | copy         kernel
///          [page cache]     [socket buffer]      [page cache] <--- refers to --- [socket buffer]
///                ^                |                   ^                                |
///                | DMA            v DMA               | DMA                            v DMA
///              disk            network              disk                            network
/// ```
/// **What** Six ways to send a file over a connection to 127.0.0.1. It is a memfd: all of
/// it is in the page cache. The receiver forgets the bytes (MSG_TRUNC) and costs little.
///
/// **Broken** The original's loop reads and writes 4 KiB at a time: two calls and two
/// copies for each page. The calls are what is dear: with 64 KiB it makes as many copies,
/// and is near the others.
///
/// **Fixed** sendfile puts the page cache's own pages on the socket. So who changes the
/// file before the receiver has it changes what is received. A small file gains little:
/// what TCP does with a segment is the same by any way.
///
/// **In Java** `FileChannel.transferTo`, where the target is a SocketChannel.
///
/// **Look for** `reads` and `writes`, counted by the kernel; and mmap, which spares a
/// copy and pays for page tables instead.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/lab/Sendfile.java --auto`
///
/// @see <a href="https://man7.org/linux/man-pages/man2/sendfile.2.html">sendfile(2)</a>
public final class Sendfile {
    static final Claim RIGHT = new Claim("right", "by every way the bytes of the file arrive");
    static final Claim COPIES = new Claim(
            "copies", "write sends a copy; sendfile, splice, transferTo send the file's own pages");
    static final Claim CALLS = new Claim(
            "calls", "one call of sendfile does what thousands of reads and writes do");
    static final Claim LOOP = new Claim("loop", "it takes at least a quarter less CPU than 4 KiB");
    static final Claim CHUNK = new Claim(
            "chunk", "so does the loop with 64 KiB, with as many copies: its calls were the price");
    static final Claim JDK = new Claim(
            "jdk", "transferTo is sendfile: it sleeps in the same call, and makes it once");
    static final Claim SMALL = new Claim("small", "of a file of 1 KiB it saves less than half");
    static final Claim MAPPING = new Claim(
            "mapping", "for 1 KiB mmap and write take more than twice the CPU of read and write");

    static final Option MIB = new Option(List.of("--mib"), "MIB", 32, 16, 1_024, "The file's size");
    static final List<Option> OPTIONS = List.of(MIB);

    private static final int PAGE = 4 * 1024;
    private static final int PIECE = 64 * 1024; // what a pipe holds, sendfile's hidden one too
    private static final int RECEIVE_BUFFER = 1024 * 1024; // does not grow to the whole file
    private static final int SMALL_FILE = 1024;
    private static final int SMALL_FILES = 200; // from one look at the clock to the next
    private static final int ROUNDS = 7;
    private static final double LESS = 0.75; // 0.05 to 0.45 were seen, by how busy it is

    private final SendMeter meter;
    private final int file;
    private final FileChannel channel; // the same file, for the JDK
    private final long bytes;
    private final int[] pipe;
    private final int socket;
    private final SocketChannel target; // a second connection, for the JDK
    private final MemorySegment memory = Arena.ofAuto().allocate(PIECE, 8);
    private final Way loop;
    private final Way pieces;
    private final Way mapped;
    private final Way sendfile;
    private final Way transferTo;
    private final List<Way> ways;

    private Sendfile(SendMeter meter, Sockets sockets, int file, FileChannel channel, long bytes,
            SocketChannel target) throws IOException {
        this.meter = meter;
        this.file = file;
        this.channel = channel;
        this.bytes = bytes;
        this.target = target;
        pipe = sockets.pipe();
        int listener = sockets.listen(0, 2);
        sockets.set(listener, SysSocket.SOL_SOCKET, SysSocket.SO_RCVBUF, RECEIVE_BUFFER);
        socket = sockets.connect(sockets.port(listener));
        InetAddress loopback = InetAddress.ofLiteral("127.0.0.1");
        target.connect(new InetSocketAddress(loopback, sockets.port(listener)));
        int receiver = sockets.accept(listener);
        loop = new Way("read, write 4 KiB", receiver, (errno, n) -> readWrite(errno, n, PAGE));
        pieces = new Way("read, write 64 KiB", receiver, (errno, n) -> readWrite(errno, n, PIECE));
        mapped = new Way("mmap, write", receiver, this::mmap);
        sendfile = new Way("sendfile", receiver, this::sendfile);
        transferTo = new Way("transferTo", sockets.accept(listener), this::transferTo);
        Way splice = new Way("splice", receiver, this::splice);
        ways = List.of(loop, pieces, mapped, sendfile, splice, transferTo);
    }

    /// Runs the lab.
    ///
    /// @param arguments `--auto`, `--mib MIB`
    public static void main(String... arguments) {
        Lab.main("sendfile", Sendfile::run, OPTIONS, arguments);
    }

    /// See [Lab#run].
    ///
    /// @param settings how
    /// @param journal what it writes into
    /// @throws IOException when the file or a socket cannot be made
    /// @throws InterruptedException when it shall end
    public static void run(Settings settings, Journal journal)
            throws IOException, InterruptedException {
        journal.expect(RIGHT, COPIES, CALLS, LOOP, CHUNK, JDK, SMALL, MAPPING);
        long bytes = settings.value(MIB) * 1024 * 1024;
        try (SendMeter meter = new SendMeter(); Sockets sockets = new Sockets()) {
            int file = sockets.file(bytes);
            try (FileChannel channel = open(Path.of("/proc/self/fd/" + file), READ, WRITE);
                    SocketChannel target = SocketChannel.open()) {
                Sendfile lab = new Sendfile(meter, sockets, file, channel, bytes, target);
                journal.attempt(() -> lab.arrive(journal), RIGHT, COPIES);
                journal.attempt(
                        () -> lab.look(journal, lab.compare(journal)), CALLS, LOOP, CHUNK, JDK);
                journal.attempt(() -> lab.small(journal), SMALL, MAPPING);
            }
        }
    }

    // @start region="broken"
    private long readWrite(Errno errno, long bytes, int most) throws IOException {
        long calls = 0;
        for (long sent = 0, there; sent < bytes; sent += there) {
            there = check(
                    Unistd.pread(errno, file, memory, Math.min(most, bytes - sent), sent), "pread");
            calls++;
            for (long gone = 0; gone < there; calls++) {
                MemorySegment rest = memory.asSlice(gone);
                gone += check(Unistd.write(errno, socket, rest, there - gone), "write");
            }
        }
        return calls;
    }
    // @end

    // @start region="fixed"
    private long sendfile(Errno errno, long bytes) throws IOException {
        long calls = 0;
        memory.set(JAVA_LONG, 0, 0); // where to begin; the call moves it on
        for (long sent = 0; sent < bytes; calls++) {
            long rest = bytes - sent;
            sent += check(SysSendfile.sendfile(errno, socket, file, memory, rest), "sendfile");
        }
        return calls;
    }
    // @end

    private long mmap(Errno errno, long bytes) throws IOException {
        long calls = 2; // the JDK's mmap and munmap
        try (Arena mapping = Arena.ofConfined()) {
            MemorySegment pages = channel.map(READ_ONLY, 0, bytes, mapping);
            for (long sent = 0; sent < bytes; calls++) {
                sent += check(
                        Unistd.write(errno, socket, pages.asSlice(sent), bytes - sent), "write");
            }
        }
        return calls;
    }

    private long splice(Errno errno, long bytes) throws IOException {
        long calls = 0;
        memory.set(JAVA_LONG, 0, 0);
        for (long sent = 0; sent < bytes;) {
            long piece = Math.min(PIECE, bytes - sent);
            long there = check(
                    Fcntl.splice(errno, file, memory, pipe[1], NULL, piece, 0), "splice");
            calls++;
            sent += there;
            int more = sent < bytes ? Fcntl.SPLICE_F_MORE : 0; // fill segments across pieces
            for (long gone = 0; gone < there; calls++) {
                gone += check(Fcntl.splice(
                        errno, pipe[0], NULL, socket, NULL, there - gone, more), "splice");
            }
        }
        return calls;
    }

    private long transferTo(Errno errno, long bytes) throws IOException {
        long calls = 0;
        for (long sent = 0; sent < bytes; calls++) {
            sent += channel.transferTo(sent, bytes - sent, target);
        }
        return calls;
    }

    private void arrive(Journal journal) throws IOException, InterruptedException {
        journal.part("What arrives; and when the file is changed between send and receive");
        journal.columns("way", "the file", "sent, changed, received");
        int right = 0;
        List<Way> copied = new ArrayList<>();
        for (Way way : ways) {
            long whole = SendMeter.checksum(channel, bytes);
            boolean same = meter.checksum(meter.begin(way, bytes), way, bytes) == whole;
            right += same ? 1 : 0;
            long before = SendMeter.checksum(channel, PAGE);
            Future<Long> sending = meter.begin(way, PAGE);
            SendMeter.get(sending); // it has returned: all is sent
            channel.write(ByteBuffer.wrap(way.name().getBytes(US_ASCII)), 0);
            boolean copy = meter.checksum(sending, way, PAGE) == before;
            if (copy) {
                copied.add(way);
            }
            journal.row(way.name(), same ? "right" : "wrong", copy ? "as sent" : "as changed");
        }
        journal.judge(RIGHT, right == ways.size(), right + " of " + ways.size() + " ways");
        journal.judge(
                COPIES, copied.equals(List.of(loop, pieces, mapped)),
                copied.size() + " of " + ways.size() + " ways sent a copy");
    }

    private Costs compare(Journal journal) throws IOException, InterruptedException {
        journal.part("The whole file, medians of " + ROUNDS + " rounds");
        journal.columns("way", "calls", "reads", "writes", "CPU ms/GB", "of 4 KiB", "GB/s");
        Costs costs = meter.compare(ways, ROUNDS, 1, bytes);
        costs.costs().forEach((way, cost) -> journal.row(
                way.name(), cost.calls(), cost.reads(), cost.writes(),
                1e3 * cost.cpuNanos() / bytes, costs.ratio(way, loop),
                1.0 * bytes / cost.nanos()));
        long one = costs.of(sendfile).calls();
        long many = costs.of(loop).calls();
        journal.judge(CALLS, one == 1 && many >= 2 * bytes / PAGE, one + " and " + many);
        double few = costs.ratio(sendfile, loop);
        journal.judge(LOOP, few < LESS, "%.2f of it".formatted(few));
        double large = costs.ratio(pieces, loop);
        journal.judge(CHUNK, large < LESS, "%.2f of it".formatted(large));
        return costs;
    }

    private void look(Journal journal, Costs costs)
            throws IOException, InterruptedException {
        journal.part("The number of the system call in which the sender sleeps");
        long one = meter.sleepsIn(sendfile, bytes);
        long other = meter.sleepsIn(transferTo, bytes);
        journal.step(sendfile.name(), one);
        journal.step(transferTo.name(), other);
        long writes = costs.of(transferTo).writes();
        if (one < 0 || writes == 0) {
            journal.notHere(JDK, "this kernel has no /proc/PID/syscall or no /proc/PID/io");
        } else {
            journal.judge(JDK, one == other && writes == 1,
                    "call " + one + ", call " + other + "; counted " + writes);
        }
    }

    private void small(Journal journal) throws IOException, InterruptedException {
        journal.part("A file of 1 KiB, medians of " + 3 * ROUNDS + " rounds of " + SMALL_FILES);
        journal.columns("way", "calls", "CPU us", "of read, write");
        Costs costs = meter.compare(
                ways.subList(1, ways.size()), 3 * ROUNDS, SMALL_FILES, SMALL_FILE);
        costs.costs().forEach((way, cost) -> journal.row(
                way.name(), cost.calls() / SMALL_FILES, cost.cpuNanos() / 1e3 / SMALL_FILES,
                costs.ratio(way, pieces)));
        double sent = costs.ratio(sendfile, pieces);
        journal.judge(SMALL, sent > 0.5, "%.2f of read and write".formatted(sent));
        double map = costs.ratio(mapped, pieces);
        journal.judge(MAPPING, map > 2, "%.2f of read and write".formatted(map));
    }
}
