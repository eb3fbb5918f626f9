// SPDX-License-Identifier: MIT
package csdesign.lab;

import static csdesign.lab.SubjectMain.hear;
import static csdesign.posix.Errno.EAGAIN;
import static csdesign.posix.Fcntl.O_NONBLOCK;
import static csdesign.posix.SysSelect.pselect;
import static csdesign.posix.SysSignalfd.SIGUSR1;
import static csdesign.posix.Unistd.read;
import static csdesign.posix.Unistd.write;
import static java.lang.foreign.MemorySegment.NULL;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import csdesign.evidence.Task;
import csdesign.posix.Errno;
import csdesign.posix.SysSignalfd;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.channels.Selector;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// **Self-pipe: the handler of a signal writes a byte, and select cannot miss that.**
///
/// ```text
///   signal --> handler --write, 1 byte--> [pipe] --readable--> select | read all | look
///                        full: EAGAIN, for the loop will wake anyway
/// ```
/// **What** A signal between the last look and select is lost ([SignalRace]); a byte in a
/// pipe is still there when select looks. One is enough, for it only says: look.
///
/// **Broken** The pipe blocks when it is full. The handler sleeps in write then, over the
/// loop that would read: the thread waits for itself.
///
/// **Fixed** Both ends are non-blocking. A full pipe answers EAGAIN, which loses nothing.
/// The loop first reads all, then looks: a later signal has left another byte. What came
/// after it: pselect (no pipe), signalfd (no handler), eventfd (a counter for a pipe).
///
/// **In Java** `Selector.wakeup` is this trick, with an eventfd. The handler here is an
/// upcall, let in during system calls only: to the collector its thread is in C, so it
/// may allocate and wait for a collection. C's errno is safe: pselect sets it afterwards.
///
/// **Look for** EAGAIN at every run of the handler, and a last state that is seen.
///
/// **Try** `java --enable-native-access=ALL-UNNAMED \
/// core/src/main/java/csdesign/lab/SelfPipe.java --auto`
///
/// @see <a href="https://cr.yp.to/docs/selfpipe.html">The self-pipe trick</a>
public final class SelfPipe {
    static final Claim HANGS = new Claim(
            "hangs", "a full pipe that blocks: the handler sleeps in write, over who would read");
    static final Claim RETURNS = new Claim(
            "returns", "a full pipe that does not: EAGAIN at every handler run of a storm");
    static final Claim LAST = new Claim(
            "last", "after a storm the loop has seen the last state, though garbage was collected");
    static final Claim COUNTS = new Claim(
            "counts", "an eventfd in place of the pipe counts every handler run, and is not full");
    static final Claim WAKES = new Claim(
            "wakes", "after a signal just before select a byte is in the pipe: select returns");
    static final Claim HEIRS = new Claim(
            "heirs", "nor is such a signal lost with pselect, signalfd, eventfd");
    static final Claim MERGED = new Claim(
            "merged", "of many signals sent while blocked signalfd reads one, with its sender");
    static final Claim WAKE_UP = new Claim(
            "wakeup", "Selector.wakeup, an eventfd, lets the next select return, with 0 keys");

    private static final int STORM = 20_000;

    private final SignalGate gate = new SignalGate(SIGUSR1, this::onSignal);
    private final Errno errno = gate.errno;
    private final Errno own = Errno.allocate(gate.arena); // the handler's
    private final MemorySegment page = gate.arena.allocate(4_096, 8);
    private final MemorySegment one = gate.arena.allocateFrom(JAVA_LONG, 1); // first byte: 1
    private WakeUpDescriptors ends = WakeUpDescriptors.NONE;
    private Tally tally = new Tally();
    private SignalStorm storm = new SignalStorm(SIGUSR1, STORM, tally);

    private SelfPipe() throws IOException {}

