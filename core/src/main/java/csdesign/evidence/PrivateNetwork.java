// SPDX-License-Identifier: MIT
package csdesign.evidence;

import static csdesign.posix.Errno.check;

import csdesign.posix.Errno;
import csdesign.posix.Sched;
import csdesign.posix.SysIoctl;
import csdesign.posix.SysSocket;
import csdesign.posix.Unistd;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/// A network of an experiment's own: a loopback that nobody else uses, counters that
/// count nobody else, and settings under /proc/sys/net that change for nobody else.
///
/// It is the network namespace of one thread and of the threads and processes that this
/// starts; the kernel takes it away when the last of them has ended. Making one needs
/// CAP_SYS_ADMIN; who has it not experiments in the network that all share.
///
/// @see <a href="https://man7.org/linux/man-pages/man7/network_namespaces.7.html">network_namespaces(7)</a>
public final class PrivateNetwork {
    private static final short IFF_UP = (short) SysIoctl.IFF_UP;

    private PrivateNetwork() {}

    /// What is done in it.
    @FunctionalInterface
    public interface Experiment {
        /// Does it, on the thread whose network it is.
        ///
        /// @param isPrivate whether the network is its own
        /// @throws IOException as it likes
        /// @throws InterruptedException when it shall end
        void run(boolean isPrivate) throws IOException, InterruptedException;
    }

    /// Does something in a network of its own, or in this one where that is forbidden.
    ///
    /// @param experiment what
    /// @throws IOException the experiment's, or when the loopback cannot be brought up
    /// @throws InterruptedException when this thread shall end; the experiment's thread
    ///     is interrupted then, and waited for
    public static void run(Experiment experiment) throws IOException, InterruptedException {
        FutureTask<Void> task = new FutureTask<>(() -> {
            experiment.run(enter());
            return null;
        });
        Thread thread = Thread.ofPlatform().name("private network").start(task);
        try {
            task.get();
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

    /// @return false where it is not permitted
    private static boolean enter() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Errno errno = Errno.allocate(arena);
            int result = Sched.unshare(errno, Sched.CLONE_NEWNET);
            if (result == -Errno.EPERM) {
                return false;
            }
            check(result, "unshare", "CLONE_NEWNET");
            bringUp(errno, arena);
            return true;
        }
    }

    /// The loopback of a new network is down.
    private static void bringUp(Errno errno, Arena arena) throws IOException {
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
