// SPDX-License-Identifier: MIT
package csdesign.design;

import csdesign.cost.Console;
import csdesign.drive.BlockingDriver;
import csdesign.kit.Nullable;
import csdesign.kit.Scoreboard;
import csdesign.kit.Server;
import csdesign.listen.ListeningChannel;
import csdesign.process.WorkerThreads;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;

/// **Prethreaded lock: N threads, of whom one at a time waits in accept.**
///
/// ```text
///                                         +--> thread 0: read | serve | write ... close
///   clients ==> [listening socket] ==> [lock] --> thread 1: waits in accept
///                                         +--> thread 2: waits for the lock
/// ```
///
/// **What** Whoever holds the lock waits in accept; with a client it lets the lock go,
/// serves the client to its end, and queues for the lock again.
///
/// **Why** It needs nothing but a listening socket and a mutex. There is no herd, since
/// there is never more than one thread in the kernel to be woken.
///
/// **Cost** Beside accept, reads and writes a futex(2) to wait for the lock, and one to
/// wake the next thread where one waits. What fails first is N: one client more waits in
/// the backlog, however idle the N are.
///
/// **When** As the other pools of threads, on any system.
///
/// **In Java** The lock is there already: `ServerSocketChannel.accept` and
/// `ServerSocket.accept` hold one of their own. Whoever lets many threads call them has
/// this design, and not that of threads that wait in the kernel together. The one here
/// says so, and makes the end of the queue at a stop one thread's business.
///
/// **Look for** a distribution about as even as with threads that all wait in accept: who
/// has waited longest gets the lock.
///
/// **Try** `java core/src/main/java/csdesign/design/PrethreadedLock.java 2000`
///
/// @see "UNP 3e, chapter 30"
public final class PrethreadedLock {
    private PrethreadedLock() {}

    /// Serves with all defaults until Ctrl-C.
    ///
    /// @param arguments the port, or nothing for 2000
    public static void main(String... arguments) {
        Design.mainOfThreads("prethreaded-lock", PrethreadedLock::serve, arguments);
    }

    /// The design: see [Design#serve].
    ///
    /// @param server where to listen, what to say, and the limits
    /// @throws IOException when it cannot begin
    public static void serve(Server server) throws IOException {
        try (ListeningChannel listener = ListeningChannel.open(server);
                BlockingDriver driver = new BlockingDriver(server, server.scoreboard().row(0))) {
            Lock lock = new ReentrantLock();
            WorkerThreads workers = WorkerThreads
                    .start(server, row -> loop(lock, listener, driver, row));
            Console.announce(server, listener.port());
            server.stop().await();
            workers.awaitEnd();
        }
    }

    // @start region="loop"
    private static void loop(
            Lock lock, ListeningChannel listener, BlockingDriver driver, Scoreboard.Row row) {
        for (SocketChannel client; (client = accept(lock, listener)) != null;) {
            driver.serve(client, row); // 4
        }
    }

    private static @Nullable SocketChannel accept(Lock lock, ListeningChannel listener) {
        lock.lock(); // 1
        try {
            return listener.accept(); // 2
        } finally {
            lock.unlock(); // 3
        }
    }
    // @end
}
