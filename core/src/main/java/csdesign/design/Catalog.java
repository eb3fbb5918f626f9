// SPDX-License-Identifier: MIT
package csdesign.design;

import csdesign.kit.Scoreboard;
import csdesign.posix.Arch;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The only list of the designs. The command line, the bench, the tests and the pages
/// read it.
public final class Catalog {
    /// What a design's mechanism is.
    public enum Family {
        /// One client at a time.
        BASELINE,
        /// A process for each client, or a pool of them.
        PROCESSES,
        /// A thread for each client, or a pool of them.
        THREADS,
        /// One thread, and the kernel says which sockets are ready.
        READINESS
    }

    /// On what a design runs.
    public enum Needs {
        /// Any system with a JDK.
        JDK("any system"),
        /// Linux on x86-64 or aarch64, for it makes system calls by FFM.
        LINUX("Linux");

        private final String words;

        Needs(String words) {
            this.words = words;
        }

        /// The need in words.
        ///
        /// @return for a column of a table
        public String words() {
            return words;
        }

        /// Whether this machine has it.
        ///
        /// @return whether a design with this need runs here
        public boolean areMetHere() {
            return switch (this) {
                case JDK -> true;
                case LINUX -> Arch.isSupported();
            };
        }
    }

    /// A design.
    ///
    /// @param slug its name on the command line, of its page and in reports
    /// @param family its mechanism
    /// @param needs on what it runs
    /// @param pool whether `-n` workers serve, each one client at a time
    /// @param technique what it does, in one line
    /// @param teaches what it shows, in one line
    /// @param file its file's name, in the folder of this package
    /// @param design what serves
    public record Entry(
            String slug,
            Family family,
            Needs needs,
            boolean pool,
            String technique,
            String teaches,
            String file,
            Design design) {
        /// Whether a client is served by a JVM of its own, which must start first.
        ///
        /// @return true for one design
        public boolean startsAJvmForEachClient() {
            return slug.equals("spawn-per-client");
        }

        /// A scoreboard as this design needs it.
        ///
        /// @param workers `-n`
        /// @return a row for each worker of a pool, one row for any other; shared where
        ///     processes write it
        /// @throws IOException when it cannot be shared
        public Scoreboard scoreboard(int workers) throws IOException {
            int rows = pool ? workers : 1;
            return family == Family.PROCESSES
                    ? Scoreboard.shared(rows)
                    : Scoreboard.create(rows);
        }
    }

    /// The names of the original's servers, and whose they are today.
    public static final Map<String, String> ALIASES = Map.of(
            "server01", "fork-per-client",
            "server02", "select",
            "server03", "prefork-accept",
            "server03a", "prefork-accept",
            "server04", "descriptor-passing");

    /// One design of each shape: what `csdesign bench` measures unless others are named.
    public static final Set<String> ONE_OF_EACH_SHAPE = Set.of(
            "iterative",
            "fork-per-client",
            "prefork-accept",
            "thread-per-client",
            "prethreaded-accept",
            "select",
            "poll",
            "epoll");

