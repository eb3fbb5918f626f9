// SPDX-License-Identifier: MIT
package csdesign.lab;

import csdesign.posix.Arch;
import csdesign.range.Option;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The only list of the labs. The command line, the tests and the pages read it.
public final class Labs {
    /// A lab. All of them make Linux system calls by FFM: see [Arch#isSupported].
    ///
    /// @param slug its name on the command line and of its page
    /// @param interactive whether it leaves a part to the user, without [Lab#AUTO]
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

    /// The names of the original's demos, and the labs that they are today.
    public static final Map<String, String> ALIASES = Map.of(
            "rstserver", "rst",
            "selsigrace", "signal-race",
            "selfpipe", "self-pipe");

    /// All labs, in the order in which they are best read.
    public static final List<Entry> ENTRIES = List.of(
            new Entry(
                    "rst",
                    true,
                    "what ends a connection by a RST, and what the other end reads then",
                    Rst.OPTIONS,
                    "Rst.java",
                    Rst::run),
            new Entry(
                    "close-unread",
                    false,
                    "how a server that closes with a request unread takes back its answer",
                    CloseUnread.OPTIONS,
                    "CloseUnread.java",
                    CloseUnread::run),
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
                    "how many segments an answer becomes that is written in pieces",
                    Cork.OPTIONS,
                    "Cork.java",
                    Cork::run),
            new Entry(
                    "nagle",
                    false,
                    "why a request in two writes waits 40 ms for its answer",
                    Nagle.OPTIONS,
                    "Nagle.java",
                    Nagle::run),
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
                    "which worker of a pool gets a connection, and which connections wait",
                    AcceptOrder.OPTIONS,
                    "AcceptOrder.java",
                    AcceptOrder::run),
            new Entry(
                    "jvm-fork",
                    false,
                    "why a JVM cannot simply fork, and under which rules it can",
                    List.of(),
                    "JvmFork.java",
                    JvmFork::run),
            new Entry(
                    "time-wait",
                    false,
                    "which end keeps its port for a minute, and how a client runs out of ports",
                    TimeWait.OPTIONS,
                    "TimeWait.java",
                    TimeWait::run),
            new Entry(
                    "reuseaddr",
                    false,
                    "how a server starts again at a port that is in TIME_WAIT",
                    Reuseaddr.OPTIONS,
                    "Reuseaddr.java",
                    Reuseaddr::run),
            new Entry(
                    "backlog",
                    false,
                    "what a full accept queue does to the clients that come next",
                    Backlog.OPTIONS,
                    "Backlog.java",
                    Backlog::run),
            new Entry(
                    "backlog-last-step",
                    false,
                    "how a client is connected to a server that knows nothing of it",
                    BacklogLastStep.OPTIONS,
                    "BacklogLastStep.java",
                    BacklogLastStep::run),
            new Entry(
                    "backlog-cap",
                    false,
                    "how long a queue listen(2) grants, and what to do about it",
                    BacklogCap.OPTIONS,
                    "BacklogCap.java",
                    BacklogCap::run));

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
