// SPDX-License-Identifier: MIT
package csdesign.lab;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import csdesign.posix.SysSignalfd;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Locale;

/// What a loop that is woken by signals has counted. The loop runs in a [Subject], which
/// says the counts to the lab in one line.
final class LoopCounts {
    /// How often the handler ran. The thread that sends the signals reads this too.
    volatile int handled;

    /// How often the handler met a full pipe.
    int full;

    /// How often select returned.
    int wakeUps;

    /// What the loop has read: bytes of a pipe, or the values of a counter.
    int taken;

    /// The state that the loop has looked at last; -1 where it never looked.
    int seen = -1;

    /// How often garbage was collected meanwhile.
    int collections;

    /// The signal of which a signalfd told.
    int signal;

    /// The process that sent that signal, by the signalfd.
    int sender;

    /// Whether the loop slept in select though a signal had come. Only the lab knows.
    boolean lost;

    /// Counts a run of the handler. Only one thread lets the signal in, so no other
    /// thread writes the count.
    void countRun() {
        int before = handled;
        handled = before + 1;
    }

    /// Keeps what was read from a signalfd.
    ///
    /// @param siginfo a `struct signalfd_siginfo`, see signalfd(2)
    void keepInfo(MemorySegment siginfo) {
        signal = siginfo.get(JAVA_INT, 0); // ssi_signo
        sender = siginfo.get(JAVA_INT, 12); // ssi_pid
    }

    /// How many signals were read from a signalfd.
    int signalsRead() {
        return taken / SysSignalfd.SIGINFO_BYTES;
    }

    /// Whether the loop was woken often enough in a storm that met the collector.
    ///
    /// @param last the last state
    /// @return false when it did not see that state, or needed another signal to see it
    boolean hasSeen(int last) {
        return !lost && seen == last && collections > 0;
    }

    /// In the subject: says the counts to the lab.
    void say() {
        SubjectMain.say(String.format(
                Locale.ROOT,
                "%d %d %d %d %d %d %d %d",
                handled, full, wakeUps, taken, seen, collections, signal, sender));
    }

    /// In the lab: waits for the counts that the subject says when its loop has come out
    /// of select. If the loop sleeps there instead, a signal was lost, and the lab sends
    /// another one to end that.
    ///
    /// @param subject whose loop
    /// @param signal the signal's number
    /// @return the counts
    /// @throws IOException when the subject ends, or says something else
    static LoopCounts of(Subject subject, int signal) throws IOException {
        boolean lost = subject.sleepsInSelect();
        if (lost) {
            subject.kill(signal);
        }
        LoopCounts counts = of(subject);
        counts.lost = lost;
        return counts;
    }

    /// In the lab: waits for the counts that the subject says next.
    ///
    /// @param subject whose loop
    /// @return the counts
    /// @throws IOException when the subject ends, or says something else
    static LoopCounts of(Subject subject) throws IOException {
        int[] all = subject.numbers();
        LoopCounts counts = new LoopCounts();
        counts.handled = all[0];
        counts.full = all[1];
        counts.wakeUps = all[2];
        counts.taken = all[3];
        counts.seen = all[4];
        counts.collections = all[5];
        counts.signal = all[6];
        counts.sender = all[7];
        return counts;
    }
}
