// SPDX-License-Identifier: MIT
package csdesign.lab;

import static csdesign.lab.SubjectMain.hear;
import static csdesign.posix.Errno.EINTR;
import static csdesign.posix.SysSelect.pselect;
import static csdesign.posix.SysSignalfd.SIGUSR1;
import static java.lang.foreign.MemorySegment.NULL;

import csdesign.posix.Errno;
import csdesign.range.Option;
import csdesign.range.Settings;
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
///
/// **What** A server waits for descriptors and for signals. The handler of a signal sets
/// a flag. When a signal arrives while select(2) waits, select answers EINTR, and the
/// server looks at the flag.
///
/// **Broken** Between the last look at the flag and select there is a window: a few
/// instructions in a server, seconds in this lab. A signal that arrives in the window is
/// handled and the flag is set, but select does not know that. The server sleeps until
/// something else wakes it.
///
/// **Fixed** The signal is blocked during the window, so it stays pending. pselect(2)
/// opens the mask and begins to wait in one step, and a pending signal ends it at once.
/// [SelfPipe] shows a way without a mask.
///
/// **In Java** The handler is a Java method that the kernel calls: an upcall. A JVM
/// survives it only in a thread that is inside a system call. Therefore the program that
/// is looked at is started with SIGUSR1 blocked in all its threads, and one thread lets
/// the signal in during ppoll (the window), select and pselect. The JDK's
/// `sun.misc.Signal` calls a handler in a thread of its own, which ends no system call.
///
/// **Look for** the thread that sleeps although the flag is set and no signal is pending.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/lab/SignalRace.java --auto`
///
/// @see <a href="https://man7.org/linux/man-pages/man2/select.2.html">select(2), pselect</a>
/// @see <a href="https://man7.org/linux/man-pages/man7/signal.7.html">signal(7)</a>
public final class SignalRace {
    static final Claim LOST = new Claim(
            "handled-before-select-and-lost",
            "A signal that arrives just before select(2) runs its handler, and select(2) still"
                    + " goes to sleep.");
    static final Claim SECOND = new Claim(
            "seen-only-with-a-second-signal",
            "Only a second signal ends that sleep: two were handled, and the program saw one.");
    static final Claim IN_SELECT = new Claim(
            "seen-when-it-comes-in-select",
            "A signal that arrives while select(2) waits ends it with EINTR.");
    static final Claim PENDING = new Claim(
            "kept-pending-for-pselect",
            "A signal that is blocked until pselect(2) stays pending, and pselect(2) answers"
                    + " EINTR at once.");

    static final Option SECONDS = new Option(
            List.of("-s", "--seconds"), "SECONDS", 10, 1, 3_600,
            "How long the window before select is open for your signals");

    static final List<Option> OPTIONS = List.of(SECONDS);

    /// A race that is lost once may be chance: each scene is played so often, and must
    /// end the same way each time.
    private static final int ROUNDS = 20;

    private static final String AWAKE = "Wake up and block in \"select\"";
    private static final String GOT = "Got signal";

    private final SignalGate gate = new SignalGate(SIGUSR1, this::onSignal);
    private final Errno errno = gate.errno;

    /// Written by the handler, which runs in the same thread.
    private boolean gotSignal;

    private int handled;
    private long beginNanos;

    /// When the signal comes, and what the program then calls.
    private enum Scene {
        IN_WINDOW("Broken: a signal in the window", "in the window", "select"),
        IN_SELECT("The same program: a signal in select", "in select", "select"),
        BLOCKED_IN_WINDOW(
                "Fixed: a signal in the window, blocked until pselect", "in the window, blocked",
                "pselect");

        final String title;
        final String rowName;
        final String call;

        Scene(String title, String rowName, String call) {
            this.title = title;
            this.rowName = rowName;
            this.call = call;
        }
    }

    /// What was seen of one scene, played once.
    ///
    /// @param early signals that were sent in the window
    /// @param handledEarly how often the handler ran there
    /// @param pending whether one was pending at the end of the window
    /// @param asleep whether the program then slept in select, with no signal pending
    /// @param sent all signals: one more was sent to a program that slept
    /// @param handled all runs of the handler
    /// @param result what select or pselect answered
    /// @param micros how long that call took
    /// @param seen whether the program said that it got a signal
    private record Round(
            int early,
            int handledEarly,
            boolean pending,
            boolean asleep,
            int sent,
            int handled,
            int result,
            int micros,
            boolean seen) {
        boolean isSeenByOne() {
            return sent == 1 && handled == 1 && result == -EINTR && seen;
        }
    }

