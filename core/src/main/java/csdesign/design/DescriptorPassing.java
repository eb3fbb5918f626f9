// SPDX-License-Identifier: MIT
package csdesign.design;

import static csdesign.listen.ListeningSocket.NONE;
import static csdesign.posix.Errno.EAGAIN;
import static csdesign.posix.Errno.EINTR;
import static csdesign.posix.Errno.check;
import static csdesign.posix.SysPoll.POLLFD_BYTES;
import static csdesign.posix.SysPoll.POLLIN;
import static csdesign.posix.SysPoll.poll;
import static csdesign.posix.SysPoll.revents;
import static csdesign.posix.SysPoll.set;
import static csdesign.posix.SysSocket.MSG_CMSG_CLOEXEC;
import static csdesign.posix.SysSocket.MSG_DONTWAIT;
import static csdesign.posix.SysSocket.MSG_NOSIGNAL;

import csdesign.cost.Console;
import csdesign.drive.BlockingDriver;
import csdesign.kit.Server;
import csdesign.listen.ListeningSocket;
import csdesign.listen.StopDescriptor;
import csdesign.posix.Errno;
import csdesign.posix.SysSocket;
import csdesign.posix.Unistd;
import csdesign.process.DescriptorMessage;
import csdesign.process.SocketPair;
import csdesign.process.Worker;
import csdesign.process.Workers;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// **Descriptor passing: the parent accepts, and passes the connection to a worker.**
///
/// ```text
///   clients ==> [listening socket] --> parent: accept --SCM_RIGHTS--> worker 0: serve ... close
///                                             <--- "available" ---
///                                             [socketpair] for each worker
/// ```
///
/// **What** Only the parent accepts. It sends the connected descriptor over a socketpair
/// to a worker that is available. The worker serves the client to its end, and says with
/// one byte that it is available again. While no worker is, the parent does not accept.
///
/// **Why** Where workers accept for themselves, the kernel chooses who gets a client. A
/// parent that passes clients on can choose by any rule. Here it takes the first worker
/// that is available, as the original did.
///
/// **Cost** For each connection, in addition to the worker's own work: poll, recv,
/// accept4, sendmsg and close in the parent, recvmsg and send in the worker, and a
/// context switch each way. All clients go through one process, and with many workers
/// that process is what fails first.
///
/// **When** Something must choose which worker serves, or the workers must not hold the
/// listening socket because they run as other users or with other rights. Do not use it
/// for speed: prefork-accept does the same with less than half the system calls.
///
/// **In Java** The JDK cannot send a descriptor; sendmsg(2) with SCM_RIGHTS can. The
/// original and UNP's server end when a worker dies; here the worker is replaced. The
/// replacement gets the same socketpair, and serves a client that was sent but not taken.
///
/// **Look for** at Ctrl-C, the first workers have most of the connections while there is
/// little to do; in `top`, the parent's share of the CPU is the highest of all.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/design/DescriptorPassing.java 2000`
///
/// @see "UNP 3e, section 15.7 and chapter 30"
/// @see <a href="https://man7.org/linux/man-pages/man7/unix.7.html">unix(7), SCM_RIGHTS</a>
public final class DescriptorPassing implements AutoCloseable {
    // The entries of the poll array. One entry for each worker's socketpair follows.
    private static final int STOP = 0;
    private static final int CHILDREN = 1;
    private static final int LISTENER = 2;
    private static final int PAIRS = 3;

    /// What it is: see [Catalog].
    static final Design DESIGN = new Design(
            "descriptor-passing",
            Design.Family.PROCESSES, Design.ServedBy.POOL_OF_PROCESSES, Design.Needs.LINUX,
            "the parent accepts and passes the descriptor",
            "SCM_RIGHTS, and the price of choosing",
            DescriptorPassing::serve).withWork(DescriptorPassing::work);

