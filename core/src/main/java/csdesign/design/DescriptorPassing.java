// SPDX-License-Identifier: MIT
package csdesign.design;

import static csdesign.posix.Errno.EINTR;
import static csdesign.posix.Errno.check;
import static csdesign.posix.SysPoll.POLLFD_BYTES;
import static csdesign.posix.SysPoll.POLLIN;
import static csdesign.posix.SysPoll.poll;
import static csdesign.posix.SysPoll.revents;
import static csdesign.posix.SysPoll.set;
import static csdesign.posix.SysSocket.AF_UNIX;
import static csdesign.posix.SysSocket.MSG_CMSG_CLOEXEC;
import static csdesign.posix.SysSocket.MSG_DONTWAIT;
import static csdesign.posix.SysSocket.MSG_NOSIGNAL;
import static csdesign.posix.SysSocket.SHUT_WR;
import static csdesign.posix.SysSocket.SOCK_CLOEXEC;
import static csdesign.posix.SysSocket.SOCK_SEQPACKET;

import csdesign.cost.Console;
import csdesign.drive.BlockingDriver;
import csdesign.kit.Server;
import csdesign.listen.ListeningSocket;
import csdesign.listen.StopDescriptor;
import csdesign.posix.Errno;
import csdesign.posix.SysSocket;
import csdesign.posix.Unistd;
import csdesign.process.DescriptorMessage;
import csdesign.process.Worker;
import csdesign.process.Workers;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// **Descriptor passing: the parent accepts, and hands the connection to a free worker.**
///
/// ```text
///   clients ==> [listening socket] --> parent: accept --SCM_RIGHTS--> worker 0: serve ... close
///                                                <------ "free" ------
///                                             [socketpair] per worker
/// ```
///
/// **What** Only the parent accepts. It sends the connected descriptor over a socketpair
/// to a worker that is free; the worker serves it to its end and says that it is free
/// again. While no worker is free, the parent does not accept.
///
/// **Why** Workers that accept for themselves leave it to the kernel who gets whom. A
/// parent that hands out can choose: here the first one that is free, as the original
/// did.
///
/// **Cost** Per connection, beside the worker's own: poll, recv, accept4, sendmsg and
/// close in the parent; poll, recvmsg and send in the worker; and a switch each way. All
/// goes through one process: with many workers it is what fails first.
///
/// **When** Somebody must choose who serves, or the listener must not be in the workers'
/// hands (other users, other rights). Do not for speed: prefork-accept does the same by
/// less than half the system calls.
///
/// **In Java** The JDK cannot send a descriptor; sendmsg(2) with SCM_RIGHTS can. A worker
/// that dies is replaced, where the original and UNP's server end with it. The socketpair
/// stays: what was sent and not yet taken is served by the replacement.
///
/// **Look for** at Ctrl-C, the first workers have most of the connections while there is
/// little to do; the parent's CPU share (`top`), the highest of all.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/design/DescriptorPassing.java 2000`
///
/// @see "UNP 3e, section 15.7 and chapter 30"
/// @see <a href="https://man7.org/linux/man-pages/man7/unix.7.html">unix(7), SCM_RIGHTS</a>
public final class DescriptorPassing implements AutoCloseable {
    /// The first entry of the poll array that is a worker's.
    private static final int FIRST = 3;

    /// Serves with all defaults until Ctrl-C; or is one of the workers.
    ///
    /// @param arguments the port, or nothing for 2000
    public static void main(String... arguments) {
        Design.mainOfProcesses(
                "descriptor-passing", DescriptorPassing::serve, DescriptorPassing::work, arguments);
    }

    /// The parent: see [Design#serve].
    ///
    /// @param server where to listen, what to say, and the limits
    /// @throws IOException when it cannot begin, or its own descriptors fail it
    public static void serve(Server server) throws IOException {
        try (ListeningSocket listener = ListeningSocket.openForOthers(server);
                StopDescriptor stop = StopDescriptor.of(server.stop());
                DescriptorPassing parent = new DescriptorPassing(server.workers());
                Workers workers = Workers.start(
                        server, DescriptorPassing.class, i -> new int[] {parent.pairs[i][1]})) {
            workers.awaitReady();
            Console.announce(server, listener.port());
            parent.loop(server, listener, stop, workers);
            parent.sayNoMore();
            workers.stop();
        }
    }

