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

/// **Prefork mutex: one worker at a time may wait in accept(2); a mutex in shared memory
/// says who.**
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
/// **Why** A file lock is a system call each time. A mutex is one only when somebody must
/// wait, or somebody waits: a free one is taken by an instruction.
///
/// **Cost** Per connection futex(2) once to wait and once to wake while the pool is idle:
/// then all workers but one wait for the mutex. What fails first, without care, is the
/// whole pool: an owner that dies holds the mutex for ever.
///
/// **When** Never for accept on Linux. Between processes that trust each other's code
/// with their memory.
///
/// **In Java** No class of the JDK is a lock between processes in memory: this is the C
/// library's, in the scoreboard's page. It is robust: whoever comes after an owner that
/// died is told so (EOWNERDEAD) and goes on. A Java thread is a pthread, so it can own
/// one.
///
/// **Look for** two futex for each connection where prefork-file-lock has two fcntl
/// (`strace -f -c`): while others wait, a mutex is system calls too; a kill -9 of the
/// worker that waits in accept: the next one takes over.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/design/PreforkMutex.java 2000`
///
/// @see "UNP 3e, chapter 30"
/// @see <a href="https://man7.org/linux/man-pages/man3/pthread_mutexattr_setrobust.3.html">pthread_mutexattr_setrobust(3)</a>
public final class PreforkMutex implements AutoCloseable {
    /// Serves with all defaults until Ctrl-C; or is one of the workers.
    ///
    /// @param arguments the port, or nothing for 2000
    public static void main(String... arguments) {
        Design.mainOfProcesses(
                "prefork-mutex", PreforkMutex::serve, PreforkMutex::work, arguments);
    }

    /// The parent: see [Design#serve].
    ///
    /// @param server where to listen, what to say, and the limits
    /// @throws IOException when it cannot begin
    public static void serve(Server server) throws IOException {
        makeMutex(server.scoreboard().common());
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

    private static void makeMutex(MemorySegment mutex) throws IOException {
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

    /// A worker: a process of its own, with the listening socket and the shared memory.
    static void work(Worker worker) throws IOException {
        MemorySegment mutex = worker.server().scoreboard().common();
        try (PreforkMutex lock = new PreforkMutex(mutex);
                Acceptor acceptor = new Acceptor(worker.fd(0), worker.server());
                BlockingDriver driver = new BlockingDriver(worker.server(), worker.row())) {
            worker.ready();
            lock.loop(worker, acceptor, driver);
        }
    }

    // @start region="loop"
    private void loop(Worker worker, Acceptor acceptor, BlockingDriver driver) throws IOException {
        while (true) {
            lock(); // 1: the others wait here
            int client = acceptor.accept(); // 2: one waits here
            check(pthread_mutex_unlock(errno, mutex), "pthread_mutex_unlock"); // 3
            if (client == Acceptor.NONE) {
                return;
            }
            driver.serve(client, worker.row()); // 4
        }
    }

    private void lock() throws IOException {
        int result = pthread_mutex_lock(errno, mutex);
        if (result == -Errno.EOWNERDEAD) { // killed in accept: nothing is left half-done
            result = pthread_mutex_consistent(errno, mutex);
        }
        check(result, "pthread_mutex_lock");
    }
    // @end

    @Override
    public void close() {
        arena.close();
    }

    private final Arena arena = Arena.ofConfined();
    private final Errno errno = Errno.allocate(arena);
    private final MemorySegment mutex;

    private PreforkMutex(MemorySegment mutex) {
        this.mutex = mutex;
    }
}
