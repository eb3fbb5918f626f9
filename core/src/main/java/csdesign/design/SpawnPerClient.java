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
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.SocketChannel;

/// **Spawn per client: a fresh program for each client, with the connection as its
/// standard input, as inetd does.**
///
/// ```text
///   clients ==> [listening socket] --> parent: accept --posix_spawn--> JVM: descriptor 0
///                                                                      read | serve ... exit
/// ```
///
/// **What** The parent accepts, and starts a new JVM whose descriptor 0 is the
/// connection. It serves that one client to its end, and ends with it.
///
/// **Why** Nothing is shared but the socket: another program, another language, another
/// user could serve. inetd made a server of any filter this way.
///
/// **Cost** A whole start of a JVM per connection: execve, its libraries, its classes: a
/// hundred milliseconds of CPU and more. What fails first is the CPU, then memory: every
/// client costs tens of MiB (`--max-children`).
///
/// **When** A few clients a minute who need a clean process. Do not for anything else.
///
/// **In Java** [System#inheritedChannel] makes a channel of descriptor 0: the child needs
/// no system call of ours. It starts as fast as a JVM can: its classes come from the
/// launcher's archive (CDS) when `./csdesign` started it, the C1 compiler alone, the
/// serial collector.
///
/// **Look for** requests/s far below every other design's; user CPU that is nearly all of
/// it start-up; `--max-children` JVMs at most in `pgrep -P`.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/design/SpawnPerClient.java 2000`
///
/// @see "UNP 3e, chapter 13 (inetd) and chapter 30"
/// @see <a href="https://man7.org/linux/man-pages/man3/posix_spawn.3.html">posix_spawn(3)</a>
public final class SpawnPerClient implements AutoCloseable {
    /// Serves with all defaults until Ctrl-C; or is a child.
    ///
    /// @param arguments the port, or nothing for 2000
    public static void main(String... arguments) {
        Design.mainOfProcesses(
                "spawn-per-client", SpawnPerClient::serve, SpawnPerClient::work, arguments);
    }

    /// The parent: see [Design#serve].
    ///
    /// @param server where to listen, what to say, and the limits
    /// @throws IOException when it cannot begin, or its own descriptors fail it
    public static void serve(Server server) throws IOException {
        try (ListeningSocket listener = ListeningSocket.openForOthers(server);
                StopDescriptor stop = StopDescriptor.of(server.stop());
                SpawnedChildren children = new SpawnedChildren(server, SpawnPerClient.class);
                SpawnPerClient parent = new SpawnPerClient()) {
            Console.announce(server, listener.port());
            parent.loop(server, listener, stop, children);
        }
    }

    // @start region="loop"
    private void loop(
            Server server, ListeningSocket listener, StopDescriptor stop, SpawnedChildren children)
            throws IOException {
        while ((listener.isOpen() || children.anyAlive()) && !server.stop().graceIsOver()) {
            set(polled, 0, stop.fd(), POLLIN);
            set(polled, 1, children.fd(), POLLIN);
            boolean accepting = listener.isAccepting() && children.isRoom();
            set(polled, 2, accepting ? listener.fd() : -1, POLLIN); // 1
            int ready = poll(errno, polled, 3, listener.timeoutMillis(children.timeoutMillis()));
            check(ready == -EINTR ? 0 : ready, "poll");
            if (revents(polled, 0) != 0) {
                stop.clear();
                listener.shut(); // 5
                children.askToStop();
            }
            children.reap(); // 4
            while (listener.isAccepting() && children.isRoom()) {
                int client = listener.accept(); // 2
                if (client == ListeningSocket.NONE) {
                    break;
                }
                children.start(client); // 3
            }
        }
    }
    // @end

    /// The child: a process of its own, with the connection at its descriptor 0.
    static void work(Worker child) throws IOException {
        try (BlockingDriver driver = new BlockingDriver(child.server(), child.row())) {
            if (System.inheritedChannel() instanceof SocketChannel client) {
                driver.serve(client);
            }
        }
    }

    @Override
    public void close() {
        arena.close();
    }

    private final Arena arena = Arena.ofConfined();
    private final Errno errno = Errno.allocate(arena);
    private final MemorySegment polled = arena.allocate(3L * POLLFD_BYTES, 8);

    private SpawnPerClient() {}
}
