// SPDX-License-Identifier: MIT
package csdesign.lab;

import csdesign.posix.Arch;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The only list of the labs. The command line, the tests and the pages read it.
public final class Labs {
    /// A lab. All of them make Linux system calls by FFM: see [Arch#isSupported].
    ///
    /// @param slug its name on the command line and of its page
    /// @param interactive whether it leaves a part to the user, without [Settings#AUTO]
    /// @param shows what it shows, in one line
    /// @param options the numbers that it can be given
    /// @param file its file's name, in the folder of this package
    /// @param lab what is run
    public record Entry(
            String slug,
            boolean interactive,
            String shows,
            List<Option> options,
            String file,
            Lab lab) {}

    /// The names of the original's demos, and whose they are today.
    public static final Map<String, String> ALIASES = Map.of(
            "rstserver", "rst",
            "selsigrace", "signal-race",
            "selfpipe", "self-pipe");

    /// All labs, in the order in which they are best read.
    public static final List<Entry> ENTRIES = List.of(
            new Entry(
                    "rst",
                    true,
                    "who ends a connection by a RST, and what the other end reads then",
                    Rst.OPTIONS,
                    "Rst.java",
                    Rst::run),
            new Entry(
                    "sigpipe",
                    false,
                    "when a write to a closed connection ends the process, and when it does not",
                    Sigpipe.OPTIONS,
                    "Sigpipe.java",
                    Sigpipe::run),
            new Entry(
                    "signal-race",
                    true,
                    "how a signal just before select is handled and yet lost",
                    SignalRace.OPTIONS,
                    "SignalRace.java",
                    SignalRace::run),
            new Entry(
                    "self-pipe",
                    true,
                    "how a handler's byte in a pipe wakes a loop, and what came after that trick",
                    List.of(),
                    "SelfPipe.java",
                    SelfPipe::run),
            new Entry(
                    "sendfile",
                    false,
                    "six ways to send a file, their calls, copies and CPU time",
                    Sendfile.OPTIONS,
                    "Sendfile.java",
                    Sendfile::run),
            new Entry(
                    "cork",
                    false,
                    "what an answer written in pieces costs: segments, and 40 ms of waiting",
                    Cork.OPTIONS,
                    "Cork.java",
                    Cork::run),
            new Entry(
                    "thundering-herd",
                    false,
                    "how many waiters one connection wakes, in six ways to wait",
                    ThunderingHerd.OPTIONS,
                    "ThunderingHerd.java",
                    ThunderingHerd::run),
            new Entry(
                    "accept-order",
                    false,
                    "who of a pool gets a connection, and which connections wait for whom",
                    AcceptOrder.OPTIONS,
                    "AcceptOrder.java",
                    AcceptOrder::run),
            new Entry(
                    "jvm-fork",
                    false,
                    "why a JVM cannot simply fork, and under which rules it can",
                    JvmFork.OPTIONS,
                    "JvmFork.java",
                    JvmFork::run),
            new Entry(
                    "time-wait",
                    false,
                    "who keeps a connection's port for a minute, and how a server starts again",
                    TimeWait.OPTIONS,
                    "TimeWait.java",
                    TimeWait::run),
            new Entry(
                    "backlog",
                    false,
                    "what a full accept queue does to the clients that come next",
                    Backlog.OPTIONS,
                    "Backlog.java",
                    Backlog::run));

    private Labs() {}

    /// Finds a lab by its name.
    ///
    /// @param slug for example `rst`, or the original's name, for example `rstserver`
    /// @return the lab, or nothing
    public static Optional<Entry> find(String slug) {
        String name = ALIASES.getOrDefault(slug, slug);
        return ENTRIES.stream().filter(entry -> entry.slug().equals(name)).findFirst();
    }
}
