// SPDX-License-Identifier: MIT
package csdesign.design;

import static csdesign.posix.Errno.EINTR;
import static csdesign.posix.Errno.check;
import static csdesign.posix.SysPoll.POLLFD_BYTES;
import static csdesign.posix.SysPoll.POLLIN;
import static csdesign.posix.SysPoll.poll;
import static csdesign.posix.SysPoll.revents;
import static csdesign.posix.SysSignalfd.SIGCHLD;
import static csdesign.posix.SysWait.WNOHANG;
import static csdesign.posix.SysWait.waitpid;
import static csdesign.posix.Unistd._exit;
import static csdesign.posix.Unistd.fork;

import csdesign.cost.Console;
import csdesign.fork.Children;
import csdesign.fork.ForkingJvm;
import csdesign.fork.PolledControl;
import csdesign.fork.Rehearsal;
import csdesign.fork.SignalDescriptor;
import csdesign.fork.SoleConnection;
import csdesign.kit.Server;
import csdesign.listen.ListeningSocket;
import csdesign.posix.Errno;
import csdesign.posix.SysPoll;
import csdesign.posix.Unistd;
import csdesign.spawn.Lifeline;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// **Fork per client: for each client a copy of the whole process, which ends with it.**
///
/// ```text
///                                              +--> child: read | serve | write ... _exit
///   clients ==> [listening socket] --accept, fork--> child: read | serve | write ... _exit
///                                     ^        +--> child: read | serve | write ... _exit
///                              parent +--SIGCHLD: waitpid--<------------------------'
/// ```
///
/// **What** The parent accepts, forks, and closes its copy of the connection. The child
/// has its own copy of everything, serves its one client to the end, and exits. The
/// parent hears of that by SIGCHLD and reaps it, or a zombie would be left.
///
/// **Why** The oldest design, and the one that isolates most: a client's crash, leak or
/// hang is its own. No lock, no shared state, and the code of the iterative server.
///
/// **Cost** Per client fork, a page fault for each page that parent or child writes to
/// afterwards, exit, and a SIGCHLD: hundreds of microseconds, which grow with the memory
/// of the parent, for its page tables are copied. Who is connected and idle costs a
/// process. What fails first is fork, with EAGAIN (RLIMIT_NPROC, pids.max) or ENOMEM.
///
/// **When** Few clients that stay, and code that must not hurt others. Do not for many
/// short connections, nor in a process with much memory.
///
/// **In Java** An ordinary JVM cannot do it: only the thread that calls fork(2) exists in
/// the child. There is no collector and no compiler, and who waits for one waits for
/// ever.
/// So the JVM becomes a small one that interprets, by execve(2): see [ForkingJvm]. A
/// child cannot collect; one that has used its heap up ends the conversation in order,
/// after some hundred thousand requests on one connection.
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
public final class ForkPerClient implements AutoCloseable {
    // The poll entries.
    private static final int SIGNALS = 0;
    private static final int LISTENER = 1;
    private static final int CONTROL = 2;

    /// No connection, no descriptor.
    private static final int NONE = ListeningSocket.NONE;

    /// Serves with all defaults until Ctrl-C.
    ///
    /// @param arguments the port, or nothing for 2000
    public static void main(String... arguments) {
        Design.mainOfForking(
                "fork-per-client", ForkPerClient::serve, ForkPerClient::parent, arguments);
    }

    /// The JVM as it was started: becomes one that may fork. See [Design#serve].
    ///
    /// @param server where to listen, what to say, and the limits
    /// @throws IOException when it cannot
    public static void serve(Server server) throws IOException {
        ForkingJvm.become(ForkPerClient.class, server); // and goes on with parent
    }

    /// The JVM that may fork.
    static void parent(Server server) throws IOException {
        try (ForkPerClient parent = new ForkPerClient(server)) {
            parent.rehearsal.whole(server);
            parent.jvm.settle();
            Console.announceOnly(server, parent.listener.port());
            parent.loop();
        }
    }

    // @start region="loop"
    private void loop() throws IOException {
        while (!isDone()) {
            await(); // 1
            if (revents(polled, SIGNALS) != 0) {
                onSignals(); // 5
            }
            if (revents(polled, CONTROL) != 0) {
                control.onReadable();
            }
            if (server.stop().requested() && !stopping) {
                onStop(); // 6
            }
            if (revents(polled, LISTENER) != 0 || listener.isEmptying() || waiting != NONE) {
                onAccept();
            }
            children.killWedged(); // 7
        }
    }

