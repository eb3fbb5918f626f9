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

/// **Prefork file lock: one worker at a time waits in accept(2); a file lock decides
/// which one.**
///
/// ```text
///   clients ==> [listening socket] --> worker 1: lock | accept | unlock | read | serve ... close
///                                      worker 0: lock?   waits
///                                      worker 2: lock?   waits
/// ```
///
/// **What** As prefork-accept, but a worker takes a lock on a file before it accepts, and
/// gives the lock back afterwards.
///
/// **Why** Some systems once failed when many processes waited in accept on one socket,
/// and others woke all of them. The lock lets one process in. On Linux today accept does
/// not need it. It is here to be measured, and because other resources do need it.
///
/// **Cost** Two more fcntl(2) for each connection than prefork-accept and, when other
/// workers are waiting, one more context switch: the unlock wakes the next worker, not
/// the one that has just accepted a client.
///
/// **When** Never for accept on Linux. Use it for any resource that is shared by
/// processes which live and die independently: when the owner of the lock ends, however
/// it ends, the kernel gives the lock back.
///
/// **In Java** [java.nio.channels.FileChannel#lock] makes the same call; here it has its
/// C name. The file is the scoreboard's. It has no name, so it leaves no file behind.
///
/// **Look for** two more fcntl for each connection (`strace -f -c`); in `lslocks`, one
/// worker that has the lock and all others waiting for it; an even distribution while
/// connections come one by one with time between them. When one client comes again at
/// once it may be very uneven, because a worker that is back before the next one has
/// woken up takes the lock again.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/design/PreforkFileLock.java 2000`
///
/// @see "UNP 3e, chapter 30"
/// @see <a href="https://man7.org/linux/man-pages/man2/fcntl_locking.2.html">fcntl_locking(2)</a>
public final class PreforkFileLock {
    /// What it is: see [Catalog].
    static final Design DESIGN = new Design(
            "prefork-file-lock",
            Design.Family.PROCESSES, Design.ServedBy.POOL_OF_PROCESSES, Design.Needs.LINUX,
            "the same, an fcntl lock around accept",
            "what a lock in the kernel costs, and that it ends with its owner",
            PreforkFileLock::serve).withWork(PreforkFileLock::work);

    private PreforkFileLock() {}

    /// Serves with all defaults until Ctrl-C; or is one of the workers.
    ///
    /// @param arguments the port, or nothing for 2000
    public static void main(String... arguments) {
        Design.main(DESIGN, arguments);
    }

    /// The parent: see [Design.Serve].
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
        try (Lock lock = new Lock(worker.fd(1));
                Acceptor acceptor = new Acceptor(worker.fd(0), worker.server());
                BlockingDriver driver = new BlockingDriver(worker.server())) {
            worker.ready();
            loop(worker, lock, acceptor, driver);
        }
    }

    // @start region="loop"
    private static void loop(Worker worker, Lock lock, Acceptor acceptor, BlockingDriver driver)
            throws IOException {
        while (true) {
            lock.lock(); // 1: the other workers wait here
            int client = acceptor.accept(); // 2: one worker waits here
            lock.unlock(); // 3
            if (client == Acceptor.NONE) {
                return;
            }
            driver.serve(client, worker.row()); // 4
        }
    }

    /// The lock of one worker: a lock on the whole of a file that all workers have open.
    private static final class Lock implements AutoCloseable {
        void lock() throws IOException {
            set(Fcntl.F_WRLCK);
        }

        void unlock() throws IOException {
            set(Fcntl.F_UNLCK);
        }

        private void set(int type) throws IOException {
            flock.set(ValueLayout.JAVA_SHORT, 0, (short) type);
            int result;
            do {
                result = Fcntl.lock(errno, file, Fcntl.F_SETLKW, flock);
            } while (result == -Errno.EINTR); // a stop: the worker that has the lock leaves soon
            check(result, "fcntl", "F_SETLKW");
        }
        // @end

        private final Arena arena = Arena.ofConfined();
        private final Errno errno = Errno.allocate(arena);

        /// Its zeros mean: from the beginning of the file to its end.
        private final MemorySegment flock = arena.allocate(Fcntl.FLOCK_BYTES, 8);

        private final int file;

        Lock(int file) {
            this.file = file;
        }

        @Override
        public void close() {
            arena.close();
        }
    }
}