    /// All designs, in the order in which they are best read.
    public static final List<Entry> ENTRIES = List.of(
            new Entry(
                    "iterative",
                    Family.BASELINE,
                    Needs.JDK,
                    false,
                    "one client at a time",
                    "the baseline: what serving costs without concurrency",
                    "Iterative.java",
                    Iterative::serve),
            new Entry(
                    "fork-per-client",
                    Family.PROCESSES,
                    Needs.LINUX,
                    false,
                    "fork(2) for each client, children reaped",
                    "what a process costs, and how a JVM can be copied at all",
                    "ForkPerClient.java",
                    ForkPerClient::serve),
            new Entry(
                    "spawn-per-client",
                    Family.PROCESSES,
                    Needs.LINUX,
                    false,
                    "a fresh JVM for each client, as inetd would",
                    "what a program's start costs, and the cleanest separation there is",
                    "SpawnPerClient.java",
                    SpawnPerClient::serve),
            new Entry(
                    "prefork-accept",
                    Family.PROCESSES,
                    Needs.LINUX,
                    true,
                    "N processes wait in accept(2) on one socket",
                    "who is woken: one, and the one that waited longest",
                    "PreforkAccept.java",
                    PreforkAccept::serve),
            new Entry(
                    "prefork-file-lock",
                    Family.PROCESSES,
                    Needs.LINUX,
                    true,
                    "the same, an fcntl lock around accept",
                    "what a lock by the kernel costs, and that it outlives nobody",
                    "PreforkFileLock.java",
                    PreforkFileLock::serve),
            new Entry(
                    "prefork-mutex",
                    Family.PROCESSES,
                    Needs.LINUX,
                    true,
                    "the same, a shared pthread mutex around accept",
                    "a lock in memory, and an owner that dies",
                    "PreforkMutex.java",
                    PreforkMutex::serve),
            new Entry(
                    "prefork-epoll",
                    Family.PROCESSES,
                    Needs.LINUX,
                    true,
                    "N processes wait in epoll for one socket",
                    "the thundering herd, and EPOLLEXCLUSIVE",
                    "PreforkEpoll.java",
                    PreforkEpoll::serve),
            new Entry(
                    "prefork-reuseport",
                    Family.PROCESSES,
                    Needs.LINUX,
                    true,
                    "a listening socket for each of N processes",
                    "the kernel shards blindly: an idle worker beside a full queue",
                    "PreforkReuseport.java",
                    PreforkReuseport::serve),
            new Entry(
                    "descriptor-passing",
                    Family.PROCESSES,
                    Needs.LINUX,
                    true,
                    "the parent accepts and passes the descriptor",
                    "SCM_RIGHTS, and the price of choosing",
                    "DescriptorPassing.java",
                    DescriptorPassing::serve),
            new Entry(
                    "thread-per-client",
                    Family.THREADS,
                    Needs.JDK,
                    false,
                    "a platform thread for each client",
                    "what a thread costs: its start, its stack, its switches",
                    "ThreadPerClient.java",
                    ThreadPerClient::serve),
            new Entry(
                    "prethreaded-accept",
                    Family.THREADS,
                    Needs.LINUX,
                    true,
                    "N threads wait in accept(2) at once",
                    "threads woken one at a time: what a lock around accept adds, or not",
                    "PrethreadedAccept.java",
                    PrethreadedAccept::serve),
            new Entry(
                    "prethreaded-lock",
                    Family.THREADS,
                    Needs.JDK,
                    true,
                    "N threads, a mutex around accept",
                    "what the JDK's own accept does, said aloud",
                    "PrethreadedLock.java",
                    PrethreadedLock::serve),
            new Entry(
                    "prethreaded-handoff",
                    Family.THREADS,
                    Needs.JDK,
                    true,
                    "one thread accepts, a bounded queue, N threads serve",
                    "what a hand-over costs, and what a full queue means",
                    "PrethreadedHandoff.java",
                    PrethreadedHandoff::serve),
            new Entry(
                    "select",
                    Family.READINESS,
                    Needs.LINUX,
                    false,
                    "one thread, select(2) on bitmaps",
                    "readiness, partial writes, and the wall at 1,024 descriptors",
                    "Select.java",
                    Select::serve),
            new Entry(
                    "poll",
                    Family.READINESS,
                    Needs.LINUX,
                    false,
                    "one thread, poll(2) on an array",
                    "no wall, but every idle client costs at every call",
                    "Poll.java",
                    Poll::serve),
            new Entry(
                    "epoll",
                    Family.READINESS,
                    Needs.LINUX,
                    false,
                    "one thread, epoll(7), the set stays in the kernel",
                    "only those that are ready cost anything",
                    "Epoll.java",
                    Epoll::serve));

    private Catalog() {}

    /// Finds a design by its name.
    ///
    /// @param slug for example `epoll`, or the original's name, for example `server02`
    /// @return the design, or nothing
    public static Optional<Entry> find(String slug) {
        String name = ALIASES.getOrDefault(slug, slug);
        return ENTRIES.stream().filter(entry -> entry.slug().equals(name)).findFirst();
    }
}
