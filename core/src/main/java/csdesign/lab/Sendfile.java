// SPDX-License-Identifier: MIT
package csdesign.lab;

import static csdesign.posix.Errno.check;
import static java.lang.foreign.MemorySegment.NULL;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.nio.channels.FileChannel.MapMode.READ_ONLY;
import static java.nio.channels.FileChannel.open;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import csdesign.lab.SendMeter.Costs;
import csdesign.lab.SendMeter.Sender;
import csdesign.posix.Errno;
import csdesign.posix.Fcntl;
import csdesign.posix.SysSendfile;
import csdesign.posix.SysSocket;
import csdesign.posix.Unistd;
import csdesign.range.Option;
import csdesign.range.Settings;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;

/// **Sendfile: a file goes to a socket, and the program does not touch its bytes.**
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
///
/// **What** Six ways to send a file over a connection to 127.0.0.1. The file is a memfd,
/// all of it in the page cache. The receiver costs little: it lets TCP forget the bytes
/// (MSG_TRUNC).
///
/// **Broken** The original's loop reads and writes 4 KiB at a time: two calls and two
/// copies for each page. The calls are the expensive part. With 64 KiB at a time the loop
/// copies as many bytes, and its cost is near that of the other ways.
///
/// **Fixed** sendfile puts the page cache's own pages on the socket. So a change of the
/// file after the call, and before the receiver has the bytes, changes what is received.
/// A small file gains little: what TCP does with a segment is the same in every way.
///
/// **In Java** `FileChannel.transferTo` is sendfile, where the target is a SocketChannel.
///
/// **Look for** `reads` and `writes`, which the kernel has counted; and for mmap, which
/// spares a copy and pays for page tables instead.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/lab/Sendfile.java --auto`
///
/// @see <a href="https://man7.org/linux/man-pages/man2/sendfile.2.html">sendfile(2)</a>
public final class Sendfile {
    static final Claim OWN_PAGES = new Claim(
            "sendfile-sends-the-files-own-pages",
            "In every way the bytes of the file arrive; write sends a copy of them, while"
                    + " sendfile, splice and transferTo send the file's own pages.");
    static final Claim ONE_CALL = new Claim(
            "one-call-for-thousands",
            "Fixed: one call of sendfile does what thousands of reads and writes of 4 KiB do,"
                    + " with at least a quarter less CPU time.");
    static final Claim LARGE_PIECES = new Claim(
            "large-pieces-save-as-well",
            "With pieces of 64 KiB the loop copies as many bytes, and takes at least a quarter"
                    + " less CPU time too: the price was its calls.");
    static final Claim TRANSFER_TO = new Claim(
            "transferto-is-sendfile",
            "The JDK's transferTo sleeps in the same system call as sendfile, and makes it once.");
    static final Claim SMALL_FILE = new Claim(
            "small-files-gain-little",
            "For a file of 1 KiB sendfile saves less than half of the CPU time of read and"
                    + " write, and mmap with write takes more than twice as much.");

    static final Option MIB = new Option(
            List.of("--mib"), "MIB", 32, 16, 1_024,
            "How large the file is, in MiB; each way sends the whole of it in each round");
    static final List<Option> OPTIONS = List.of(MIB);

    private static final int PAGE_BYTES = 4 * 1024;

    /// As much as a pipe holds, and the hidden pipe inside sendfile as well.
    private static final int PIECE_BYTES = 64 * 1024;

    /// Set by hand, because a buffer that grows by itself would grow to the whole file.
    private static final int RECEIVE_BUFFER_BYTES = 1024 * 1024;

    private static final int SMALL_BYTES = 1024;

    /// So many small files are sent from one look at the clock to the next.
    private static final int SMALL_FILES = 200;
    private static final int ROUNDS = 7;
    private static final int SMALL_ROUNDS = 3 * ROUNDS;

    /// "At least a quarter less". 0.05 to 0.45 were seen, depending on how busy it is.
    private static final double QUARTER_LESS = 0.75;

    private final SendMeter meter;
    private final long fileBytes;
    private final int file;

    /// The same file, for the JDK.
    private final FileChannel channel;

    /// For splice, which moves pages by way of a pipe.
    private final int[] pipe;

    private final int socket;

    /// A second connection, for the JDK.
    private final SocketChannel target;

    private final MemorySegment memory = Arena.ofAuto().allocate(PIECE_BYTES, 8);
    private final Way<Sender> smallPieces;
    private final Way<Sender> largePieces;
    private final Way<Sender> mapped;
    private final Way<Sender> sendfile;
    private final Way<Sender> transferTo;
    private final List<Way<Sender>> ways;