    private SignalRace() throws IOException {}

    /// Runs the lab.
    ///
    /// @param arguments `--auto`, `--seconds SECONDS`
    public static void main(String... arguments) {
        if (SubjectMain.isSubject(arguments)) {
            SubjectMain.play(_ -> new SignalRace().serve(), arguments);
        } else {
            Lab.main("signal-race", SignalRace::run, OPTIONS, arguments);
        }
    }

    /// See [Lab#run].
    ///
    /// @param settings how
    /// @param journal what it writes into
    /// @throws IOException when the other JVM cannot be started
    /// @throws InterruptedException when it is told to end
    public static void run(Settings settings, Journal journal)
            throws IOException, InterruptedException {
        journal.expect(LOST, SECOND, IN_SELECT, PENDING);
        try (Subject subject = Subject.blocking(SignalRace.class, SIGUSR1)) {
            if (settings.isOn(Lab.AUTO)) {
                playAll(subject, journal);
            } else {
                leaveToUser(subject, settings.value(SECONDS), journal);
            }
        }
    }

    // @start region="broken"
    /// Nothing is blocked in the window: a signal is handled there, and the flag is set.
    /// The program then calls select(2), which knows nothing of the flag.
    private void broken() throws IOException {
        gate.window(gate.open, () -> handled);
        MemorySegment input = standardInput();
        say(gate.select(1, input));
    }
    // @end

    // @start region="fixed"
    /// The signal is blocked in the window, and stays pending. pselect(2) opens the mask
    /// and begins to wait in one step: the pending signal ends it.
    private void fixed() throws IOException {
        gate.window(NULL, () -> handled);
        MemorySegment input = standardInput();
        say(pselect(errno, 1, input, NULL, NULL, NULL, gate.open));
    }
    // @end

    /// The other JVM: it plays the scenes that it is told to play, until its input ends.
    private void serve() throws IOException {
        SubjectMain.greet(errno);
        for (String word = hear(errno); !word.isEmpty(); word = hear(errno)) {
            gotSignal = false;
            handled = 0;
            if (word.equals(Scene.BLOCKED_IN_WINDOW.name())) {
                fixed();
            } else {
                broken();
            }
        }
    }

    /// Runs only inside ppoll, select and pselect: at any other time the signal is
    /// blocked.
    private void onSignal(int signal) {
        gotSignal = true;
        handled++;
    }

    /// The set that select waits for: standard input alone.
    private MemorySegment standardInput() {
        SubjectMain.say(AWAKE);
        beginNanos = System.nanoTime();
        return gate.only(0);
    }

    /// Says what the lab wants to know of the call, then what the original program says.
    private void say(int result) {
        long micros = (System.nanoTime() - beginNanos) / 1_000;
        SubjectMain.say(result + " " + micros + " " + handled);
        SubjectMain.say(result == -EINTR && gotSignal ? GOT : "");
    }

    /// Plays each scene many times.
    ///
    /// That a signal was lost is an absence, and no waiting proves one. It is proved by a
    /// state: the handler has run, no signal is pending, and the thread sleeps in the
    /// kernel's select. Nothing that has happened can wake it any more.
    private static void playAll(Subject subject, Journal journal) throws IOException {
        List<Round> inWindow = rounds(subject, Scene.IN_WINDOW, journal);
        judge(journal, LOST, inWindow, "handled in the window, asleep in select",
                one -> one.handledEarly == 1 && one.asleep);
        judge(journal, SECOND, inWindow, "two sent, two handled, seen once",
                one -> one.sent == 2 && one.handled == 2 && one.seen);
        List<Round> inSelect = rounds(subject, Scene.IN_SELECT, journal);
        judge(journal, IN_SELECT, inSelect, "asleep in select, one sent, EINTR, seen",
                one -> one.asleep && one.isSeenByOne());
        List<Round> blocked = rounds(subject, Scene.BLOCKED_IN_WINDOW, journal);
        judge(journal, PENDING, blocked, "pending in the window, EINTR, seen",
                one -> one.pending && one.isSeenByOne());
        journal.part("Each " + ROUNDS + " times");
        journal.columns("signal", "sent", "handled", "seen", "lost", "us in the call");
        row(Scene.IN_WINDOW, inWindow, journal);
        row(Scene.IN_SELECT, inSelect, journal);
        row(Scene.BLOCKED_IN_WINDOW, blocked, journal);
    }