    /// One client for each round: a busy listener must not keep us from reaping.
    private void onAccept() throws IOException {
        if (children.isFull()) {
            return; // who finds no room waits in the backlog
        }
        int client = waiting == NONE ? accept() : waiting; // 2
        waiting = NONE;
        if (client == NONE) {
            return;
        }
        if (jvm.collect()) {
            rehearsal.once(server);
        }
        int place = children.place();
        int pid = fork(errno); // 3: from here on there are two
        if (pid == 0) {
            child(client, place); // 4
        }
        if (pid < 0) {
            children.cannotFork(-pid);
            waiting = client; // it is kept, and forked for when there is room
            return;
        }
        children.began(place, pid);
        Unistd.close(errno, client); // the child has it
    }

    /// All that it needs was made before the fork.
    private void child(int client, int place) {
        int _ = listener.letGo(); // the port is the parent's
        lifeline.letGo();
        int status = conversation.serve(client, place);
        _exit(errno, status); // which closes the connection
    }

    private void onSignals() {
        if (signals.next() != SIGCHLD) { // a further one is told of by the next poll
            server.stop().signal();
        }
        // One SIGCHLD may stand for many: while it waits to be taken, more are merged into it.
        for (int pid; (pid = waitpid(errno, -1, status, WNOHANG)) > 0;) {
            children.ended(pid, status.get(ValueLayout.JAVA_INT, 0));
        }
    }
    // @end

    private int accept() {
        int client = listener.accept();
        if (client != NONE) {
            server.scoreboard().row(0).accept();
        }
        return client;
    }

    /// Waits for a client, the end of a child, a command, or the time to look around.
    private void await() throws IOException {
        boolean accepting = listener.isAccepting() && !children.isFull() && waiting == NONE;
        SysPoll.set(polled, LISTENER, accepting ? listener.fd() : NONE, POLLIN);
        SysPoll.set(polled, CONTROL, control.fd(), POLLIN);
        int ready = poll(errno, polled, 3, timeoutMillis());
        if (ready == -EINTR) {
            SysPoll.clear(polled, 3); // it has not said anything
        } else {
            check(ready, "poll");
        }
    }

    private int timeoutMillis() {
        if (listener.isEmptying() && !children.isFull() && waiting == NONE) {
            return 0; // shut: no longer reported readable
        }
        if (waiting != NONE) {
            return (int) ListeningSocket.PAUSE_MILLIS;
        }
        // Not longer than the grace could last unnoticed.
        return listener.timeoutMillis(children.timeoutMillis());
    }

    /// Shuts the door, and tells the children, those of the queue too.
    private void onStop() throws IOException {
        stopping = true;
        listener.shut();
        lifeline.tell();
    }

    private boolean isDone() {
        boolean nobody = !listener.isOpen() && children.count() == 0 && waiting == NONE;
        return server.stop().requested() && (nobody || server.stop().graceIsOver());
    }

    private final Server server;
    private final Arena arena = Arena.ofConfined();
    private final Errno errno = Errno.allocate(arena);
    private final MemorySegment polled = arena.allocate(3L * POLLFD_BYTES, 8);
    private final MemorySegment status = arena.allocate(ValueLayout.JAVA_INT);
    private final ForkingJvm jvm = new ForkingJvm();
    private final ListeningSocket listener;
    private final SignalDescriptor signals = new SignalDescriptor();
    private final Lifeline lifeline = new Lifeline();
    private final PolledControl control;
    private final Children children;
    private final SoleConnection conversation;
    private final Rehearsal rehearsal;
    private boolean stopping;

    /// Accepted, but fork failed.
    private int waiting = NONE;

    private ForkPerClient(Server server) throws IOException {
        this.server = server;
        listener = ListeningSocket.open(server);
        control = new PolledControl(server);
        children = new Children(server);
        conversation = new SoleConnection(server, lifeline, children);
        rehearsal = new Rehearsal(children);
        SysPoll.set(polled, SIGNALS, signals.fd(), POLLIN);
    }

    @Override
    public void close() {
        server.scoreboard().row(0).cut(waiting == NONE ? 0 : 1);
        children.close();
        control.close();
        signals.close();
        lifeline.close();
        listener.close();
        arena.close();
    }
}
