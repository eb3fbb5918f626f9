// SPDX-License-Identifier: MIT
package csdesign.bench;

import csdesign.spawn.JvmOptions;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/// A process that takes and gives lines, and ends when its standard input does. So it ends with
/// this process too, even by `kill -9`.
final class BenchProcess implements AutoCloseable, Interruption.Ending {
    /// How much of its standard error is kept: the last lines tell why it ended.
    private static final int MOST_COMPLAINTS = 12;

    /// How long it may take to end by itself once its input has ended.
    private static final long END_MILLIS = 3_000;

    /// How long after its connections broke a process may take to be gone.
    private static final long LAST_WORDS_MILLIS = 300;

    private static final long KILL_MILLIS = 5_000;

    private final String name;
    private final Process process;
    private final BufferedWriter input;
    private final BlockingQueue<Optional<String>> lines = new LinkedBlockingQueue<>();
    private final Deque<String> complaints = new ArrayDeque<>();
    private final Thread complaintReader;

    private BenchProcess(String name, Process process) {
        this.name = name;
        this.process = process;
        input = process.outputWriter();
        Thread.ofPlatform().daemon().name(name + "-stdout").start(this::readLines);
        complaintReader = Thread.ofPlatform()
                .daemon()
                .name(name + "-stderr")
                .start(this::readComplaints);
    }

    /// Starts it.
    ///
    /// @param name what messages call it
    /// @param command the program and its arguments
    /// @param cpus where it may run, or none for anywhere
    /// @throws IOException when there is no such program, or it cannot run there
    static BenchProcess start(String name, List<String> command, Cpus cpus) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command);
        // All have the same flags, and no debugger's port: see Environment#withheld.
        builder.environment().keySet().removeAll(JvmOptions.VARIABLES);
        Process process = Affinity.start(builder, cpus);
        try {
            return new BenchProcess(name, process);
        } catch (OutOfMemoryError noThread) {
            process.destroyForcibly();
            throw new BenchException(
                    name + " was started, but no thread to read from it: " + noThread.getMessage()
                            + ". Raise the limit (ulimit -u), or measure fewer at once");
        }
    }

    /// Its process id.
    long pid() {
        return process.pid();
    }

    /// Says a line to it.
    ///
    /// @throws BenchException when it has ended
    void say(String line) throws InterruptedException, BenchException {
        try {
            input.write(line);
            input.newLine();
            input.flush();
        } catch (IOException ended) {
            throw ended();
        }
    }

    /// The next line that it says.
    ///
    /// @param timeoutMillis how long to wait for it
    /// @param what it should say, in the message when it does not
    /// @throws BenchException when it has ended, or says nothing in time
    String line(long timeoutMillis, String what) throws InterruptedException, BenchException {
        Optional<String> line = lines.poll(timeoutMillis, TimeUnit.MILLISECONDS);
        if (line == null) {
            throw new BenchException(
                    name + " (pid " + pid() + ") did not say " + what + " within "
                            + timeoutMillis / 1_000.0 + " s" + complaints());
        }
        if (line.isEmpty()) {
            lines.add(line); // for the next caller
            throw ended();
        }
        return line.get();
    }

    private BenchException ended() throws InterruptedException {
        process.waitFor(KILL_MILLIS, TimeUnit.MILLISECONDS);
        complaintReader.join(KILL_MILLIS);
        return new BenchException(
                name + " (pid " + pid() + ") ended"
                        + (process.isAlive() ? "" : " with exit code " + process.exitValue())
                        + complaints());
    }

    /// How it ended, when it has ended or does so at once.
    ///
    /// @return its exit code and last words, or nothing when it lives
    Optional<String> end() throws InterruptedException {
        return process.waitFor(LAST_WORDS_MILLIS, TimeUnit.MILLISECONDS)
                ? Optional.of(String.valueOf(ended().getMessage()))
                : Optional.empty();
    }

    private String complaints() {
        synchronized (complaints) {
            return complaints.isEmpty() ? "" : ": " + String.join("\n", complaints);
        }
    }

    private void readLines() {
        try (BufferedReader reader = process.inputReader()) {
            for (String line; (line = reader.readLine()) != null;) {
                lines.add(Optional.of(line));
            }
        } catch (IOException e) {
            // as at the end
        }
        lines.add(Optional.empty());
    }

    private void readComplaints() {
        try (BufferedReader reader = process.errorReader()) {
            for (String line; (line = reader.readLine()) != null;) {
                synchronized (complaints) {
                    complaints.add(line);
                    if (complaints.size() > MOST_COMPLAINTS) {
                        complaints.remove();
                    }
                }
            }
        } catch (IOException e) {
            // as at the end
        }
    }

    /// Ends its input, and so asks it to end.
    @Override
    public void ask() {
        try {
            input.close();
        } catch (IOException ended) {
            // It has ended by itself.
        }
    }

    /// Ends it at once.
    @Override
    public void kill() {
        process.destroyForcibly();
    }

    /// Whether it has not ended yet.
    boolean isAlive() {
        return process.isAlive();
    }

    /// Ends it: by itself if it does so soon, by SIGKILL otherwise. It is gone afterwards.
    @Override
    public void close() {
        ask();
        try {
            if (!process.waitFor(END_MILLIS, TimeUnit.MILLISECONDS)) {
                kill();
                process.waitFor(KILL_MILLIS, TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException e) {
            kill();
            Thread.currentThread().interrupt();
        }
    }
}