    /// Runs the lab.
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
        journal.expect(HANGS, RETURNS, LAST, COUNTS, WAKES, HEIRS, MERGED, WAKE_UP);
        if (settings.auto()) {
            journal.attempt(() -> play(journal), HANGS, RETURNS, LAST, COUNTS, WAKES, HEIRS,
                    MERGED);
            journal.attempt(() -> wakeUp(journal), WAKE_UP);
        } else {
            leaveToUser(journal);
        }
    }

    private static void play(Journal journal) throws IOException, InterruptedException {
        try (Subject subject = Subject.blocking(SelfPipe.class, SIGUSR1)) {
            journal.attempt(() -> hang(subject, journal), HANGS);
            journal.attempt(() -> storms(subject, journal), RETURNS, LAST, COUNTS);
            journal.attempt(() -> windows(subject, journal), WAKES, HEIRS, MERGED);
        }
    }

    // @start region="broken"
    private void broken() throws IOException {
        ends = WakeUpDescriptors.pipe(errno, 0);
        SubjectMain.say(ends.read() + " " + ends.fill(errno, page));
        gate.window(gate.open, () -> tally.handled); // a signal: its handler sleeps in write
    }
    // @end

    // @start region="fixed"
    private void fixed() throws IOException {
        ends = WakeUpDescriptors.pipe(errno, O_NONBLOCK);
        ends.fill(errno, page);
        storm.begin(); // signals: the handler comes back from its write
        gate.busy(storm::isOver);
        turn(gate.open);
    }

    private void onSignal(int signal) {
        if (ends.write() >= 0 && write(own, ends.write(), one, ends.width()) == -EAGAIN) {
            tally.full++; // readable as it is: the loop will wake
        }
        tally.ran();
    }

    private void turn(MemorySegment mask) {
        MemorySegment set = gate.only(ends.read());
        int ready = pselect(errno, ends.read() + 1, set, NULL, NULL, NULL, mask);
        tally.wakeUps++;
        if (ready > 0 || ends.read() < 0) { // not EINTR, after which its byte is in the pipe
            for (long count; (count = read(errno, ends.read(), page, page.byteSize())) > 0;) {
                tally.taken += ends.width() == Long.BYTES ? page.get(JAVA_INT, 0) : (int) count;
            }
            tally.seen = storm.state(); // all was read: a later signal leaves another byte
        }
    }
    // @end

    /// The other JVM: does what it is told to, until its input ends.
    private void serve() throws IOException, InterruptedException {
        SubjectMain.greet(errno);
        for (String word = hear(errno); !word.isEmpty(); word = hear(errno)) {
            tally = new Tally();
            storm = new SignalStorm(SIGUSR1, STORM, tally);
            obey(word);
            storm.await();
            tally.collections = storm.collections();
            tally.info(page);
            tally.say();
            gate.letIn(); // the last of a storm, when it is still pending
            ends.close(errno);
        }
    }

    private void obey(String word) throws IOException {
        switch (word) {
            case "blocking" -> broken();
            case "full pipe" -> fixed();
            case "pipe" -> storm(WakeUpDescriptors.pipe(errno, O_NONBLOCK));
            case "counter" -> storm(WakeUpDescriptors.counter(errno));
            case "self-pipe" ->
                window(WakeUpDescriptors.pipe(errno, O_NONBLOCK), gate.open, gate.open);
            case "eventfd" -> window(WakeUpDescriptors.counter(errno), gate.open, gate.open);
            case "pselect" -> window(WakeUpDescriptors.NONE, NULL, gate.open);
            default -> window(WakeUpDescriptors.signals(errno, SIGUSR1), NULL, NULL); // signalfd
        }
    }

    private void storm(WakeUpDescriptors given) {
        ends = given;
        storm.begin();
        while (tally.seen < STORM) {
            turn(gate.open);
        }
    }

    private void window(WakeUpDescriptors given, MemorySegment mask, MemorySegment last)
            throws IOException {
        ends = given;
        gate.window(mask, () -> tally.handled);
        while (tally.seen < 0) {
            turn(last);
        }
    }

    private static void hang(Subject subject, Journal journal) throws IOException {
        journal.part("Broken: a pipe that blocks, full");
        subject.write("blocking");
        int[] pipe = subject.numbers(); // its read end, and what it holds
        subject.sleepsInSelect();
        subject.kill(SIGUSR1);
        boolean asleep = subject.sleepsBeforeItSpeaks("pipe_write");
        String where = subject.task().sleepsIn().replaceAll(".*pipe_write.*", "pipe_write");
        journal.step("bytes in the pipe", pipe[1]);
        journal.step("its handler sleeps in", where);
        journal.step("bytes read by another process", drain(subject, pipe[0], pipe[1]));
        journal.step("handler runs that ended then", subject.numbers()[0]);
        subject.write("wake");
        Tally.of(subject);
        journal.judge(HANGS, asleep, "asleep in " + where);
    }

    /// Takes bytes out of a pipe of the other JVM, which /proc lets this one open.
    private static int drain(Subject subject, int readEnd, int bytes) throws IOException {
        Path pipe = Path.of("/proc/" + subject.pid() + "/fd/" + readEnd);
        try (InputStream in = Files.newInputStream(pipe)) {
            return in.readNBytes(bytes).length;
        }
    }

    private static void storms(Subject subject, Journal journal) throws IOException {
        journal.part("Fixed: a storm, each signal of which tells of one more");
        journal.columns("way", "sent", "handled", "EAGAIN", "wake-ups", "read", "seen", "GCs");
        Tally full = storm("full pipe", subject, journal);
        Tally pipe = storm("pipe", subject, journal);
        Tally counter = storm("counter", subject, journal);
        journal.judge(RETURNS, full.handled > 0 && full.full == full.handled,
                full.handled + " handler runs, " + full.full + " EAGAIN");
        journal.judge(LAST, List.of(full, pipe, counter).stream()
                .allMatch(one -> !one.lost && one.seen == STORM && one.collections > 0),
                STORM + " sent, " + pipe.seen + " seen, " + pipe.collections + " collections");
        journal.judge(COUNTS, counter.taken == counter.handled && counter.full == 0,
                counter.handled + " handler runs, " + counter.taken + " counted");
    }

    private static Tally storm(String way, Subject subject, Journal journal) throws IOException {
        subject.write(way);
        subject.expectLine("sent");
        Tally one = Tally.of(subject, SIGUSR1);
        journal.row(way, STORM, one.handled, one.full, one.wakeUps, one.taken, one.seen,
                one.collections);
        return one;
    }

    private static void windows(Subject subject, Journal journal) throws IOException {
        journal.part("Signals just before select");
        journal.columns("way", "sent", "handled", "wake-ups", "lost");
        Tally pipe = window("self-pipe", 1, subject, journal);
        journal.judge(WAKES, !pipe.lost, pipe.handled + " handler run, read " + pipe.taken);
        Tally eventfd = window("eventfd", 1, subject, journal);
        Tally pselect = window("pselect", 1, subject, journal);
        Tally signalfd = window("signalfd", STORM, subject, journal);
        long lost = List.of(eventfd, pselect, signalfd).stream().filter(one -> one.lost).count();
        journal.judge(HEIRS, lost == 0, "lost: " + lost);
        int read = signalfd.taken / SysSignalfd.SIGINFO_BYTES;
        boolean fromHere = signalfd.sender == ProcessHandle.current().pid();
        journal.step("read from signalfd", read);
        journal.step("its ssi_signo", signalfd.signal);
        journal.step("its ssi_pid is the lab's", fromHere ? "yes" : "no");
        boolean merged = read == 1 && signalfd.signal == SIGUSR1 && fromHere;
        journal.judge(MERGED, merged, STORM + " sent, " + read + " read");
    }

    private static Tally window(String way, int sent, Subject subject,
            Journal journal) throws IOException {
        subject.write(way);
        subject.sleepsInSelect(); // in the window
        for (int i = 0; i < sent; i++) {
            subject.kill(SIGUSR1);
        }
        if (way.equals("self-pipe") || way.equals("eventfd")) {
            subject.numbers(); // said when it was handled; the others block it
        }
        subject.write("wake");
        Tally one = Tally.of(subject, SIGUSR1);
        journal.row(way, sent, one.handled, one.wakeUps, one.lost ? 1 : 0);
        return one;
    }

    private static void wakeUp(Journal journal) throws IOException {
        journal.part("The JDK: Selector.wakeup, then select");
        Task here = Task.of(ProcessHandle.current().pid());
        long before = here.descriptors("anon_inode:[eventfd]");
        try (Selector selector = Selector.open()) {
            long eventfds = here.descriptors("anon_inode:[eventfd]") - before;
            selector.wakeup();
            int keys = selector.select(); // nothing else could end it
            journal.step("eventfds of a Selector", eventfds);
            journal.step("keys of the next select", keys);
            boolean shown = eventfds == 1 && keys == 0;
            journal.judge(WAKE_UP, shown, eventfds + " eventfd, " + keys + " keys");
        }
    }

    /// As the original: it waits for one signal, which is the user's.
    private static void leaveToUser(Journal journal) throws IOException {
        journal.part("Yours: kill -USR1 PID");
        try (Subject subject = Subject.blocking(SelfPipe.class, SIGUSR1)) {
            subject.write("self-pipe");
            subject.sleepsInSelect();
            subject.write("wake");
            journal.says("PID: " + subject.pid());
            subject.awaitUser();
            Tally one = Tally.of(subject);
            journal.says("Got signal");
            journal.judge(
                    WAKES, one.taken > 0, one.handled + " handler run, read " + one.taken);
        }
        for (Claim claim : List.of(HANGS, RETURNS, LAST, COUNTS, HEIRS, MERGED, WAKE_UP)) {
            journal.notHere(claim, "the original has no such part: --auto plays it");
        }
    }
}
