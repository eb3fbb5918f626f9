// SPDX-License-Identifier: MIT
package csdesign.design;

import csdesign.cost.Console;
import csdesign.drive.BlockingDriver;
import csdesign.kit.Scoreboard;
import csdesign.kit.Server;
import csdesign.listen.ListeningChannel;
import csdesign.process.WorkerThreads;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;

/// **Prethreaded lock: N threads, of which one at a time waits in accept.**
///
/// ```text
///                                         +--> thread 0: read | serve | write ... close
///   clients ==> [listening socket] ==> [lock] --> thread 1: waits in accept
///                                         +--> thread 2: waits for the lock
/// ```
///
/// **What** The thread that has the lock waits in accept. With a client it gives the lock
/// back, serves the client to its end, and queues for the lock again.
///
/// **Why** It needs nothing but a listening socket and a mutex. There is no herd, because
/// there is never more than one thread in the kernel to be woken.
///
/// **Cost** In addition to accept, reads and writes a futex(2) to wait for the lock, and
/// one to wake the next thread when one waits. What fails first is N: when all N have a
/// client, even an idle one, the next client waits in the backlog.
///
/// **When** As the other pools of threads, on any system.
///
/// **In Java** The lock is there already: `ServerSocketChannel.accept` and
/// `ServerSocket.accept` hold one of their own. A server that lets many threads call them
/// has this design, and not that of threads that wait in the kernel together. Here the
/// lock can be seen, and at a stop one thread empties the queue.
///
/// **Look for** a distribution about as even as with threads that all wait in accept: the
/// thread that has waited longest gets the lock.
///
/// **Try** `java core/src/main/java/csdesign/design/PrethreadedLock.java 2000`
///
/// @see "UNP 3e, chapter 30"
public final class PrethreadedLock {
    private PrethreadedLock() {}

    /// What it is: see [Catalog].
    static final Design DESIGN = new Design(
            "prethreaded-lock",
            Design.Family.THREADS, Design.ServedBy.POOL_OF_THREADS, Design.Needs.JDK,
            "N threads, a mutex around accept",
            "what the JDK's own accept does, said aloud",
            PrethreadedLock::serve);

    /// Serves with all defaults until Ctrl-C.
    ///
    /// @param arguments the port, or nothing for 2000
    public static void main(String... arguments) {
        Design.main(DESIGN, arguments);
    }

    /// The design: see [Design.Serve].
    ///
    /// @param server where to listen, what to say, and the limits
    /// @throws IOException when it cannot begin
    public static void serve(Server server) throws IOException {
        try (ListeningChannel listener = ListeningChannel.open(server);
                BlockingDriver driver = new BlockingDriver(server)) {
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
        while (true) {
            SocketChannel client;
            lock.lock(); // 1: the other threads wait here
            try {
                client = listener.accept(); // 2: one thread waits here
            } finally {
                lock.unlock(); // 3
            }
            if (client == null) {
                return;
            }
            driver.serve(client, row); // 4
        }
    }
    // @end
}
