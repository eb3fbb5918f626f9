// SPDX-License-Identifier: MIT
package csdesign.design;

import static csdesign.posix.Errno.check;
import static csdesign.posix.Pthread.MUTEXATTR_BYTES;
import static csdesign.posix.Pthread.PTHREAD_MUTEX_ROBUST;
import static csdesign.posix.Pthread.PTHREAD_PROCESS_SHARED;
import static csdesign.posix.Pthread.pthread_mutex_consistent;
import static csdesign.posix.Pthread.pthread_mutex_init;
import static csdesign.posix.Pthread.pthread_mutex_lock;
import static csdesign.posix.Pthread.pthread_mutex_unlock;
import static csdesign.posix.Pthread.pthread_mutexattr_init;
import static csdesign.posix.Pthread.pthread_mutexattr_setpshared;
import static csdesign.posix.Pthread.pthread_mutexattr_setrobust;

import csdesign.cost.Console;
import csdesign.drive.BlockingDriver;
import csdesign.kit.Server;
import csdesign.listen.Acceptor;
import csdesign.listen.ListeningSocket;
import csdesign.posix.Errno;
import csdesign.process.Worker;
import csdesign.process.Workers;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// **Prefork mutex: one worker at a time waits in accept(2); a mutex in shared memory
/// decides which one.**
///
/// ```text
///   clients ==> [listening socket] --> worker 1: lock | accept | unlock | read | serve ... close
///                                      worker 0: lock?   waits     [mutex]
///                                      worker 2: lock?   waits   shared memory
/// ```
///
/// **What** As prefork-file-lock, but the lock is a pthread mutex in memory that all
/// workers have mapped.
///
/// **Why** A file lock is always a system call. A mutex makes a system call only when a
/// process must wait for it or be woken; a free mutex is taken by one instruction.
///
/// **Cost** For each connection futex(2) once to wait and once to wake, while the pool is
/// idle: then all workers except one wait for the mutex. What fails first, without care,
/// is the whole pool, because an owner that dies keeps the mutex for ever.
///
/// **When** Never for accept on Linux. Use it between processes that trust each other
/// with their memory.
///
/// **In Java** No class of the JDK is a lock in memory between processes, so this is the
/// C library's, in the scoreboard's page. It is robust: when an owner has died, the next
/// worker gets the mutex together with the error EOWNERDEAD, and goes on. A Java thread
/// is a pthread, so it can own such a mutex.
///
/// **Look for** two futex for each connection where prefork-file-lock has two fcntl
/// (`strace -f -c`), because other workers wait and so the mutex needs system calls too;
/// after a kill -9 of the worker that waits in accept, the next one takes over.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/design/PreforkMutex.java 2000`
///
/// @see "UNP 3e, chapter 30"
/// @see <a href="https://man7.org/linux/man-pages/man3/pthread_mutexattr_setrobust.3.html">pthread_mutexattr_setrobust(3)</a>
public final class PreforkMutex {
    /// What it is: see [Catalog].
    static final Design DESIGN = new Design(
            "prefork-mutex",
            Design.Family.PROCESSES, Design.ServedBy.POOL_OF_PROCESSES, Design.Needs.LINUX,
            "the same, a shared pthread mutex around accept",
            "a lock in memory, and an owner that dies",
            PreforkMutex::serve).withWork(PreforkMutex::work);

    private PreforkMutex() {}

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
        Lock.make(server.scoreboard().common());
        try (ListeningSocket listener = ListeningSocket.openBlocking(server);
                Workers workers = Workers.start(
                        server, PreforkMutex.class, _ -> new int[] {listener.fd()})) {
            workers.awaitReady();
            Console.announce(server, listener.port());
            workers.keep(); // until the stop
            listener.shut();
            workers.stop();
        }
    }

    /// A worker: a process of its own, with the listening socket and the shared memory.
    static void work(Worker worker) throws IOException {
        try (Lock lock = new Lock(worker.server().scoreboard().common());
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

    /// The lock of one worker: a mutex in memory that all workers have mapped.
    private static final class Lock implements AutoCloseable {
        void lock() throws IOException {
            int result = pthread_mutex_lock(errno, mutex);
            if (result == -Errno.EOWNERDEAD) { // killed in accept: nothing is left half-done
                result = pthread_mutex_consistent(errno, mutex);
            }
            check(result, "pthread_mutex_lock");
        }

        void unlock() throws IOException {
            check(pthread_mutex_unlock(errno, mutex), "pthread_mutex_unlock");
        }
        // @end

        private final Arena arena = Arena.ofConfined();
        private final Errno errno = Errno.allocate(arena);

        /// At the same place of the file, but not at the same address, in each worker.
        private final MemorySegment mutex;

        Lock(MemorySegment mutex) {
            this.mutex = mutex;
        }

        /// The parent, before it starts the first worker: a mutex that works between
        /// processes, and that tells the next owner when the last one has died.
        static void make(MemorySegment mutex) throws IOException {
            try (Arena arena = Arena.ofConfined()) {
                Errno errno = Errno.allocate(arena);
                MemorySegment attr = arena.allocate(MUTEXATTR_BYTES, 8);
                check(pthread_mutexattr_init(errno, attr), "pthread_mutexattr_init");
                check(pthread_mutexattr_setpshared(errno, attr, PTHREAD_PROCESS_SHARED),
                        "pthread_mutexattr_setpshared");
                check(pthread_mutexattr_setrobust(errno, attr, PTHREAD_MUTEX_ROBUST),
                        "pthread_mutexattr_setrobust");
                check(pthread_mutex_init(errno, mutex, attr), "pthread_mutex_init");
            }
        }

        @Override
        public void close() {
            arena.close();
        }
    }
}