    /// Serves with all defaults until Ctrl-C; or is one of the workers.
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
                DescriptorPassing parent = new DescriptorPassing(server, listener, stop);
                Workers workers = Workers.start(server, DescriptorPassing.class,
                        i -> new int[] {parent.pairs[i].workers()})) {
            workers.awaitReady();
            Console.announce(server, listener.port());
            parent.loop(workers);
            workers.stop();
        }
    }

    // @start region="loop"
    private void loop(Workers workers) throws IOException {
        while (!isDone(workers)) {
            await(workers); // 1
            if (revents(polled, STOP) != 0) {
                stop.clear();
                listener.shut(); // 2
                workers.askToStop(); // a client that is idle leaves its worker now
            }
            if (revents(polled, CHILDREN) != 0 || workers.timeoutMillis() == 0) {
                replaceTheDead(workers); // 3
            }
            for (int i = 0; i < pairs.length; i++) {
                if (revents(polled, PAIRS + i) != 0) {
                    takeStatus(i); // 4
                }
            }
            for (int i; listener.isAccepting() && (i = firstAvailable()) != NONE;) {
                int client = listener.accept(); // 5
                if (client == NONE) {
                    break;
                }
                pass(client, i); // 6
            }
        }
        for (SocketPair pair : pairs) {
            pair.sendNoMore(); // 7
        }
    }

    private void takeStatus(int i) {
        if (SysSocket.recv(errno, pairs[i].parents(), status, 1, MSG_DONTWAIT) == 1) {
            available[i] = true;
        }
    }

    private void pass(int client, int i) throws IOException {
        available[i] = false;
        int sent = message.send(errno, pairs[i].parents(), client, MSG_NOSIGNAL | MSG_DONTWAIT);
        Unistd.close(errno, client); // the message holds the connection now
        check(sent, "sendmsg", "SCM_RIGHTS", "worker", i);
    }
    // @end

    private void await(Workers workers) throws IOException {
        set(polled, STOP, stop.fd(), POLLIN);
        set(polled, CHILDREN, workers.fd(), POLLIN);
        // While no worker is available the parent does not accept: clients wait in the backlog.
        boolean accepting = listener.isAccepting() && firstAvailable() != NONE;
        set(polled, LISTENER, accepting ? listener.fd() : NONE, POLLIN);
        for (int i = 0; i < pairs.length; i++) {
            set(polled, PAIRS + i, pairs[i].parents(), POLLIN);
        }
        int timeoutMillis = listener.timeoutMillis(workers.timeoutMillis());
        int ready = poll(errno, polled, PAIRS + pairs.length, timeoutMillis);
        check(ready == -EINTR ? 0 : ready, "poll");
    }

    /// Done when the queue is empty, or when no worker is left to take a client from it.
    private boolean isDone(Workers workers) {
        boolean possible = listener.isOpen() && workers.anyAlive();
        return server.stop().requested() && (!possible || server.stop().graceIsOver());
    }

    private void replaceTheDead(Workers workers) throws IOException {
        workers.tend();
        for (int i = 0; i < pairs.length; i++) {
            if (!workers.isAlive(i)) {
                takeStatus(i); // the dead worker's byte, if there is one
                available[i] = false; // its replacement sends a byte of its own
            }
        }
    }

    private int firstAvailable() {
        int i = 0;
        while (i < available.length && !available[i]) {
            i++;
        }
        return i < available.length ? i : NONE;
    }

    /// A worker: a process of its own, whose first descriptor is its end of a socketpair.
    static void work(Worker worker) throws IOException {
        try (Arena arena = Arena.ofConfined();
                BlockingDriver driver = new BlockingDriver(worker.server())) {
            Child child = new Child(worker.fd(0), Errno.allocate(arena),
                    new DescriptorMessage(arena), arena.allocate(1));
            worker.ready();
            child.loop(worker, driver);
        }
    }

    /// The worker's side of its socketpair.
    private record Child(int socket, Errno errno, DescriptorMessage message, MemorySegment status) {
        void loop(Worker worker, BlockingDriver driver) throws IOException {
            // A client is there at once if the worker before this one died before it took it.
            int client = message.receive(errno, socket, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
            while (client >= 0 || client == -EAGAIN) {
                if (client >= 0) {
                    driver.serve(client, worker.row());
                }
                check((int) SysSocket.send(errno, socket, status, 1, MSG_NOSIGNAL), "send");
                do {
                    client = message.receive(errno, socket, MSG_CMSG_CLOEXEC);
                } while (client == -EINTR);
            }
        }
    }

    @Override
    public void close() {
        for (SocketPair pair : pairs) {
            pair.close();
        }
        arena.close();
    }

    private final Server server;
    private final ListeningSocket listener;
    private final StopDescriptor stop;
    private final Arena arena = Arena.ofConfined();
    private final Errno errno = Errno.allocate(arena);
    private final DescriptorMessage message = new DescriptorMessage(arena);
    private final MemorySegment status = arena.allocate(1);
    private final MemorySegment polled;
    private final SocketPair[] pairs;
    private final boolean[] available;

    private DescriptorPassing(Server server, ListeningSocket listener, StopDescriptor stop)
            throws IOException {
        this.server = server;
        this.listener = listener;
        this.stop = stop;
        polled = arena.allocate((long) (PAIRS + server.workers()) * POLLFD_BYTES, 8);
        available = new boolean[server.workers()];
        pairs = new SocketPair[server.workers()];
        for (int i = 0; i < pairs.length; i++) {
            pairs[i] = new SocketPair();
        }
    }
}
