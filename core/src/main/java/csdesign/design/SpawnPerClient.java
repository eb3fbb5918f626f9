// SPDX-License-Identifier: MIT
package csdesign.design;

import static csdesign.posix.Errno.EINTR;
import static csdesign.posix.Errno.check;
import static csdesign.posix.SysPoll.POLLFD_BYTES;
import static csdesign.posix.SysPoll.POLLIN;
import static csdesign.posix.SysPoll.poll;
import static csdesign.posix.SysPoll.revents;
import static csdesign.posix.SysPoll.set;

import csdesign.cost.Console;
import csdesign.drive.BlockingDriver;
import csdesign.kit.Server;
import csdesign.listen.ListeningSocket;
import csdesign.listen.StopDescriptor;
import csdesign.posix.Errno;
import csdesign.process.SpawnedChildren;
import csdesign.process.Worker;
import csdesign.range.Option;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.SocketChannel;
import java.util.List;

/// **Spawn per client: a fresh program for each client, with the connection as its
/// standard input, as inetd does.**
///
/// ```text
///   clients ==> [listening socket] --> parent: accept --posix_spawn--> JVM: descriptor 0
///                                                                      read | serve ... exit
/// ```
///
/// **What** The parent accepts, and starts a new JVM whose descriptor 0 is the
/// connection. That JVM serves its one client to the end, and exits.
///
/// **Why** Parent and child share nothing but the socket, so another program, in another
/// language or for another user, could serve. inetd made a server of any filter this way.
///
/// **Cost** For each connection the whole start of a JVM: execve, its libraries, its
/// classes, which is a hundred milliseconds of CPU and more. What fails first is the CPU,
/// then memory, because every client costs tens of MiB (`--max-children`).
///
/// **When** A few clients a minute that need a clean process. Do not use it for anything
/// else.
///
/// **In Java** [System#inheritedChannel] makes a channel of descriptor 0, so the child
/// needs no system call of ours. It starts as fast as a JVM can: it compiles with C1
/// alone and has the serial collector, and when `./csdesign` started the server its
/// classes come from the launcher's archive (CDS).
///
/// **Look for** far fewer requests/s than in every other design; user CPU that is nearly
/// all spent on the start; `--max-children` JVMs at most in `pgrep -P`.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/design/SpawnPerClient.java 2000`
///
/// @see "UNP 3e, chapter 13 (inetd) and chapter 30"
/// @see <a href="https://man7.org/linux/man-pages/man3/posix_spawn.3.html">posix_spawn(3)</a>
public final class SpawnPerClient implements AutoCloseable {
    // The entries of the poll array.
    private static final int STOP = 0;
    private static final int CHILDREN = 1;
    private static final int LISTENER = 2;
    private static final int ENTRIES = 3;

    /// No client, or no descriptor to poll.
    private static final int NONE = ListeningSocket.NONE;

    /// To start is nearly all that a child does: more at once take longer each, and all
    /// get no more done.
    static final Option MAX_CHILDREN = new Option(
            List.of("--max-children"), "N", 4, 1, 10_000,
            "How many processes serve at once while the other clients wait");

    /// What it is: see [Catalog].
    static final Design DESIGN = new Design(
            "spawn-per-client",
            Design.Family.PROCESSES, Design.ServedBy.JVM_PER_CLIENT, Design.Needs.LINUX,
            "a fresh JVM for each client, as inetd would",
            "what a program's start costs, and the cleanest separation there is",
            SpawnPerClient::serve)
            .withWork(SpawnPerClient::work)
            .withOptions(MAX_CHILDREN);

    /// Serves with all defaults until Ctrl-C; or is a child.
    ///
    /// @param arguments the port, or nothing for 2000
    public static void main(String... arguments) {
        Design.main(DESIGN, arguments);
    }

    /// The parent: see [Design.Serve].
    ///
    /// @param server where to listen, what to say, and the limits
    /// @throws IOException when it cannot begin, or its own descriptors fail it
    public static void serve(Server server) throws IOException {
        try (ListeningSocket listener = ListeningSocket.openForOthers(server);
                StopDescriptor stop = StopDescriptor.of(server.stop());
                SpawnedChildren children = new SpawnedChildren(
                        server, server.settings().number(MAX_CHILDREN), SpawnPerClient.class);
                SpawnPerClient parent = new SpawnPerClient(server, listener, stop, children)) {
            Console.announce(server, listener.port());
            parent.loop();
        }
    }

    // @start region="loop"
    private void loop() throws IOException {
        while (!isDone()) {
            await(); // 1
            if (revents(polled, STOP) != 0) {
                onStop(); // 2
            }
            children.reap(); // 3
            while (listener.isAccepting() && children.isRoom()) {
                int client = listener.accept(); // 4
                if (client == NONE) {
                    break;
                }
                children.start(client); // 5
            }
        }
    }

    private void await() throws IOException {
        set(polled, STOP, stop.fd(), POLLIN);
        set(polled, CHILDREN, children.fd(), POLLIN);
        boolean accepting = listener.isAccepting() && children.isRoom();
        set(polled, LISTENER, accepting ? listener.fd() : NONE, POLLIN);
        int timeoutMillis = listener.timeoutMillis(children.timeoutMillis());
        int ready = poll(errno, polled, ENTRIES, timeoutMillis);
        check(ready == -EINTR ? 0 : ready, "poll");
    }

    private void onStop() {
        stop.clear();
        listener.shut();
        children.askToStop();
    }
    // @end

    private boolean isDone() {
        return server.stop().graceIsOver() || !(listener.isOpen() || children.anyAlive());
    }

    /// The child: a process of its own, with the connection at its descriptor 0.
    static void work(Worker child) throws IOException {
        try (BlockingDriver driver = new BlockingDriver(child.server())) {
            if (System.inheritedChannel() instanceof SocketChannel client) {
                driver.serve(client, child.row());
            }
        }
    }

    @Override
    public void close() {
        arena.close();
    }

    private final Arena arena = Arena.ofConfined();
    private final Errno errno = Errno.allocate(arena);
    private final MemorySegment polled = arena.allocate((long) ENTRIES * POLLFD_BYTES, 8);
    private final Server server;
    private final ListeningSocket listener;
    private final StopDescriptor stop;
    private final SpawnedChildren children;

    private SpawnPerClient(
            Server server,
            ListeningSocket listener,
            StopDescriptor stop,
            SpawnedChildren children) {
        this.server = server;
        this.listener = listener;
        this.stop = stop;
        this.children = children;
    }
}
