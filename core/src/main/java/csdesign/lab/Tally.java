// SPDX-License-Identifier: MIT
package csdesign.lab;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Locale;

/// What a loop that signals wake has counted, told from a [Subject] to its lab.
final class Tally {
    /// Handler runs; a storm looks at them from another thread.
    volatile int handled;

    /// Those of them that met a full pipe.
    int full;

    /// Returns from select.
    int wakeUps;

    /// What was read: bytes, or the value of a counter.
    int taken;

    /// The state that was looked at last; -1 for none.
    int seen = -1;

    /// Garbage collections meanwhile.
    int collections;

    /// The signal that a signalfd told of, and who sent it.
    int signal;
    int sender;

    /// In the lab: whether its thread slept in select though a signal had come.
    boolean lost;

    /// The handler ran, in the one thread that lets it in.
    void ran() {
        int before = handled;
        handled = before + 1;
    }

    /// What was read from a signalfd.
    ///
    /// @param siginfo a `struct signalfd_siginfo`: signalfd(2)
    void info(MemorySegment siginfo) {
        signal = siginfo.get(JAVA_INT, 0); // ssi_signo
        sender = siginfo.get(JAVA_INT, 12); // ssi_pid
    }

    /// In the subject.
    void say() {
        SubjectMain.say(String.format(
                Locale.ROOT,
                "%d %d %d %d %d %d %d %d",
                handled, full, wakeUps, taken, seen, collections, signal, sender));
    }

    /// In the lab: what the subject says when it has come out of select. If it sleeps
    /// there instead, a signal was lost, and another one ends that.
    ///
    /// @param signal its number
    static Tally of(Subject subject, int signal) throws IOException {
        boolean lost = subject.sleepsInSelect();
        if (lost) {
            subject.kill(signal);
        }
        Tally tally = of(subject);
        tally.lost = lost;
        return tally;
    }

    /// In the lab: what the subject says next.
    static Tally of(Subject subject) throws IOException {
        int[] all = subject.numbers();
        Tally tally = new Tally();
        tally.handled = all[0];
        tally.full = all[1];
        tally.wakeUps = all[2];
        tally.taken = all[3];
        tally.seen = all[4];
        tally.collections = all[5];
        tally.signal = all[6];
        tally.sender = all[7];
        return tally;
    }
}