    // @start region="loop"
    private void loop(
            Server server, ListeningSocket listener, StopDescriptor stop, Workers workers)
            throws IOException {
        boolean stopping = false;
        while (!server.stop().graceIsOver()) {
            await(listener, stop, workers); // 1
            for (int i = 0; i < pairs.length; i++) {
                if (revents(polled, FIRST + i) != 0) {
                    onWord(i); // 2
                }
            }
            if (revents(polled, 0) != 0) {
                stop.clear();
                listener.shut();
                workers.askToStop(); // who is idle in a worker leaves it now
                stopping = true;
            }
            if (revents(polled, 1) != 0 || workers.timeoutMillis() == 0) {
                workers.tend(); // one has died, or is to be replaced now
                forgetTheDead(workers);
            }
            for (int worker; listener.isAccepting() && (worker = firstFree(workers)) >= 0;) {
                int client = listener.accept(); // 3
                if (client == ListeningSocket.NONE) {
                    break;
                }
                pass(client, worker); // 4
            }
            if (stopping && !(listener.isOpen() && workers.anyAlive())) {
                return; // the queue is empty, or no one is left to take from it
            }
        }
    }

    private void await(ListeningSocket listener, StopDescriptor stop, Workers workers)
            throws IOException {
        set(polled, 0, stop.fd(), POLLIN);
        set(polled, 1, workers.fd(), POLLIN);
        // While none is free nobody is accepted: clients wait in the backlog.
        boolean accepting = listener.isAccepting() && firstFree(workers) >= 0;
        set(polled, 2, accepting ? listener.fd() : -1, POLLIN);
        for (int i = 0; i < pairs.length; i++) {
            set(polled, FIRST + i, pairs[i][0], POLLIN);
        }
        int timeoutMillis = listener.timeoutMillis(workers.timeoutMillis());
        int ready = poll(errno, polled, FIRST + pairs.length, timeoutMillis);
        check(ready == -EINTR ? 0 : ready, "poll");
    }

    private void onWord(int worker) {
        if (SysSocket.recv(errno, pairs[worker][0], word, 1, MSG_DONTWAIT) == 1) {
            free[worker] = true;
        }
    }

    /// The word of a worker that has died is not its replacement's.
    private void forgetTheDead(Workers workers) {
        for (int i = 0; i < free.length; i++) {
            if (!workers.isAlive(i)) {
                onWord(i); // there is one at most
                free[i] = false;
            }
        }
    }

    private int firstFree(Workers workers) {
        for (int i = 0; i < free.length; i++) {
            if (free[i] && workers.isAlive(i)) {
                return i;
            }
        }
        return -1;
    }

    private void pass(int client, int worker) throws IOException {
        free[worker] = false;
        int sent = message.send(errno, pairs[worker][0], client, MSG_NOSIGNAL | MSG_DONTWAIT);
        Unistd.close(errno, client); // the message holds it now
        check(sent, "sendmsg", "SCM_RIGHTS", "worker", worker);
    }
    // @end

    private void sayNoMore() {
        for (int[] pair : pairs) {
            SysSocket.shutdown(errno, pair[0], SHUT_WR);
        }
    }

    /// A worker: a process of its own, with its end of the pair as its first descriptor.
    static void work(Worker worker) throws IOException {
        try (DescriptorPassing child = new DescriptorPassing(0);
                BlockingDriver driver = new BlockingDriver(worker.server(), worker.row())) {
            worker.ready();
            for (int client; (client = child.receive(worker)) >= 0;) {
                driver.serve(client, worker.row());
            }
        }
    }

    /// Says that this worker is free, and waits for what it is given.
    ///
    /// @return a connection; negative when there will be none
    private int receive(Worker worker) throws IOException {
        set(polled, 0, worker.fd(0), POLLIN);
        if (poll(errno, polled, 1, 0) <= 0) { // else its predecessor was given one and died
            check((int) SysSocket.send(errno, worker.fd(0), word, 1, MSG_NOSIGNAL), "send");
        }
        int client;
        do {
            client = message.receive(errno, worker.fd(0), MSG_CMSG_CLOEXEC);
        } while (client == -EINTR);
        return client;
    }

    @Override
    public void close() {
        for (int[] pair : pairs) {
            Unistd.close(errno, pair[0]);
            Unistd.close(errno, pair[1]);
        }
        arena.close();
    }

    private final Arena arena = Arena.ofConfined();
    private final Errno errno = Errno.allocate(arena);
    private final DescriptorMessage message = new DescriptorMessage(arena);
    private final MemorySegment word = arena.allocate(1);
    private final MemorySegment polled;

    /// The parent's end and the worker's. Both stay here: a replacement gets the same.
    private final int[][] pairs;

    private final boolean[] free;

    private DescriptorPassing(int workers) throws IOException {
        polled = arena.allocate((long) (FIRST + workers) * POLLFD_BYTES, 8);
        free = new boolean[workers];
        pairs = new int[workers][2];
        MemorySegment pair = arena.allocate(ValueLayout.JAVA_INT, 2);
        for (int[] ends : pairs) {
            int type = SOCK_SEQPACKET | SOCK_CLOEXEC;
            check(SysSocket.socketpair(errno, AF_UNIX, type, 0, pair), "socketpair");
            ends[0] = pair.getAtIndex(ValueLayout.JAVA_INT, 0);
            ends[1] = pair.getAtIndex(ValueLayout.JAVA_INT, 1);
        }
    }
}
