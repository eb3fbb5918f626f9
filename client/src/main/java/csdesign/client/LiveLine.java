// SPDX-License-Identifier: MIT
package csdesign.client;

import java.io.Console;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/// A line on standard error that says how far a run is, written over itself four times a
/// second. It uses no colour and no escape sequence: a carriage return, and blanks over
/// what was longer.
public final class LiveLine implements AutoCloseable {
    private static final long PERIOD_MILLIS = 250;

    private final Progress progress;
    private final Thread thread;
    private int width;

    private LiveLine(Progress progress) {
        this.progress = progress;
        thread = Thread.ofPlatform().daemon().name("live-line").start(this::run);
    }

    /// Shows a run from now on, until closed.
    ///
    /// @param progress of the run
    /// @return what ends it and leaves the line blank
    public static LiveLine show(Progress progress) {
        return new LiveLine(progress);
    }

    /// Whether standard error is a terminal.
    ///
    /// @return false when that cannot be known
    public static boolean isTerminal() {
        Path stderr = Path.of("/proc/self/fd/2");
        if (Files.isSymbolicLink(stderr)) {
            try {
                String name = Files.readSymbolicLink(stderr).toString();
                return name.startsWith("/dev/pts/") || name.startsWith("/dev/tty")
                        || name.equals("/dev/console");
            } catch (IOException e) {
                return false;
            }
        }
        // Knows standard input and output alone, and is absent where there is no console at all.
        return Optional.ofNullable(System.console()).map(Console::isTerminal).orElse(false);
    }

    private void run() {
        try {
            while (true) {
                Thread.sleep(PERIOD_MILLIS);
                write(text(progress));
            }
        } catch (InterruptedException e) {
            write("");
        }
    }

    /// What the line says.
    static String text(Progress progress) {
        double seconds = progress.seconds();
        double left = progress.secondsLeft();
        long requests = progress.requests();
        String text = switch (progress.phase()) {
            case WARM_UP -> "warm-up";
            case MEASURING -> String.format(
                    Locale.ROOT,
                    "%d requests, %.0f/s",
                    requests,
                    seconds > 0 ? requests / seconds : 0);
            case ENDING -> requests + " requests, waiting for the last answers";
        };
        return text + ", " + progress.errors() + " errors"
                + (left < 0 ? "" : String.format(Locale.ROOT, ", %.0f s left", left));
    }

    /// Something to be known at once, in a line of its own.
    ///
    /// @param line what happened
    public synchronized void say(String line) {
        write("");
        System.err.println(line);
    }

    private synchronized void write(String text) {
        System.err.print("\r" + text + " ".repeat(Math.max(0, width - text.length()))
                + (text.isEmpty() ? "\r" : ""));
        System.err.flush();
        width = text.length();
    }

    @Override
    public void close() {
        thread.interrupt();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
