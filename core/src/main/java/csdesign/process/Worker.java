// SPDX-License-Identifier: MIT
package csdesign.process;

import static csdesign.posix.Errno.check;

import csdesign.kit.Scoreboard;
import csdesign.kit.Server;
import csdesign.kit.Stop;
import csdesign.posix.Errno;
import csdesign.posix.Signal;
import csdesign.posix.SysPrctl;
import csdesign.posix.Unistd;
import csdesign.range.Option;
import csdesign.range.Range;
import csdesign.spawn.Lifeline;
import java.io.FileInputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/// One process that serves, as it sees itself: a worker of a pool, started by [Workers],
/// or a child for a single client, started by [SpawnedChildren].
///
/// **The parent decides its stop.** The worker notices it by the [Lifeline], a pipe that
/// ends. SIGTERM, SIGINT, SIGHUP and SIGQUIT are blocked in all threads of the worker
/// from its first instruction on. So a service manager may send SIGTERM to every process
/// of the server at once, in any order: no worker loses its client, not even one that is
/// still starting. When the grace is over, the parent kills the workers that are left.
///
/// **It ends with its parent**, however the parent ends. The kernel sends SIGKILL to a
/// worker of a pool (PR_SET_PDEATHSIG). A child for a single client looks whether its
/// parent is still there when the lifeline ends.
public final class Worker {
    /// The first argument of a worker.
    static final String MARK = "--worker";

    /// The descriptor of the scoreboard.
    static final int SCOREBOARD_FD = 3;

    /// The descriptor of the [Lifeline].
    static final int LIFELINE_FD = 4;

    /// The descriptor of the first thing that the design hands over.
    static final int FIRST_FD = 5;

    /// How often the parent is looked for once the lifeline has ended.
    private static final long PARENT_LOOK_NANOS = 50_000_000;

    /// Those that are for the parent alone: all that ask a process to end, and can be
    /// blocked. A JVM that is started with `-Xrs` leaves them so.
    static final int[] PARENTS_SIGNALS = {
            Signal.SIGTERM, Signal.SIGINT, Signal.SIGHUP, Signal.SIGQUIT};

    /// The first argument of a child that serves one client: see [SpawnedChildren].
    static final String CHILD = "--child";

    /// Its number, as its parent tells it.
    private static final Range INDEX = Range.of("worker", 0, Server.WORKERS.most() - 1);

    /// The process that started it, as that tells it: pid_max is 2^22 at most.
    private static final Range PARENT = Range.of("parent", 1, 1 << 22);

    private final int index;
    private final Server server;

    private Worker(int index, Server server) {
        this.index = index;
        this.server = server;
    }

    /// What a design's workers do.
    @FunctionalInterface
    public interface Work {
        /// Serves until the worker is told to stop and its clients are answered.
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

    /// What such a process is started with.
    ///
    /// @param mark who it is: [#MARK] or [#CHILD]
    /// @param index its number
    /// @param server what it will serve
    /// @return arguments for [#run]
    static List<String> arguments(String mark, int index, Server server) {
        List<String> arguments = new ArrayList<>(
                List.of(mark, "" + index, "" + ProcessHandle.current().pid()));
        arguments.addAll(server.encode());
        return arguments;
    }

    /// Works, and ends the process with its exit code when it does not.
    ///
    /// @param work the design's part
    /// @param options the design's own
    /// @param arguments from [#arguments]
    public static void run(Work work, List<Option> options, String... arguments) {
        String name = "csdesign worker";
        try {
            int index = INDEX.parseInt(arguments[1]);
            name += " " + index;
            boolean child = arguments[0].equals(CHILD);
            int parent = PARENT.parseInt(arguments[2]);
            if (!child) {
                endWith(parent);
            }
            Scoreboard scoreboard = Scoreboard.attach(SCOREBOARD_FD);
            List<String> words = Arrays.asList(arguments).subList(3, arguments.length);
            Worker worker = new Worker(index,
                    Server.decode(words, options, scoreboard)
                            .withStop(new Stop(Stop.ENDLESS_MILLIS)));
            worker.hangOn(parent);
            work.as(worker);
            if (worker.server.stop().failure() != null) {
                System.exit(1); // the parent says why: see Workers
            }
            if (child) {
                Runtime.getRuntime().halt(0); // there is nothing to clean up, and it is quicker
            }
        } catch (IOException | UnsupportedOperationException | IllegalArgumentException
                | OutOfMemoryError e) {
            System.err.println(name + ": " + e.getMessage());
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

    /// Waits for the end of the pipe that the parent holds. It means that this process
    /// must stop, or that the parent has ended; then this process ends too. A parent that
    /// is killed closes the pipe some moments before it is gone, so from then on this
    /// method looks whether the parent is there. It uses the JDK only: a child for a
    /// single client makes no system call by FFM, because it would start more slowly.
    private void hangOn(int parent) {
        Thread.ofPlatform().daemon().name("lifeline").start(() -> {
            try (FileInputStream lifeline = new FileInputStream("/proc/self/fd/" + LIFELINE_FD)) {
                int _ = lifeline.read();
            } catch (IOException e) {
                // as at its end
            }
            server.stop().request();
            while (isChildOf(parent)) {
                LockSupport.parkNanos(PARENT_LOOK_NANOS);
            }
            Runtime.getRuntime().halt(1);
        });
    }

    private static boolean isChildOf(int parent) {
        return ProcessHandle.current().parent().filter(other -> other.pid() == parent).isPresent();
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
