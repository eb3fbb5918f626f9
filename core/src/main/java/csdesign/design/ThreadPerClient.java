// SPDX-License-Identifier: MIT
package csdesign.design;

import csdesign.cost.Console;
import csdesign.drive.BlockingDriver;
import csdesign.kit.Limits;
import csdesign.kit.Log;
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
/// **What** For each client the server starts a platform thread, which serves it to its
/// end with the same blocking calls as the iterative server, and ends with it.
///
/// **Why** The iterative server is held up by its slowest client. A thread that waits
/// holds up nobody but itself, and the code stays a straight line.
///
/// **Cost** Per connection clone(2), the thread's stack and its end; per request read,
/// write, and a switch to the thread and back. What fails first is the number of threads
/// (RLIMIT_NPROC, or the kernel's threads-max): the JVM throws OutOfMemoryError, which
/// here closes that one client and says so.
///
/// **When** Up to some thousand connections that live long, or work that blocks. Do not
/// for a connection per request: the thread costs more than the answer.
///
/// **In Java** The JVM adds to each pthread its own thread object, a stack of 1 MiB of
/// address space (256 KiB here) and a stop at each safepoint. A virtual thread costs a
/// fraction of it: that is another design.
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

    /// Serves with all defaults until Ctrl-C.
    ///
    /// @param arguments the port, or nothing for 2000
    public static void main(String... arguments) {
        Design.main("thread-per-client", ThreadPerClient::serve, arguments);
    }

    /// The design: see [Design#serve].
    ///
    /// @param server where to listen, what to say, and the limits
    /// @throws IOException when it cannot begin
    public static void serve(Server server) throws IOException {
        try (ListeningChannel listener = ListeningChannel.open(server);
                BlockingDriver driver = new BlockingDriver(server, server.scoreboard().row(0))) {
            Console.announce(server, listener.port());
            loop(server, listener, driver);
        }
    }

    // @start region="loop"
    private static void loop(Server server, ListeningChannel listener, BlockingDriver driver) {
        Log log = new Log(server.slug());
        Semaphore room = new Semaphore(server.limits().maxConnections());
        while (true) {
            room.acquireUninterruptibly(); // 1: who finds no room waits in the backlog
            SocketChannel client = listener.accept(); // 2
            if (client == null) {
                awaitLeaving(server.limits(), room); // 6
                return;
            }
            start(client, driver, room, log);
        }
    }

    private static void start(
            SocketChannel client, BlockingDriver driver, Semaphore room, Log log) {
        Runnable serve = () -> {
            try {
                driver.serve(client); // 4
            } finally {
                room.release(); // 5
            }
        };
        try {
            Thread.ofPlatform().daemon().name("client").stackSize(STACK_BYTES).start(serve); // 3
        } catch (OutOfMemoryError noThread) {
            room.release();
            refuse(client, noThread, log);
        }
    }
    // @end

    /// When every place is free again, everybody has been answered. One place is ours.
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
