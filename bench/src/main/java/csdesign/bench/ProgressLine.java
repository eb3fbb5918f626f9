// SPDX-License-Identifier: MIT
package csdesign.bench;

import java.io.PrintWriter;
import java.util.Locale;

/// Says how far a bench is: one line that is written over itself on a terminal, a line for each
/// round elsewhere. No colour, and no escape sequence.
public final class ProgressLine implements AutoCloseable {
    private static final long PERIOD_MILLIS = 500;
    private static final int MOST_COLUMNS = 79;

    private final PrintWriter out;
    private final boolean live;
    private final Schedule schedule = new Schedule();
    private final Thread ticker;
    private String doing = "";
    private int width;

    /// Begins.
    ///
    /// @param out where to
    /// @param live whether that is a terminal
    public ProgressLine(PrintWriter out, boolean live) {
        this.out = out;
        this.live = live;
        ticker = Thread.ofPlatform().daemon().name("progress").unstarted(this::tick);
        if (live) {
            ticker.start();
        }
    }

    Schedule schedule() {
        return schedule;
    }

    /// A step begins.
    synchronized void begin(Schedule.Step step, String what) {
        schedule.begin(step, System.nanoTime());
        doing = what;
        show();
    }

    /// It has ended.
    synchronized void end() {
        schedule.end(System.nanoTime());
    }

    /// A part is done: a line where nothing moves.
    synchronized void done(String what) {
        if (!live) {
            out.println("csdesign bench: " + what + "; " + left());
            out.flush();
        }
    }

    /// Something to be known at once, in a line of its own.
    ///
    /// @param line what happened
    public synchronized void say(String line) {
        clear();
        out.println("csdesign bench: " + line);
        out.flush();
    }

    private void tick() {
        try {
            while (true) {
                Thread.sleep(PERIOD_MILLIS);
                show();
            }
        } catch (InterruptedException e) {
            // closed
        }
    }

    private synchronized void show() {
        if (live && !doing.isEmpty()) {
            String text = doing + ", " + left();
            String line = text.substring(0, Math.min(MOST_COLUMNS, text.length()));
            out.print("\r" + line + " ".repeat(Math.max(0, width - line.length())));
            out.flush();
            width = line.length();
        }
    }

    private synchronized void clear() {
        if (width > 0) {
            out.print("\r" + " ".repeat(width) + "\r");
            out.flush();
            width = 0;
        }
    }

    private String left() {
        long seconds = Math.round(schedule.secondsLeft(System.nanoTime()));
        return seconds < 100
                ? seconds + " s left"
                : String.format(
                        Locale.ROOT, "%d min %02d s left", seconds / 60, seconds % 60);
    }

    /// Ends, and leaves no half line behind.
    @Override
    public void close() {
        ticker.interrupt();
        synchronized (this) {
            doing = "";
            clear();
        }
    }
}
