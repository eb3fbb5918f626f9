// SPDX-License-Identifier: MIT
package csdesign.design;

import static csdesign.posix.Errno.EINTR;
import static csdesign.posix.Errno.check;
import static csdesign.posix.SysPoll.POLLFD_BYTES;
import static csdesign.posix.SysPoll.POLLIN;
import static csdesign.posix.SysPoll.poll;
import static csdesign.posix.SysPoll.revents;
import static csdesign.posix.SysPoll.set;
import static csdesign.posix.SysWait.WNOHANG;
import static csdesign.posix.SysWait.waitpid;
import static csdesign.posix.Unistd._exit;
import static csdesign.posix.Unistd.fork;

import csdesign.cost.Console;
import csdesign.fork.ForkedChildren;
import csdesign.fork.ForkingJvm;
import csdesign.fork.PolledControl;
import csdesign.fork.SignalDescriptor;
import csdesign.kit.Server;
import csdesign.listen.ListeningSocket;
import csdesign.posix.Errno;
import csdesign.posix.Unistd;
import csdesign.range.Option;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/// **Fork per client: for each client a copy of the whole process, which ends with it.**
///
/// ```text
///                                              +--> child: poll | read | serve | write ... _exit
///   clients ==> [listening socket] --accept, fork--> child: poll | read | serve | write ... _exit
///                                     ^        +--> child: poll | read | serve | write ... _exit
///                              parent +--SIGCHLD: waitpid--<-------------------------------'
/// ```
///
/// **What** The parent accepts, forks, and closes its copy of the connection. The child
/// has its own copy of everything, serves its one client to the end, and exits. The
/// kernel tells the parent by SIGCHLD, and the parent reaps the child. Otherwise a zombie
/// would be left.
///
/// **Why** This is the oldest design, and the one that isolates most. A client that makes
/// its server crash, leak or hang does so in a process of its own. There is no lock and
/// no shared state.
///
/// **Cost** For each client a fork, a page fault for each page that parent or child
/// writes to afterwards, an exit and a SIGCHLD. That is hundreds of microseconds, and it
/// grows with the memory of the parent, because fork copies the parent's page tables.
/// Every connected client costs a process, even an idle one. What fails first is fork,
/// with EAGAIN (RLIMIT_NPROC, pids.max) or ENOMEM.
///
/// **When** Few clients that stay connected, and code that must not be able to hurt other
/// clients. Do not use it for many short connections, nor in a process with much memory.
///
/// **In Java** An ordinary JVM cannot do it. Only the thread that calls fork(2) exists in
/// the child, so there is no garbage collector and no compiler, and code that waits for
/// one of them waits for ever. So the JVM becomes, by execve(2), a small one that
/// interprets: see [csdesign.fork.ForkingJvm]. The child runs the readiness driver over a
/// poll(2) of its own, not the blocking driver, because that one needs a second thread
/// for its deadlines. A child that has used up its heap ends the connection in order,
/// after some hundred thousand requests.
///
/// **Look for** system time far above user time, and children that come and go:
/// `watch -n.1 pstree -p PID`.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/design/ForkPerClient.java 2000`
///
/// @see "UNP 3e, chapter 30"
/// @see <a href="https://man7.org/linux/man-pages/man2/fork.2.html">fork(2)</a>
/// @see <a href="https://man7.org/linux/man-pages/man2/waitpid.2.html">waitpid(2)</a>
/// @see <a href="https://man7.org/linux/man-pages/man2/signalfd.2.html">signalfd(2)</a>
public final class ForkPerClient implements AutoCloseable {
    // The entries of the poll array.
    private static final int STOP = 0;
    private static final int CHILDREN = 1;
    private static final int LISTENER = 2;
    private static final int CONTROL = 3;
    private static final int ENTRIES = 4;

    /// No client, or no descriptor to poll.
    private static final int NONE = ListeningSocket.NONE;

    /// As many as Apache's prefork has by default. Linux gives out 32,768 process numbers
    /// unless told otherwise.
    static final Option MAX_CHILDREN = new Option(
            List.of("--max-children"), "N", 256, 1, 10_000,
            "How many processes serve at once while the other clients wait");

    /// What it is: see [Catalog].
    static final Design DESIGN = new Design(
            "fork-per-client",
            Design.Family.PROCESSES, Design.ServedBy.FORK_PER_CLIENT, Design.Needs.LINUX,
            "fork(2) for each client, children reaped",
            "what a process costs, and how a JVM can be copied at all",
            ForkPerClient::serve)
            .withForking(ForkPerClient::parent)
            .withOptions(MAX_CHILDREN);

