// SPDX-License-Identifier: MIT
package csdesign.design;

import static csdesign.posix.Errno.check;

import csdesign.cost.Console;
import csdesign.drive.BlockingDriver;
import csdesign.kit.Server;
import csdesign.listen.Acceptor;
import csdesign.listen.ListeningSocket;
import csdesign.posix.Errno;
import csdesign.posix.Fcntl;
import csdesign.process.Worker;
import csdesign.process.Workers;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// **Prefork file lock: one worker at a time waits in accept(2); a file lock says who.**
///
/// ```text
///   clients ==> [listening socket] --> worker 1: lock | accept | unlock | read | serve ... close
///                                      worker 0: lock?   waits
///                                      worker 2: lock?   waits
/// ```
///
/// **What** As prefork-accept, but a worker takes a lock on a file before it accepts and
/// gives it back after.
///
/// **Why** Some systems once failed when many processes waited in accept on one socket,
/// and others woke them all. The lock lets in one. On Linux today nobody needs it for
/// accept: it stands here to be measured, and because the same lock guards what does need
/// one.
///
/// **Cost** Two fcntl(2) per connection more than prefork-accept, and a switch more when
/// somebody waits: the one who is woken by the unlock is not the one who has the client.
///
/// **When** Never for accept on Linux. For any resource of several processes that live
/// and die on their own: the kernel gives the lock back when its owner ends, however it
/// ends.
///
/// **In Java** [java.nio.channels.FileChannel#lock] is the same call; here it has its C
/// name. The file is the scoreboard's, which has no name and so leaves none behind.
///
/// **Look for** two fcntl more for each connection (`strace -f -c`); in `lslocks`, one
/// worker that has the lock and all others waiting for it; a distribution that is even
/// while connections come one by one with time between them, and may be very uneven while
/// one client comes again at once: who is back for the lock before the one that was woken
/// takes it.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/design/PreforkFileLock.java 2000`
///
/// @see "UNP 3e, chapter 30"
/// @see <a href="https://man7.org/linux/man-pages/man2/fcntl_locking.2.html">fcntl_locking(2)</a>
public final class PreforkFileLock implements AutoCloseable {
    /// Serves with all defaults until Ctrl-C; or is one of the workers.
    ///
    /// @param arguments the port, or nothing for 2000
    public static void main(String... arguments) {
        Design.mainOfProcesses(
                "prefork-file-lock", PreforkFileLock::serve, PreforkFileLock::work, arguments);
    }

    /// The parent: see [Design#serve].
    ///
    /// @param server where to listen, what to say, and the limits
    /// @throws IOException when it cannot begin
    public static void serve(Server server) throws IOException {
        try (ListeningSocket listener = ListeningSocket.openBlocking(server);
                Workers workers = Workers.start(
                        server,
                        PreforkFileLock.class,
                        _ -> new int[] {listener.fd(), server.scoreboard().fd()})) {
            workers.awaitReady();
            Console.announce(server, listener.port());
            workers.keep(); // until the stop
            listener.shut();
            workers.stop();
        }
    }

    /// A worker: a process of its own, with the listening socket and the file to lock.
    static void work(Worker worker) throws IOException {
        try (PreforkFileLock lock = new PreforkFileLock(worker.fd(1));
                Acceptor acceptor = new Acceptor(worker.fd(0), worker.server());
                BlockingDriver driver = new BlockingDriver(worker.server(), worker.row())) {
            worker.ready();
            lock.loop(worker, acceptor, driver);
        }
    }

    // @start region="loop"
    private void loop(Worker worker, Acceptor acceptor, BlockingDriver driver) throws IOException {
        while (true) {
            set(Fcntl.F_WRLCK); // 1: the others wait here
            int client = acceptor.accept(); // 2: one waits here
            set(Fcntl.F_UNLCK); // 3
            if (client == Acceptor.NONE) {
                return;
            }
            driver.serve(client, worker.row()); // 4
        }
    }

    /// Takes the lock on the whole file, or gives it back.
    private void set(int type) throws IOException {
        lock.set(ValueLayout.JAVA_SHORT, 0, (short) type);
        int result;
        do {
            result = Fcntl.lock(errno, file, Fcntl.F_SETLKW, lock);
        } while (result == -Errno.EINTR); // a stop: whoever has the lock leaves soon
        check(result, "fcntl", "F_SETLKW");
    }
    // @end

    @Override
    public void close() {
        arena.close();
    }

    private final Arena arena = Arena.ofConfined();
    private final Errno errno = Errno.allocate(arena);

    /// Zeros mean: from the beginning of the file to its end.
    private final MemorySegment lock = arena.allocate(Fcntl.FLOCK_BYTES, 8);

    private final int file;

    private PreforkFileLock(int file) {
        this.file = file;
    }
}
