// SPDX-License-Identifier: MIT
package csdesign.lab;

import static csdesign.lab.SubjectMain.hear;
import static csdesign.posix.Errno.EAGAIN;
import static csdesign.posix.Fcntl.O_NONBLOCK;
import static csdesign.posix.SysSelect.pselect;
import static csdesign.posix.SysSignalfd.SIGUSR1;
import static csdesign.posix.Unistd.write;
import static java.lang.foreign.MemorySegment.NULL;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import csdesign.evidence.Task;
import csdesign.posix.Errno;
import csdesign.range.Settings;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.channels.Selector;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/// **Self-pipe: the handler of a signal writes a byte into a pipe that select watches.**
///
/// ```text
///   signal --> handler --write, 1 byte--> [pipe] --readable--> select | read all | look
///                        full: EAGAIN, which loses nothing: the pipe is readable
/// ```
///
/// **What** A signal that comes between the loop's last look and its select is lost:
/// [SignalRace]. A byte in a pipe is still there when select looks. One byte is enough,
/// because all it says is: look.
///
/// **Broken** The pipe blocks when it is full. The handler then sleeps in write(2). It
/// runs on the thread whose loop would have drained the pipe, so the thread waits for
/// itself.
///
/// **Fixed** Both ends of the pipe are non-blocking. A full pipe answers EAGAIN, which
/// loses nothing. The loop reads all bytes first and looks then: a later signal leaves
/// another byte. Its successors are pselect (no pipe), signalfd (no handler) and eventfd
/// (a counter instead of a pipe).
///
/// **In Java** `Selector.wakeup` is this trick, with an eventfd. The handler here is a
/// Java method that the kernel calls. The signal is let in during system calls only,
/// where the thread is in C as the collector sees it. So the handler may allocate, and
/// may wait for a collection. C's errno is safe, because pselect sets it after the
/// handler has returned.
///
/// **Look for** EAGAIN at every run of the handler, and the last state, which is seen.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/lab/SelfPipe.java --auto`
///
/// @see <a href="https://cr.yp.to/docs/selfpipe.html">The self-pipe trick</a>
public final class SelfPipe {
    static final Claim HANGS = new Claim(
            "blocking-pipe-hangs",
            "Broken: when a pipe that blocks is full, the handler sleeps in write(2), on the"
                    + " thread that would have read the pipe.");
    static final Claim FULL = new Claim(
            "full-pipe-answers-eagain",
            "Fixed: when a pipe that does not block is full, every run of the handler gets"
                    + " EAGAIN, and the loop still sees the last state.");
    static final Claim LAST = new Claim(
            "storm-ends-with-the-last-state",
            "After a storm of signals the loop has read a byte of the pipe, or a count of an"
                    + " eventfd, for each run of the handler, and has seen the last state.");
    static final Claim EARLY = new Claim(
            "early-signal-ends-select",
            "A signal just before select leaves a byte in the pipe, and select returns at once.");
    static final Claim SUCCESSORS = new Claim(
            "successors-keep-it-too",
            "Nor is an early wake-up lost by an eventfd, by pselect, by a signalfd, which reads"
                    + " many signals as one and names their sender, or by Selector.wakeup.");

    private static final int STORM = 20_000;

    private final SignalGate gate = new SignalGate(SIGUSR1, this::onSignal);
    private final Errno errno = gate.errno;
    private final Errno handlersErrno = Errno.allocate(gate.arena);
    private final MemorySegment page = gate.arena.allocate(4_096, 8);

    /// What the handler writes: 8 bytes with the value 1, of which a pipe gets the first.
    private final MemorySegment one = gate.arena.allocateFrom(JAVA_LONG, 1);
    private WakeUpDescriptors ends = WakeUpDescriptors.NONE;
    private LoopCounts counts = new LoopCounts();
    private SignalStorm storm = new SignalStorm(SIGUSR1, STORM, counts);