    /// Serves with all defaults until Ctrl-C.
    ///
    /// @param arguments the port, or nothing for 2000
    public static void main(String... arguments) {
        Design.main(DESIGN, arguments);
    }

    /// The JVM as it was started: becomes one that may fork. See [Design.Serve].
    ///
    /// @param server where to listen, what to say, and the limits
    /// @throws IOException when it cannot
    public static void serve(Server server) throws IOException {
        ForkingJvm.become(ForkPerClient.class, server); // and goes on with parent
    }

    /// The JVM that may fork.
    static void parent(Server server) throws IOException {
        try (ListeningSocket listener = ListeningSocket.open(server);
                ForkedChildren children = new ForkedChildren(
                        server, server.settings().number(MAX_CHILDREN));
                ForkPerClient parent = new ForkPerClient(server, listener, children)) {
            children.warmUp();
            Console.announceOnly(server, listener.port());
            parent.loop();
        }
    }

    // @start region="loop"
    private void loop() throws IOException {
        while (!isDone()) {
            await(); // 1
            if (server.stop().requested()) {
                onStop(); // 2
            }
            if (revents(polled, CHILDREN) != 0) {
                onChildrenEnded(); // 3
            }
            children.killHung(); // 4
            if (revents(polled, LISTENER) != 0 || isNextAtHand()) {
                onAccept();
            }
        }
    }

    /// One SIGCHLD can stand for the ends of several children.
    private void onChildrenEnded() {
        childEnds.take();
        for (int pid; (pid = waitpid(errno, -1, status, WNOHANG)) > 0;) {
            children.ended(pid, status.get(ValueLayout.JAVA_INT, 0));
        }
    }

    /// One client in each round: a busy listener must not keep the parent from reaping.
    private void onAccept() throws IOException {
        if (client == NONE) {
            client = listener.accept(); // 5
        }
        if (client == NONE) {
            return;
        }
        children.prepare();
        int pid = fork(errno); // 6: from here on there are two processes
        if (pid == 0) {
            int _ = listener.letGo(); // 7: the child, to which the port does not belong
            _exit(errno, children.serve(client)); // which closes the connection
        }
        children.began(pid);
        if (pid > 0) {
            Unistd.close(errno, client); // 8: the child has it. After a failed fork it is kept
            client = NONE;
        }
    }
    // @end

    private void await() throws IOException {
        boolean accepting = listener.isAccepting() && children.isRoom() && client == NONE;
        set(polled, STOP, stopSignals.fd(), POLLIN);
        set(polled, CHILDREN, childEnds.fd(), POLLIN);
        set(polled, LISTENER, accepting ? listener.fd() : NONE, POLLIN);
        set(polled, CONTROL, control.fd(), POLLIN);
        int most = isNextAtHand() ? 0 : listener.timeoutMillis(children.timeoutMillis());
        int ready = poll(errno, polled, ENTRIES, most);
        check(ready == -EINTR ? 0 : ready, "poll");
        if (revents(polled, STOP) != 0 && stopSignals.take()) {
            server.stop().signal();
        }
        if (revents(polled, CONTROL) != 0) {
            control.onReadable();
        }
    }

    /// Whether a client can be served that poll does not tell of: one for which fork
    /// failed, or one in the queue of a listener that is shut.
    private boolean isNextAtHand() {
        return children.isRoom() && (client != NONE || listener.isEmptying());
    }

    private void onStop() {
        listener.shut();
        children.askToStop();
    }

    private boolean isDone() {
        boolean left = listener.isOpen() || children.anyAlive() || client != NONE;
        return server.stop().requested() && (!left || server.stop().graceIsOver());
    }

    @Override
    public void close() {
        server.scoreboard().row(0).cut(client == NONE ? 0 : 1);
        control.close();
        childEnds.close();
        stopSignals.close();
        arena.close();
    }

    private final Server server;
    private final ListeningSocket listener;
    private final ForkedChildren children;
    private final SignalDescriptor stopSignals = SignalDescriptor.ofStop();
    private final SignalDescriptor childEnds = SignalDescriptor.ofChildren();
    private final PolledControl control;
    private final Arena arena = Arena.ofConfined();
    private final Errno errno = Errno.allocate(arena);
    private final MemorySegment polled = arena.allocate((long) ENTRIES * POLLFD_BYTES, 8);
    private final MemorySegment status = arena.allocate(ValueLayout.JAVA_INT);

    /// Accepted, and not forked for yet.
    private int client = NONE;

    private ForkPerClient(Server server, ListeningSocket listener, ForkedChildren children)
            throws IOException {
        this.server = server;
        this.listener = listener;
        this.children = children;
        control = new PolledControl(server);
    }
}
