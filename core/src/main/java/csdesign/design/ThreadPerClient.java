// SPDX-License-Identifier: MIT
package csdesign.design;

import csdesign.cost.Console;
import csdesign.drive.BlockingDriver;
import csdesign.kit.Limits;
import csdesign.kit.Log;
import csdesign.kit.Scoreboard;
import csdesign.kit.Server;
import csdesign.listen.ListeningChannel;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/// **Thread per client: the main thread accepts, a new thread serves.**
///
/// ```text
///                                             +--> thread: read | serve | write ... close
///   clients ==> [listening socket] --accept--> --> thread: read | serve | write ... close
///                                             +--> thread: read | serve | write ... close
/// ```
///
/// **What** For each client the server starts a platform thread. The thread serves its
/// client to the end with the same blocking calls as the iterative server, and ends.
///
/// **Why** One slow client holds up the whole iterative server. A thread that waits holds
/// up only its own client, and the code stays a straight line.
///
/// **Cost** For each connection clone(2), the thread's stack and its end; for each
/// request read, write, and a context switch to the thread and back. What fails first is
/// the number of threads (RLIMIT_NPROC, or the kernel's threads-max): the JVM throws
/// OutOfMemoryError, and here the server closes that one client and says why.
///
/// **When** Up to some thousand connections that live long, or work that blocks. Do not
/// use it for one connection per request: the thread costs more than the answer.
///
/// **In Java** In addition to each pthread the JVM has a thread object, a stack of 1 MiB
/// of address space (256 KiB here) and a stop at each safepoint. A virtual thread costs a
/// fraction of that: it is another design.
///
/// **Look for** voluntary context switches, about one for each request; RSS that grows
/// with the clients; system CPU in `connect` far above the iterative server's.
///
/// **Try** `java core/src/main/java/csdesign/design/ThreadPerClient.java 2000`
///
/// @see "UNP 3e, chapter 30; TLPI, chapter 29"
public final class ThreadPerClient {
    /// Address space for a thread's stack. The deepest call here needs a few KiB; the
    /// usual 1 MiB would be 10 GiB of address space for 10,000 clients.
    private static final long STACK_BYTES = 256 * 1024;

    /// How long after the grace a thread may take to notice, in milliseconds: one that
    /// computes is not interrupted. Then the process ends without it.
    private static final long LEAVE_MILLIS = 1_000;

    private ThreadPerClient() {}

    /// What it is: see [Catalog].
    static final Design DESIGN = new Design(
            "thread-per-client",
            Design.Family.THREADS, Design.ServedBy.THREAD_PER_CLIENT, Design.Needs.JDK,
            "a platform thread for each client",
            "what a thread costs: its start, its stack, its switches",
            ThreadPerClient::serve);

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
            Console.announce(server, listener.port());
            loop(server, listener, driver);
        }
    }

    // @start region="loop"
    private static void loop(Server server, ListeningChannel listener, BlockingDriver driver) {
        Log log = new Log(server.slug());
        Scoreboard.Row row = server.scoreboard().row(0);
        Semaphore room = new Semaphore(server.limits().maxConnections());
        while (true) {
            room.acquireUninterruptibly(); // 1: while there is none, clients wait in the backlog
            SocketChannel client = listener.accept(); // 2
            if (client == null) {
                awaitLeaving(server.limits(), room); // 3
                return;
            }
            start(client, driver, row, room, log);
        }
    }

    private static void start(
            SocketChannel client,
            BlockingDriver driver,
            Scoreboard.Row row,
            Semaphore room,
            Log log) {
        Thread.Builder thread = Thread.ofPlatform()
                .daemon()
                .name("client")
                .stackSize(STACK_BYTES);
        try {
            thread.start(() -> serve(client, driver, row, room)); // 4
        } catch (OutOfMemoryError noThread) {
            room.release();
            refuse(client, noThread, log);
        }
    }

    private static void serve(
            SocketChannel client, BlockingDriver driver, Scoreboard.Row row, Semaphore room) {
        try {
            driver.serve(client, row); // 5
        } finally {
            room.release(); // 6
        }
    }
    // @end

    /// When every place is free again, every client has been answered. One place is taken
    /// already: by the accept that returned no client.
    private static void awaitLeaving(Limits limits, Semaphore room) {
        long millis = limits.graceMillis() + LEAVE_MILLIS;
        try {
            boolean _ = room.tryAcquire(limits.maxConnections() - 1, millis, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void refuse(SocketChannel client, OutOfMemoryError noThread, Log log) {
        log.warn("no thread for a client, it is closed: " + noThread.getMessage()
                + ". Raise the limit (ulimit -u), or lower --max-connections");
        try {
            client.close();
        } catch (IOException e) {
            log.warn("close: " + e.getMessage());
        }
    }
}