    /// Plays one scene many times, and tells of the first.
    private static List<Round> rounds(Subject subject, Scene scene, Journal journal)
            throws IOException {
        journal.part(scene.title);
        List<Round> rounds = new ArrayList<>();
        while (rounds.size() < ROUNDS) {
            rounds.add(round(subject, scene));
        }
        Round first = rounds.getFirst();
        journal.step("signals in the window", first.early);
        journal.step("handler runs there", first.handledEarly);
        journal.step("pending there", first.pending ? 1 : 0);
        journal.says(AWAKE);
        journal.step("asleep in select with none pending", first.asleep ? "yes" : "no");
        journal.step("signals in select", first.sent - first.early);
        journal.call(scene.call, first.result);
        journal.says(first.seen ? GOT : "nothing");
        return rounds;
    }

    /// Plays one scene once. A signal is sent only when the other JVM's thread is seen to
    /// sleep in the kernel: in the window, which is a ppoll, or in select. A handler that
    /// runs in the window is told of from inside the window.
    private static Round round(Subject subject, Scene scene) throws IOException {
        subject.write(scene.name());
        subject.sleepsInSelect();
        int early = scene == Scene.IN_SELECT ? 0 : 1;
        if (early > 0) {
            subject.kill(SIGUSR1);
        }
        int handledEarly = scene == Scene.IN_WINDOW ? subject.numbers()[0] : 0;
        boolean pending = subject.task().isPending(SIGUSR1);
        subject.write("wake");
        subject.expectLine(AWAKE);
        boolean slept = subject.sleepsInSelect();
        boolean asleep = slept && !subject.task().isPending(SIGUSR1);
        if (slept) {
            subject.kill(SIGUSR1);
        }
        int[] answer = subject.numbers();
        boolean seen = subject.nextLine().equals(GOT);
        return new Round(
                early, handledEarly, pending, asleep, early + (slept ? 1 : 0), answer[2],
                answer[0], answer[1], seen);
    }

    private static void row(Scene scene, List<Round> rounds, Journal journal) {
        int sent = rounds.stream().mapToInt(Round::sent).sum();
        int handled = rounds.stream().mapToInt(Round::handled).sum();
        int seen = (int) rounds.stream().filter(Round::seen).count();
        int median = rounds.stream().mapToInt(Round::micros).sorted().toArray()[ROUNDS / 2];
        journal.row(scene.rowName, sent, handled, seen, sent - seen, median);
    }

    private static void judge(Journal journal, Claim claim, List<Round> rounds, String words,
            Predicate<Round> shows) {
        long count = rounds.stream().filter(shows).count();
        journal.judge(claim, count == ROUNDS, words + ": " + count + " of " + ROUNDS);
    }

    /// Plays the broken scene once, as the original program does; the signals are the
    /// user's. A claim is shown if the user's signals happened to show it.
    private static void leaveToUser(Subject subject, long seconds, Journal journal)
            throws IOException, InterruptedException {
        journal.part("Yours: kill -USR1 PID");
        subject.write(Scene.IN_WINDOW.name());
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
        // The user's input, or its end, is passed on: select waits for input too.
        if (!subject.speaksBefore(0)) {
            subject.write("input");
        }
        int[] answer = subject.numbers();
        boolean seen = subject.nextLine().equals(GOT);
        journal.says(seen ? GOT : "select: there is input");
        Map<Claim, Boolean> shown = Map.of(
                LOST, early > 0 && asleep,
                SECOND, early > 0 && asleep && seen,
                IN_SELECT, asleep && seen);
        String words = early + " handled in the window, " + (answer[2] - early)
                + " in select, which took " + answer[1] / 1_000 + " ms";
        for (Claim claim : List.of(LOST, SECOND, IN_SELECT, PENDING)) {
            if (shown.getOrDefault(claim, false)) {
                journal.judge(claim, true, words);
            } else {
                journal.notHere(claim, words + ": " + Lab.AUTO.name() + " plays all of it");
            }
        }
    }
}
