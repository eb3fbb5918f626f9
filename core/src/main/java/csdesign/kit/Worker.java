// SPDX-License-Identifier: MIT
package csdesign.kit;

import static csdesign.posix.Errno.check;

import csdesign.posix.Errno;
import csdesign.posix.Signal;
import csdesign.posix.SysPrctl;
import csdesign.posix.Unistd;
import java.io.FileInputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;

/// One process of a pool, as it sees itself. [Workers] has started it.
///
/// It ends with its parent, however that ends: the kernel sends it SIGKILL
/// (PR_SET_PDEATHSIG). SIGTERM from the parent is its wish to stop.
public final class Worker {
    /// The first argument of a worker.
    static final String MARK = "--worker";

    /// The descriptor of the scoreboard.
    static final int SCOREBOARD_FD = 3;

    /// The descriptor of the first thing that the design hands over.
    static final int FIRST_FD = 4;

    /// The first argument of a child that serves one client: see [SpawnedChildren].
    static final String CHILD = "--child";

    private final int index;
    private final Server server;

    private Worker(int index, Server server) {
        this.index = index;
        this.server = server;
    }

    /// What a design's workers do.
    @FunctionalInterface
    public interface Work {
        /// Serves until the worker shall stop and its clients are answered.
        ///
        /// @param worker who
        /// @throws IOException when it cannot; the parent starts another one
        void as(Worker worker) throws IOException;
    }

    /// Whether these are the arguments of a worker.
    ///
    /// @param arguments of `main`
    /// @return false when a user started the program
    public static boolean isOne(String... arguments) {
        return arguments.length > 0
                && (arguments[0].equals(MARK) || arguments[0].equals(CHILD));
    }

    /// Works, and ends the process with its exit code when it does not.
    ///
    /// @param work the design's part
    /// @param arguments as [Workers] gave them
    public static void run(Work work, String... arguments) {
        int index = Integer.parseInt(arguments[1]);
        try {
            boolean child = arguments[0].equals(CHILD);
            int parent = Integer.parseInt(arguments[2]);
            if (!child) {
                endWith(parent);
            }
            Scoreboard scoreboard = Scoreboard.attach(SCOREBOARD_FD);
            List<String> words = Arrays.asList(arguments).subList(3, arguments.length);
            Worker worker = new Worker(index, Server.of(words, scoreboard));
            if (child) {
                worker.hangOn(parent);
            } else {
                worker.server.stop().onTermination();
            }
            work.as(worker);
            if (child) {
                Runtime.getRuntime().halt(0); // there is nothing to clean up, and it is quicker
            }
        } catch (IOException | UnsupportedOperationException e) {
            System.err.println("csdesign worker " + index + ": " + e.getMessage());
            System.exit(1);
        }
    }

    /// Lets this process end with the thread that started it, however that ends.
    ///
    /// @param parent its process
    /// @throws IOException when the kernel refuses
    public static void endWith(int parent) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Errno errno = Errno.allocate(arena);
            check(
                    SysPrctl.prctl(errno, SysPrctl.PR_SET_PDEATHSIG, Signal.SIGKILL, 0, 0, 0),
                    "prctl",
                    "PR_SET_PDEATHSIG");
            if (Unistd.getppid(errno) != parent) {
                System.exit(1); // it ended before we asked to be told
            }
        }
    }

    /// Waits for the end of the pipe that the parent holds: the wish to stop, or the end
    /// of the parent, which is the end of this one too. By the JDK's own means.
    private void hangOn(int parent) {
        Thread.ofPlatform().daemon().name("lifeline").start(() -> {
            try (FileInputStream lifeline = new FileInputStream("/proc/self/fd/" + FIRST_FD)) {
                int _ = lifeline.read();
            } catch (IOException e) {
                // as at its end
            }
            if (ProcessHandle.of(parent).isEmpty()) {
                Runtime.getRuntime().halt(1);
            }
            server.stop().request();
        });
    }

    /// Its number.
    ///
    /// @return 0 to one less than `-n`
    public int index() {
        return index;
    }

    /// What is served, within which limits; its stop is this worker's.
    ///
    /// @return the server
    public Server server() {
        return server;
    }

    /// Where it counts.
    ///
    /// @return its row
    public Scoreboard.Row row() {
        return server.scoreboard().row(index);
    }

    /// A descriptor that the parent handed over.
    ///
    /// @param i 0 for the first one
    /// @return its number here
    public int fd(int i) {
        return FIRST_FD + i;
    }

    /// Says that it accepts from now on.
    public void ready() {
        row().state(Scoreboard.State.WAITING);
    }
}
