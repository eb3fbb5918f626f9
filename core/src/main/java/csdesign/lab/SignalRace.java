// SPDX-License-Identifier: MIT
package csdesign.lab;

import static csdesign.lab.Subject.hear;
import static csdesign.posix.Errno.EINTR;
import static csdesign.posix.SysSelect.pselect;
import static csdesign.posix.SysSignalfd.SIGUSR1;
import static java.lang.foreign.MemorySegment.NULL;

import csdesign.posix.Errno;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/// **Signal race: a signal just before select is handled, and select sleeps on.**
///
/// ```text
///   lost                                        not lost
///   --- window ---|--- select ------------->    --- window ---|- pselect -|
///       ^ SIGUSR1   asleep, for ever                ^ SIGUSR1   EINTR at once
///       handler: flag = true                        blocked: it waits, pending
/// ```
/// **What** A server waits for descriptors and signals. The handler of a signal sets a
/// flag; select answers EINTR when one arrives while it waits: a look at the flag is due.
///
/// **Broken** Before select there is a window, here wide open, in servers a few
/// instructions. A signal in it is handled, the flag is set, and select knows nothing of
/// it: the server sleeps until something else wakes it.
///
/// **Fixed** The signal is blocked in the window. pselect opens the mask and waits in one
/// step, and one that is pending ends it at once. [SelfPipe] does without a mask.
///
/// **In Java** The handler is a Java method that the kernel calls: an upcall. A JVM bears
/// that in a thread that waits in a system call, so the one looked at is started with
/// SIGUSR1 blocked in all threads, and lets it in during ppoll (the window) and pselect.
/// The JDK's `sun.misc.Signal` calls a handler in a thread of its own: that ends no call.
///
/// **Look for** the thread asleep with the flag set, and no signal pending.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/lab/SignalRace.java --auto`
///
/// @see <a href="https://man7.org/linux/man-pages/man2/select.2.html">select(2), pselect</a>
/// @see <a href="https://man7.org/linux/man-pages/man7/signal.7.html">signal(7)</a>
public final class SignalRace {
    static final Claim LOST = new Claim(
            "lost", "a signal before select: its handler ran, and select sleeps all the same");
    static final Claim SECOND = new Claim(
            "second", "only a second signal ends that sleep: two were handled, one was seen");
    static final Claim IN_TIME = new Claim(
            "in-time", "a signal that arrives while select waits ends it with EINTR");
    static final Claim PENDING = new Claim(
            "pending", "blocked until pselect, the signal waits, and pselect answers EINTR");

    static final Option SECONDS = new Option(
            List.of("-s", "--seconds"), "SECONDS", 10, 1, 3_600,
            "How long the window before select is open for your signals");
    static final List<Option> OPTIONS = List.of(SECONDS);

    private static final int ROUNDS = 20;

    private static final String AWAKE = "Wake up and block in \"select\"";
    private static final String GOT = "Got signal";

    private final SignalGate gate = new SignalGate(SIGUSR1, this::onSignal);
    private final Errno errno = gate.errno;
    private boolean gotSignal; // the handler, which writes it, runs in this thread
    private int handled;
    private long beginNanos;

    private enum Way {
        WINDOW, SELECT, BLOCKED
    }

    /// What was seen of one round. In the window: signals sent, handler runs, if pending;
    /// then whether it slept in select with none pending; all signals, all handler runs;
    /// pselect's answer and time; whether the program said that it got a signal.
    private record Round(int early, int handledEarly, boolean pending, boolean asleep, int sent,
            int handled, int result, int micros, boolean seen) {
        boolean isSeenByOne() {
            return sent == 1 && handled == 1 && result == -EINTR && seen;
        }
    }

    private SignalRace() throws IOException {}

    /// Runs the lab.
    ///
    /// @param arguments `--auto`, `--seconds SECONDS`
    public static void main(String... arguments) {
        if (Subject.isOne(arguments)) {
            Subject.play(_ -> new SignalRace().serve(), arguments);
        } else {
            Lab.main("signal-race", SignalRace::run, OPTIONS, arguments);
        }
    }

    /// See [Lab#run].
    ///
    /// @param settings how
    /// @param journal what it writes into
    /// @throws IOException when the other JVM cannot be started
    /// @throws InterruptedException when it shall end
    public static void run(Settings settings, Journal journal)
            throws IOException, InterruptedException {
        journal.expect(LOST, SECOND, IN_TIME, PENDING);
        try (Subject subject = Subject.blocking(SignalRace.class, SIGUSR1)) {
            if (settings.auto()) {
                play(subject, journal);
            } else {
                leaveToUser(subject, settings.value(SECONDS), journal);
            }
        }
    }

    // @start region="broken"
    private void broken() throws IOException {
        gate.window(gate.open, () -> handled); // a signal is handled: the flag is set ...
        MemorySegment input = watched();
        answer(pselect(errno, 1, input, NULL, NULL, NULL, gate.open)); // ... nobody looks
    }
    // @end

    // @start region="fixed"
    private void fixed() throws IOException {
        gate.window(NULL, () -> handled); // a signal stays blocked: it waits ...
        MemorySegment input = watched();
        answer(pselect(errno, 1, input, NULL, NULL, NULL, gate.open)); // ... until this
    }
    // @end

    /// The other JVM: plays what it is told to, until its input ends.
    private void serve() throws IOException {
        Subject.greet(errno);
        for (String word = hear(errno); !word.isEmpty(); word = hear(errno)) {
            gotSignal = false;
            handled = 0;
            if (word.equals(Way.BLOCKED.name())) {
                fixed();
            } else {
                broken();
            }
        }
    }