    private Sendfile(
            SendMeter meter, Sockets sockets, int file, FileChannel channel, long fileBytes,
            SocketChannel target) throws IOException {
        this.meter = meter;
        this.file = file;
        this.channel = channel;
        this.fileBytes = fileBytes;
        this.target = target;
        pipe = sockets.pipe();
        int listener = sockets.listen(0, 2);
        sockets.set(listener, SysSocket.SOL_SOCKET, SysSocket.SO_RCVBUF, RECEIVE_BUFFER_BYTES);
        int port = sockets.port(listener);
        socket = sockets.connect(port);
        target.connect(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port));
        int receiver = sockets.accept(listener);
        int targetsReceiver = sockets.accept(listener);
        smallPieces = way("read, write 4 KiB", receiver, (e, n) -> readWrite(e, n, PAGE_BYTES));
        largePieces = way("read, write 64 KiB", receiver, (e, n) -> readWrite(e, n, PIECE_BYTES));
        mapped = way("mmap, write", receiver, this::mmap);
        sendfile = way("sendfile", receiver, this::sendfile);
        Way<Sender> splice = way("splice", receiver, this::splice);
        transferTo = way("transferTo", targetsReceiver, this::transferTo);
        ways = List.of(smallPieces, largePieces, mapped, sendfile, splice, transferTo);
    }

    private static Way<Sender> way(String name, int receiver, SendMeter.Send send) {
        return new Way<>(name, new Sender(receiver, send));
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
    /// @throws InterruptedException when it is told to end
    public static void run(Settings settings, Journal journal)
            throws IOException, InterruptedException {
        journal.expect(OWN_PAGES, ONE_CALL, LARGE_PIECES, TRANSFER_TO, SMALL_FILE);
        long bytes = settings.value(MIB) * 1024 * 1024;
        try (SendMeter meter = new SendMeter(); Sockets sockets = new Sockets()) {
            int file = sockets.file(bytes);
            try (FileChannel channel = open(Path.of("/proc/self/fd/" + file), READ, WRITE);
                    SocketChannel target = SocketChannel.open()) {
                Sendfile lab = new Sendfile(meter, sockets, file, channel, bytes, target);
                journal.attempt(() -> lab.checkBytesAndCopies(journal), OWN_PAGES);
                journal.attempt(
                        () -> lab.compareWholeFiles(journal), ONE_CALL, LARGE_PIECES, TRANSFER_TO);
                journal.attempt(() -> lab.compareSmallFiles(journal), SMALL_FILE);
            }
        }
    }

    // @start region="broken"
    private long readWrite(Errno errno, long bytes, int most) throws IOException {
        long calls = 0;
        for (long sent = 0, count; sent < bytes; sent += count) {
            long wanted = Math.min(most, bytes - sent);
            count = check(Unistd.pread(errno, file, memory, wanted, sent), "pread");
            calls++;
            for (long written = 0; written < count; calls++) {
                MemorySegment rest = memory.asSlice(written);
                written += check(Unistd.write(errno, socket, rest, count - written), "write");
            }
        }
        return calls;
    }
    // @end

    // @start region="fixed"
    private long sendfile(Errno errno, long bytes) throws IOException {
        long calls = 0;
        memory.set(JAVA_LONG, 0, 0); // the offset in the file, which the call moves on
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
                MemorySegment rest = pages.asSlice(sent);
                sent += check(Unistd.write(errno, socket, rest, bytes - sent), "write");
            }
        }
        return calls;
    }

    private long splice(Errno errno, long bytes) throws IOException {
        long calls = 0;
        memory.set(JAVA_LONG, 0, 0);
        for (long sent = 0, count; sent < bytes; sent += count) {
            long piece = Math.min(PIECE_BYTES, bytes - sent);
            count = check(Fcntl.splice(errno, file, memory, pipe[1], NULL, piece, 0), "splice");
            calls++;
            // The flag lets TCP fill a segment with the next piece, where there is one.
            int flag = sent + count < bytes ? Fcntl.SPLICE_F_MORE : 0;
            for (long moved = 0; moved < count; calls++) {
                long rest = count - moved;
                moved += check(
                        Fcntl.splice(errno, pipe[0], NULL, socket, NULL, rest, flag), "splice");
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

    /// First each way sends the whole file, and a checksum tells whether it arrives. Then
    /// each way sends one page, the lab changes that page in the file when the call has
    /// returned, and only then receives. What was copied arrives as it was sent; what is
    /// a reference to the file's page arrives as it was changed.
    private void checkBytesAndCopies(Journal journal) throws IOException, InterruptedException {
        journal.part("What arrives; and when the file is changed between send and receive");
        journal.columns("way", "the file", "sent, changed, received");
        int right = 0;
        List<Way<Sender>> copying = new ArrayList<>();
        for (Way<Sender> way : ways) {
            long whole = SendMeter.checksum(channel, fileBytes);
            boolean isRight = meter.checksum(meter.begin(way, fileBytes), way, fileBytes) == whole;
            right += isRight ? 1 : 0;
            long asSent = SendMeter.checksum(channel, PAGE_BYTES);
            Future<Long> sending = meter.begin(way, PAGE_BYTES);
            SendMeter.get(sending); // the call has returned
            SendMeter.change(channel, way.name());
            boolean isCopy = meter.checksum(sending, way, PAGE_BYTES) == asSent;
            if (isCopy) {
                copying.add(way);
            }
            journal.row(way.name(), isRight ? "right" : "wrong", isCopy ? "as sent" : "as changed");
        }
        journal.judge(OWN_PAGES,
                right == ways.size() && copying.equals(List.of(smallPieces, largePieces, mapped)),
                right + " of " + ways.size() + " ways sent the file, " + copying.size()
                        + " of them a copy");
    }

    /// Each way sends the whole file, in rounds in which all have a turn. The CPU time is
    /// that of the sending thread. The loops of 4 KiB and of 64 KiB copy as many bytes,
    /// so what the second one saves is what the calls of the first one cost.
    private void compareWholeFiles(Journal journal) throws IOException, InterruptedException {
        journal.part("The whole file, medians of " + ROUNDS + " rounds");
        journal.columns("way", "calls", "reads", "writes", "CPU ms/GB", "of 4 KiB", "GB/s");
        Costs costs = meter.compare(ways, ROUNDS, 1, fileBytes);
        costs.costs().forEach((way, cost) -> journal.row(
                way.name(), cost.calls(), cost.reads(), cost.writes(),
                1e3 * cost.cpuNanos() / fileBytes, costs.ratio(way, smallPieces),
                1.0 * fileBytes / cost.nanos()));
        long one = costs.of(sendfile).calls();
        long many = costs.of(smallPieces).calls();
        double bySendfile = costs.ratio(sendfile, smallPieces);
        journal.judge(ONE_CALL,
                one == 1 && many >= 2 * fileBytes / PAGE_BYTES && bySendfile < QUARTER_LESS,
                "calls: %d and %d; CPU time: %.2f of it".formatted(one, many, bySendfile));
        double byLargePieces = costs.ratio(largePieces, smallPieces);
        journal.judge(
                LARGE_PIECES, byLargePieces < QUARTER_LESS,
                "CPU time: %.2f of it".formatted(byLargePieces));
        findCallOfTransferTo(journal, costs.of(transferTo).writes());
    }

    /// Nothing is received, so the sender sleeps when the buffers are full. /proc tells
    /// the number of the system call in which it sleeps; it must be sendfile's.
    /// How often it made the call the kernel has counted before, as `writes`.
    private void findCallOfTransferTo(Journal journal, long writes)
            throws IOException, InterruptedException {
        journal.part("The number of the system call in which the sender sleeps");
        long bySendfile = meter.sleepsIn(sendfile, fileBytes);
        long byTransferTo = meter.sleepsIn(transferTo, fileBytes);
        journal.step(sendfile.name(), bySendfile);
        journal.step(transferTo.name(), byTransferTo);
        if (bySendfile < 0 || writes == 0) {
            journal.notHere(TRANSFER_TO, "this kernel has no /proc/PID/syscall or no /proc/PID/io");
        } else {
            journal.judge(
                    TRANSFER_TO, bySendfile == byTransferTo && writes == 1,
                    "call " + bySendfile + ", call " + byTransferTo + "; counted " + writes);
        }
    }

    /// The same with a file so small that one read and one write send it. There are few
    /// calls and bytes to save, and what TCP does with a segment costs every way the
    /// same.
    private void compareSmallFiles(Journal journal) throws IOException, InterruptedException {
        journal.part("A file of 1 KiB, medians of " + SMALL_ROUNDS + " rounds of " + SMALL_FILES);
        journal.columns("way", "calls", "CPU us", "of read, write");
        Costs costs = meter.compare(
                ways.subList(1, ways.size()), SMALL_ROUNDS, SMALL_FILES, SMALL_BYTES);
        costs.costs().forEach((way, cost) -> journal.row(
                way.name(), cost.calls() / SMALL_FILES, cost.cpuNanos() / 1e3 / SMALL_FILES,
                costs.ratio(way, largePieces)));
        double bySendfile = costs.ratio(sendfile, largePieces);
        double byMapping = costs.ratio(mapped, largePieces);
        journal.judge(
                SMALL_FILE, bySendfile > 0.5 && byMapping > 2,
                "sendfile %.2f of read and write, mmap %.2f".formatted(bySendfile, byMapping));
    }
}
