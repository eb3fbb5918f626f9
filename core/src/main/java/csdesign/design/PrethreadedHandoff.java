// SPDX-License-Identifier: MIT
package csdesign.design;

import csdesign.cost.Console;
import csdesign.drive.BlockingDriver;
import csdesign.kit.Limits;
import csdesign.kit.Scoreboard;
import csdesign.kit.Server;
import csdesign.listen.ListeningChannel;
import csdesign.process.WorkerThreads;
import csdesign.range.Option;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/// **Prethreaded handoff: the main thread accepts, N threads take from a queue.**
///
/// ```text
///                                                      +--> thread 0: read | serve ... close
///   clients ==> [listening socket] --accept--> [queue] ---> thread 1: read | serve ... close
///                                  main thread         +--> thread 2: waits for the queue
/// ```
///
/// **What** The main thread puts every connection in a queue of bounded length. A thread
/// that is free takes the oldest one, serves that client to its end, and comes back.
///
/// **Why** One place accepts, and there a server can count clients, choose among them or
/// turn them away before a worker is spent. Most thread pools have this shape.
///
/// **Cost** Each connection goes through two threads: a context switch to the one that
/// accepts, a futex(2) to wake another, and a context switch to that one. What fails
/// first is N. Then the queue (`--queue`) fills, and each connection in it takes a
/// descriptor.
///
/// **When** Work that must be looked at before it is given to a worker. Otherwise each
/// thread may as well fetch its own.
///
/// **In Java** The queue is an [ArrayBlockingQueue], whose put waits while it is full. So
/// a full queue refuses no client: the main thread stands still with one client in its
/// hand, and all others wait in the backlog, where they cost nothing. An unbounded queue,
/// such as that of `Executors.newFixedThreadPool`, would accept until no descriptor is
/// left.
///
/// **Look for** more context switches for each request in the bench's `connect` than with
/// threads that accept for themselves.
///
/// **Try** `java core/src/main/java/csdesign/design/PrethreadedHandoff.java 2000`
///
/// @see "UNP 3e, chapter 30"
public final class PrethreadedHandoff {
    private PrethreadedHandoff() {}

    /// Further connections wait in the backlog. By default a few for each thread. No more
    /// can wait than connections can be open.
    static final Option QUEUE = new Option(
            List.of("--queue"), "N", 64, 1, Limits.CONNECTIONS.most(),
            "How many accepted connections may wait for a thread");

    /// What it is: see [Catalog].
    static final Design DESIGN = new Design(
            "prethreaded-handoff",
            Design.Family.THREADS, Design.ServedBy.POOL_OF_THREADS, Design.Needs.JDK,
            "one thread accepts, a bounded queue, N threads serve",
            "what a hand-over costs, and what a full queue means",
            PrethreadedHandoff::serve)
            .withOptions(QUEUE);

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
        BlockingQueue<Optional<SocketChannel>> queue = new ArrayBlockingQueue<>(
                server.settings().number(QUEUE));
        try (ListeningChannel listener = ListeningChannel.open(server);
                BlockingDriver driver = new BlockingDriver(server)) {
            WorkerThreads workers = WorkerThreads.start(server, row -> work(queue, driver, row));
            Console.announce(server, listener.port());
            loop(server, listener, queue);
            workers.awaitEnd();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while the queue was full");
        }
    }

    // @start region="loop"
    private static void loop(
            Server server,
            ListeningChannel listener,
            BlockingQueue<Optional<SocketChannel>> queue)
            throws InterruptedException {
        for (SocketChannel client; (client = listener.accept()) != null;) { // 1
            queue.put(Optional.of(client)); // 2: while it is full, the others wait in the backlog
        }
        for (int worker = 0; worker < server.workers(); worker++) {
            queue.put(Optional.empty()); // 3: behind all clients, an end for each thread
        }
    }

    private static void work(
            BlockingQueue<Optional<SocketChannel>> queue,
            BlockingDriver driver,
            Scoreboard.Row row) {
        try {
            Optional<SocketChannel> client = queue.take(); // 4
            while (client.isPresent()) {
                driver.serve(client.get(), row); // 5
                client = queue.take();
            }
        } catch (InterruptedException graceIsOver) {
            Thread.currentThread().interrupt();
        }
    }
    // @end
}