    /// What the lab tells the other JVM to play: a full pipe, a storm, an early signal.
    private enum Scene {
        BLOCKING_PIPE, FULL_PIPE, PIPE, COUNTER, SELF_PIPE, EVENTFD, PSELECT, SIGNALFD;

        String title() {
            return name().toLowerCase(Locale.ROOT).replace('_', ' ');
        }
    }

    private SelfPipe() throws IOException {}

    /// Runs the lab; or, in the other JVM, plays what the lab tells it.
    ///
    /// @param arguments `--auto`
    public static void main(String... arguments) {
        if (SubjectMain.isSubject(arguments)) {
            SubjectMain.play(_ -> new SelfPipe().serve(), arguments);
        } else {
            Lab.main("self-pipe", SelfPipe::run, List.of(), arguments);
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
        journal.expect(HANGS, FULL, LAST, EARLY, SUCCESSORS);
        if (!settings.isOn(Lab.AUTO)) {
            leaveToUser(journal);
            return;
        }
        journal.attempt(() -> {
            try (Subject subject = Subject.blocking(SelfPipe.class, SIGUSR1)) {
                journal.attempt(() -> fillABlockingPipe(subject, journal), HANGS);
                journal.attempt(() -> storms(subject, journal), FULL, LAST);
                journal.attempt(() -> signalBeforeSelect(subject, journal), EARLY);
                journal.attempt(() -> successors(subject, journal), SUCCESSORS);
            }
        });
    }

    // @start region="broken"
    private void broken() throws IOException {
        ends = WakeUpDescriptors.pipe(errno, 0); // no O_NONBLOCK
        SubjectMain.say(ends.read() + " " + ends.fill(errno, page));
        // A signal is let in here. Its handler sleeps in write, and this call never returns.
        gate.window(gate.open, () -> counts.handled);
    }
    // @end

    // @start region="fixed"
    private void fixed() throws IOException {
        ends = WakeUpDescriptors.pipe(errno, O_NONBLOCK);
        ends.fill(errno, page);
        storm.begin(); // signals come, and the handler returns from its write
        gate.letInUntil(storm::isOver);
        waitAndLook(gate.open);
    }

    private void onSignal(int signal) {
        if (ends.write() >= 0 && write(handlersErrno, ends.write(), one, ends.width()) == -EAGAIN) {
            counts.full++; // the pipe is readable as it is: the loop will wake
        }
        counts.countRun();
    }

    private void waitAndLook(MemorySegment mask) {
        MemorySegment set = gate.only(ends.read());
        int ready = pselect(errno, ends.read() + 1, set, NULL, NULL, NULL, mask);
        counts.wakeUps++;
        if (ready > 0 || ends.read() < 0) { // without a descriptor EINTR tells it to look
            // First it reads all, then it looks: a later signal leaves another byte.
            counts.taken += ends.readAll(errno, page);
            counts.seen = storm.state();
        }
    }
    // @end

    /// The other JVM: plays one scene after the other, until its input ends.
    private void serve() throws IOException, InterruptedException {
        SubjectMain.greet(errno);
        for (String word = hear(errno); !word.isEmpty(); word = hear(errno)) {
            counts = new LoopCounts();
            storm = new SignalStorm(SIGUSR1, STORM, counts);
            play(Scene.valueOf(word));
            storm.await();
            counts.collections = storm.collections();
            counts.keepInfo(page);
            counts.say();
            gate.letIn(); // the last signal of a storm may still be pending
            ends.close(errno);
        }
    }

    private void play(Scene scene) throws IOException {
        switch (scene) {
            case BLOCKING_PIPE -> broken();
            case FULL_PIPE -> fixed();
            case PIPE -> loopInAStorm(WakeUpDescriptors.pipe(errno, O_NONBLOCK));
            case COUNTER -> loopInAStorm(WakeUpDescriptors.eventfd(errno));
            case SELF_PIPE -> early(
                    gate.open, WakeUpDescriptors.pipe(errno, O_NONBLOCK), gate.open);
            case EVENTFD -> early(gate.open, WakeUpDescriptors.eventfd(errno), gate.open);
            case PSELECT -> early(NULL, WakeUpDescriptors.NONE, gate.open);
            case SIGNALFD -> early(NULL, WakeUpDescriptors.signalfd(errno, SIGUSR1), NULL);
        }
    }

    private void loopInAStorm(WakeUpDescriptors given) {
        ends = given;
        storm.begin();
        while (counts.seen < STORM) {
            waitAndLook(gate.open);
        }
    }

    /// Comes to select after a window. The masks let the signal in, before and during
    /// select.
    private void early(MemorySegment before, WakeUpDescriptors given, MemorySegment during)
            throws IOException {
        ends = given;
        gate.window(before, () -> counts.handled);
        while (counts.seen < 0) {
            waitAndLook(during);
        }
    }

    /// The other JVM fills a pipe that blocks, and gets a signal. The lab finds its
    /// thread asleep in the kernel's pipe_write, so it is the handler that sleeps. When
    /// another process has read the pipe, the handler returns: only the missing reader
    /// held it.
    private static void fillABlockingPipe(Subject subject, Journal journal) throws IOException {
        journal.part("Broken: a pipe that blocks, full");
        subject.write(Scene.BLOCKING_PIPE.name());
        int[] pipe = subject.numbers(); // its read end, and how many bytes it holds
        subject.sleepsInSelect();
        subject.kill(SIGUSR1);
        boolean isAsleep = subject.sleepsBeforeItSpeaks("pipe_write");
        String where = subject.task().sleepsIn().replaceAll(".*pipe_write.*", "pipe_write");
        journal.step("bytes in the pipe", pipe[1]);
        journal.step("its handler sleeps in", where);
        Path end = Path.of("/proc/" + subject.pid() + "/fd/" + pipe[0]);
        try (InputStream in = Files.newInputStream(end)) {
            journal.step("bytes read by another process", in.readNBytes(pipe[1]).length);
        }
        journal.step("handler runs that ended then", subject.numbers()[0]);
        subject.write("wake");
        LoopCounts.of(subject);
        journal.judge(HANGS, isAsleep, "asleep in " + where);
    }

    /// Signals come in bursts, each after a change of state, while another thread
    /// collects garbage. Pending signals merge, so the handler runs less often than
    /// signals are sent. What must not be lost is the last state: then the loop has been
    /// woken often enough.
    private static void storms(Subject subject, Journal journal) throws IOException {
        journal.part("Fixed: a storm, each signal of which tells of one more");
        journal.columns("way", "sent", "handled", "EAGAIN", "wake-ups", "read", "seen", "GCs");
        LoopCounts full = storm(Scene.FULL_PIPE, subject, journal);
        LoopCounts pipe = storm(Scene.PIPE, subject, journal);
        LoopCounts eventfd = storm(Scene.COUNTER, subject, journal);
        journal.judge(
                FULL, full.handled > 0 && full.full == full.handled && full.hasSeen(STORM),
                full.handled + " handler runs, " + full.full + " EAGAIN, " + full.seen + " seen");
        journal.judge(
                LAST, Stream.of(pipe, eventfd).allMatch(one -> one.hasSeen(STORM)
                        && one.taken == one.handled && one.full == 0),
                "pipe: %d handler runs, %d bytes; eventfd: %d handler runs, %d counted".formatted(
                        pipe.handled, pipe.taken, eventfd.handled, eventfd.taken));
    }

    private static LoopCounts storm(Scene scene, Subject subject, Journal journal)
            throws IOException {
        subject.write(scene.name());
        subject.expectLine("sent");
        LoopCounts one = LoopCounts.of(subject, SIGUSR1);
        journal.row(scene.title(), STORM, one.handled, one.full, one.wakeUps, one.taken, one.seen,
                one.collections);
        return one;
    }

    /// The other JVM is held just before its select, and gets one signal there. If the
    /// loop then comes out of select, the byte in the pipe has ended the wait.
    private static void signalBeforeSelect(Subject subject, Journal journal) throws IOException {
        journal.part("Signals just before select");
        journal.columns("way", "sent", "handled", "wake-ups", "lost");
        LoopCounts pipe = signalBefore(Scene.SELF_PIPE, 1, subject, journal);
        journal.judge(EARLY, !pipe.lost, pipe.handled + " handler run, read " + pipe.taken);
    }

    /// The same with what came after the pipe. A signalfd gets many signals, of which one
    /// is left to read. At the end this JVM wakes a Selector of the JDK before it waits:
    /// if the wake-up were lost, nothing else could end the select.
    private static void successors(Subject subject, Journal journal) throws IOException {
        LoopCounts eventfd = signalBefore(Scene.EVENTFD, 1, subject, journal);
        LoopCounts pselect = signalBefore(Scene.PSELECT, 1, subject, journal);
        LoopCounts signalfd = signalBefore(Scene.SIGNALFD, STORM, subject, journal);
        long lost = Stream.of(eventfd, pselect, signalfd).filter(one -> one.lost).count();
        int read = signalfd.signalsRead();
        boolean isFromLab = signalfd.sender == ProcessHandle.current().pid();
        journal.step("read from signalfd", read);
        journal.step("its ssi_signo", signalfd.signal);
        journal.step("its ssi_pid is the lab's", isFromLab ? "yes" : "no");

        journal.part("The JDK: Selector.wakeup, then select");
        Task here = Task.of(ProcessHandle.current().pid());
        long before = here.descriptors("anon_inode:[eventfd]");
        try (Selector selector = Selector.open()) {
            long eventfds = here.descriptors("anon_inode:[eventfd]") - before;
            selector.wakeup();
            int keys = selector.select();
            journal.step("eventfds of a Selector", eventfds);
            journal.step("keys of the next select", keys);
            boolean isOneSignal = read == 1 && signalfd.signal == SIGUSR1 && isFromLab;
            journal.judge(
                    SUCCESSORS, lost == 0 && isOneSignal && eventfds == 1 && keys == 0,
                    "lost: " + lost + "; signalfd: " + STORM + " sent, " + read
                            + " read; Selector: " + eventfds + " eventfd, " + keys + " keys");
        }
    }

    private static LoopCounts signalBefore(
            Scene scene, int signals, Subject subject, Journal journal) throws IOException {
        subject.write(scene.name());
        subject.sleepsInSelect(); // in the window
        for (int i = 0; i < signals; i++) {
            subject.kill(SIGUSR1);
        }
        if (scene == Scene.SELF_PIPE || scene == Scene.EVENTFD) {
            subject.numbers(); // the handler has run; in the other scenes the signal is blocked
        }
        subject.write("wake");
        LoopCounts one = LoopCounts.of(subject, SIGUSR1);
        journal.row(scene.title(), signals, one.handled, one.wakeUps, one.lost ? 1 : 0);
        return one;
    }

    /// As in the original: the loop waits for one signal, which is the user's.
    private static void leaveToUser(Journal journal) throws IOException {
        journal.part("Yours: kill -USR1 PID");
        try (Subject subject = Subject.blocking(SelfPipe.class, SIGUSR1)) {
            subject.write(Scene.SELF_PIPE.name());
            subject.sleepsInSelect();
            subject.write("wake");
            journal.says("PID: " + subject.pid());
            subject.awaitUser();
            LoopCounts one = LoopCounts.of(subject);
            journal.says("Got signal");
            journal.judge(EARLY, one.taken > 0, one.handled + " handler run, read " + one.taken);
        }
        for (Claim claim : List.of(HANGS, FULL, LAST, SUCCESSORS)) {
            journal.notHere(claim, "the original has no such part: --auto plays it");
        }
    }
}