    /// Runs inside ppoll and pselect only: wherever else, the signal is blocked.
    private void onSignal(int signal) {
        gotSignal = true;
        handled++;
    }

    private MemorySegment watched() {
        Subject.say(AWAKE);
        beginNanos = System.nanoTime();
        return gate.only(0);
    }

    /// What the lab wants to know, then what the original says.
    private void answer(int result) {
        long micros = (System.nanoTime() - beginNanos) / 1_000;
        Subject.say(result + " " + micros + " " + handled);
        Subject.say(result == -EINTR && gotSignal ? GOT : "");
    }

    /// The lab's part: each way in turn.
    private static void play(Subject subject, Journal journal) throws IOException {
        journal.part("Broken: a signal in the window");
        List<Round> window = rounds(subject, Way.WINDOW, journal);
        judge(journal, LOST, window, "handled in the window, asleep in select",
                one -> one.handledEarly == 1 && one.asleep);
        judge(journal, SECOND, window, "two sent, two handled, seen once",
                one -> one.sent == 2 && one.handled == 2 && one.seen);
        journal.part("The same program: a signal in select");
        List<Round> select = rounds(subject, Way.SELECT, journal);
        judge(journal, IN_TIME, select, "asleep in select, one sent, EINTR, seen",
                one -> one.asleep && one.isSeenByOne());
        journal.part("Fixed: a signal in the window, blocked until pselect");
        List<Round> blocked = rounds(subject, Way.BLOCKED, journal);
        judge(journal, PENDING, blocked, "pending in the window, EINTR, seen",
                one -> one.pending && one.isSeenByOne());
        journal.part("Each " + ROUNDS + " times");
        journal.columns("signal", "sent", "handled", "seen", "lost", "us in select");
        row("in the window", window, journal);
        row("in select", select, journal);
        row("in the window, blocked", blocked, journal);
    }

    private static List<Round> rounds(Subject subject, Way way, Journal journal)
            throws IOException {
        List<Round> rounds = new ArrayList<>();
        while (rounds.size() < ROUNDS) {
            rounds.add(round(subject, way));
        }
        Round first = rounds.getFirst();
        journal.step("signals in the window", first.early);
        journal.step("handler runs there", first.handledEarly);
        journal.step("pending there", first.pending ? 1 : 0);
        journal.says(AWAKE);
        journal.step("asleep in select with none pending", first.asleep ? "yes" : "no");
        journal.step("signals in select", first.sent - first.early);
        journal.call("pselect", first.result);
        journal.says(first.seen ? GOT : "nothing");
        return rounds;
    }

    private static Round round(Subject subject, Way way) throws IOException {
        subject.write(way.name());
        subject.sleepsInSelect(); // in the window
        int early = way == Way.SELECT ? 0 : 1;
        subject.kill(early * SIGUSR1); // 0 is none
        int handled = way == Way.WINDOW ? subject.numbers()[0] : 0; // said when it has run
        boolean pending = subject.task().isPending(SIGUSR1);
        subject.write("wake");
        subject.expectLine(AWAKE);
        boolean slept = subject.sleepsInSelect();
        boolean asleep = slept && !subject.task().isPending(SIGUSR1);
        subject.kill(slept ? SIGUSR1 : 0);
        int[] answer = subject.numbers();
        return new Round(early, handled, pending, asleep, early + (slept ? 1 : 0), answer[2],
                answer[0], answer[1], subject.nextLine().equals(GOT));
    }

    private static void row(String name, List<Round> rounds, Journal journal) {
        int sent = rounds.stream().mapToInt(Round::sent).sum();
        int handled = rounds.stream().mapToInt(Round::handled).sum();
        int seen = (int) rounds.stream().filter(Round::seen).count();
        int median = rounds.stream().mapToInt(Round::micros).sorted().toArray()[ROUNDS / 2];
        journal.row(name, sent, handled, seen, sent - seen, median);
    }

    private static void judge(Journal journal, Claim claim, List<Round> rounds, String words,
            Predicate<Round> shows) {
        long count = rounds.stream().filter(shows).count();
        journal.judge(claim, count == ROUNDS, words + ": " + count + " of " + ROUNDS);
    }

    /// As the original: one round, and the signals are the user's.
    private static void leaveToUser(Subject subject, long seconds, Journal journal)
            throws IOException, InterruptedException {
        journal.part("Yours: kill -USR1 PID");
        subject.write(Way.WINDOW.name());
        journal.says("PID: " + subject.pid());
        journal.says("Sleep for " + seconds + " secs");
        Thread.sleep(Duration.ofSeconds(seconds));
        subject.write("wake");
        int early = 0;
        String line = subject.nextLine();
        for (; !line.equals(AWAKE); line = subject.nextLine()) {
            early = Integer.parseInt(line);
        }
        journal.says(AWAKE);
        boolean asleep = subject.sleepsInSelect();
        if (!subject.speaksBefore(0)) {
            subject.write("input"); // the user's, or its end: select waits for it too
        }
        int[] answer = subject.numbers();
        boolean seen = subject.nextLine().equals(GOT);
        journal.says(seen ? GOT : "select: there is input");
        Map<Claim, Boolean> shown = Map.of(LOST, early > 0 && asleep,
                SECOND, early > 0 && asleep && seen, IN_TIME, asleep && seen);
        String words = early + " handled in the window, " + (answer[2] - early)
                + " in select, which took " + answer[1] / 1_000 + " ms";
        for (Claim claim : List.of(LOST, SECOND, IN_TIME, PENDING)) {
            if (shown.getOrDefault(claim, false)) {
                journal.judge(claim, true, words);
            } else {
                journal.notHere(claim, words + ": " + Settings.AUTO + " plays all of it");
            }
        }
    }
}
