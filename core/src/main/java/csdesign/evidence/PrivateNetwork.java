// SPDX-License-Identifier: MIT
package csdesign.evidence;

import static csdesign.posix.Errno.check;

import csdesign.posix.Errno;
import csdesign.posix.PosixException;
import csdesign.posix.Sched;
import csdesign.posix.SysIoctl;
import csdesign.posix.SysSocket;
import csdesign.posix.Unistd;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/// A network that belongs to one experiment. Its loopback has no other traffic, its
/// counters count no other traffic, and its settings under /proc/sys/net hold for no
/// other program.
///
/// It is the network namespace of one thread, and of the threads and processes that this
/// thread starts. The kernel removes it when the last of them has ended. Making one needs
/// CAP_SYS_ADMIN, and CAP_NET_ADMIN to bring up its loopback. Without these the
/// experiment runs in the network that all programs share, and the counters count the
/// connections of all of them.
///
/// @see <a href="https://man7.org/linux/man-pages/man7/network_namespaces.7.html">network_namespaces(7)</a>
public final class PrivateNetwork {
    private static final short IFF_UP = (short) SysIoctl.IFF_UP;

    private PrivateNetwork() {}

    /// The network that an experiment is done in.
    ///
    /// @param refusal nothing where it is the experiment's own; otherwise why it is not,
    ///     and what would help: it stands in a sentence
    public record Network(String refusal) {
        /// Whether no one else uses it.
        ///
        /// @return whether its counters are exact, and its settings the experiment's
        public boolean isPrivate() {
            return refusal.isEmpty();
        }
    }

    /// What is done in it.
    @FunctionalInterface
    public interface Experiment {
        /// Does it, on the thread whose network it is.
        ///
        /// @param network its own, or the one that all share
        /// @throws IOException as it likes
        /// @throws InterruptedException when it must end
        void run(Network network) throws IOException, InterruptedException;
    }

    /// Does something in a network of its own, or in this one where that is refused.
    ///
    /// @param experiment what
    /// @throws IOException the experiment's
    /// @throws InterruptedException when this thread must end; the experiment's thread is
    ///     then interrupted and waited for
    public static void run(Experiment experiment) throws IOException, InterruptedException {
        Network network = onAThread(() -> {
            Network made = make();
            if (made.isPrivate()) {
                experiment.run(made);
            }
            return made;
        });
        if (!network.isPrivate()) {
            onAThread(() -> { // another one: the first may have half a network
                experiment.run(network);
                return network;
            });
        }
    }

    private static Network onAThread(Callable<Network> work)
            throws IOException, InterruptedException {
        FutureTask<Network> task = new FutureTask<>(work);
        Thread thread = Thread.ofPlatform().name("network").start(task);
        try {
            return task.get();
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case IOException failed -> throw failed;
                case InterruptedException failed -> throw failed;
                case RuntimeException failed -> throw failed;
                case Error failed -> throw failed;
                case null, default -> throw new IllegalStateException(e.getCause());
            }
        } finally {
            thread.interrupt();
            thread.join();
        }
    }

    /// Makes a network for the calling thread, or answers which step was refused.
    private static Network make() {
        try (Arena arena = Arena.ofConfined()) {
            Errno errno = Errno.allocate(arena);
            check(Sched.unshare(errno, Sched.CLONE_NEWNET), "unshare", "CLONE_NEWNET");
            bringUp(errno, arena);
            return new Network("");
        } catch (PosixException refused) {
            return new Network("a network of its own is refused here (" + refused.getMessage()
                    + "): run it as root, or by 'unshare -Ur'");
        }
    }

    /// The loopback of a new network is down.
    private static void bringUp(Errno errno, Arena arena) throws PosixException {
        int fd = check(
                SysSocket.socket(
                        errno, SysSocket.AF_INET, SysSocket.SOCK_DGRAM | SysSocket.SOCK_CLOEXEC,
                        0),
                "socket");
        try {
            MemorySegment request = arena.allocate(SysIoctl.IFREQ_BYTES, 8);
            request.setString(0, "lo");
            check(
                    SysIoctl.ioctl(errno, fd, SysIoctl.SIOCGIFFLAGS, request), "ioctl",
                    "SIOCGIFFLAGS");
            short flags = request.get(ValueLayout.JAVA_SHORT, SysIoctl.IFR_FLAGS);
            request.set(ValueLayout.JAVA_SHORT, SysIoctl.IFR_FLAGS, (short) (flags | IFF_UP));
            check(
                    SysIoctl.ioctl(errno, fd, SysIoctl.SIOCSIFFLAGS, request), "ioctl",
                    "SIOCSIFFLAGS");
        } finally {
            Unistd.close(errno, fd);
        }
    }
}
