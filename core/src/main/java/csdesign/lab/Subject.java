// SPDX-License-Identifier: MIT
package csdesign.lab;

import csdesign.evidence.Task;
import csdesign.kit.Nullable;
import csdesign.posix.Errno;
import csdesign.posix.Signal;
import csdesign.posix.SysWait;
import csdesign.spawn.JavaProgram;
import csdesign.spawn.JvmOptions;
import csdesign.spawn.Spawner;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/// Another JVM, in which a part of an experiment runs because it may block a signal, die
/// of one, or hang. It runs the lab's own `main`, which does there what [SubjectMain]
/// says.
///
/// The lab writes lines to its standard input and reads lines from its standard output.
/// It ends with the lab, however the lab ends. For one thread.
public final class Subject implements AutoCloseable {
    private static final long LOOK_NANOS = 50_000;

    /// Longer than any answer takes on a busy machine.
    private static final int LONGEST_SECONDS = Sockets.LONGEST_SECONDS;

    private final Arena arena = Arena.ofConfined();
    private final Errno errno = Errno.allocate(arena);
    private final LineSocket lines;
    private final int pid;
    private int status = -1;
    private Task task;

    private Subject(
            Class<?> lab, List<String> flags, int[] blocked, String... arguments)
            throws IOException {
        // How it collects and compiles is the lab's to say, whatever the user set for every
        // JVM.
        JavaProgram program = JavaProgram.of(lab)
                .only(option -> !JvmOptions.decides(option))
                .withDefault("--enable-native-access=ALL-UNNAMED", "native-access");
        List<String> allFlags = new ArrayList<>(program.flags());
        allFlags.addAll(flags);
        List<String> words = new ArrayList<>(
                List.of(SubjectMain.MARK, "" + ProcessHandle.current().pid()));
        words.addAll(List.of(arguments));
        LineSocket socket = new LineSocket();
        int started = -1;
        try (Spawner spawner = new Spawner(
                program.withFlags(allFlags).collectingSerially(), blocked)) {
            socket.limitReads(LONGEST_SECONDS);
            started = spawner.spawnTalking(words, socket.otherEnd());
        } finally {
            if (started < 0) {
                socket.close();
            }
        }
        socket.closeOtherEnd();
        lines = socket;
        pid = started;
        task = Task.of(pid);
    }

    /// Starts one.
    ///
    /// @param lab whose `main` it runs
    /// @param flags of its JVM; they come after those of this JVM
    /// @param blocked signals that are blocked in all its threads when it begins
    /// @param arguments what [SubjectMain.Play#with] is given
    /// @return the JVM, which is starting
    /// @throws IOException when it cannot be started
    public static Subject start(
            Class<?> lab, List<String> flags, int[] blocked, String... arguments)
            throws IOException {
        return new Subject(lab, flags, blocked, arguments);
    }

    /// Starts a small one and waits for its greeting: see [SubjectMain#greet].
    ///
    /// @param lab whose `main` it runs
    /// @param blocked a signal that is blocked in all its threads when it begins
    /// @return the JVM, whose thread is known
    /// @throws IOException when it cannot be started
    public static Subject blocking(Class<?> lab, int blocked) throws IOException {
        Subject subject = start(lab, List.of("-Xmx16m"), new int[] {blocked});
        try {
            subject.meet();
        } catch (IOException e) {
            subject.close();
            throw e;
        }
        return subject;
    }

    /// Its process id.
    ///
    /// @return of the JVM; its first thread, which does not run `main`, has it too
    public int pid() {
        return pid;
    }

    /// The thread that is looked at.
    ///
    /// @return by the number that it said when they met; before that, its first thread
    public Task task() {
        return task;
    }

    /// Waits for its greeting, which says the number of the thread that is looked at.
    ///
    /// @throws IOException when it ends, or says something else
    public void meet() throws IOException {
        task = new Task(pid, numbers()[0]);
    }

    /// Waits for its next line.
    ///
    /// @return without a line end; null when it has ended, or closed its output
    /// @throws IOException when reading fails, or it says why it failed
    public @Nullable String readLine() throws IOException {
        String line;
        try {
            line = lines.readLine();
        } catch (SocketTimeoutException _) {
            throw new IOException("waited " + LONGEST_SECONDS + " s until the other JVM spoke; "
                    + stateOfThread());
        }
        if (line != null && line.startsWith(SubjectMain.FAILED)) {
            throw new IOException(
                    "the other JVM: " + line.substring(SubjectMain.FAILED.length()));
        }
        return line;
    }

    /// Waits for its next line, which must come.
    ///
    /// @return without a line end
    /// @throws IOException when it ends instead: how
    public String nextLine() throws IOException {
        String line = readLine();
        if (line == null) {
            throw new IOException("the other JVM: " + SysWait.describe(waitFor()));
        }
        return line;
    }

    /// Waits for its next line, which must be numbers with a space between them.
    ///
    /// @return the numbers
    /// @throws IOException when it ends, or says something else
    public int[] numbers() throws IOException {
        String line = nextLine();
        try {
            return Stream.of(line.split(" ", -1)).mapToInt(Integer::parseInt).toArray();
        } catch (NumberFormatException _) {
            throw unexpected(line, "numbers");
        }
    }

    /// Waits for a line that says what is expected.
    ///
    /// @param text the whole line
    /// @throws IOException when it says something else, or ends
    public void expectLine(String text) throws IOException {
        String line = readLine();
        if (!text.equals(line)) {
            throw unexpected(line, "'" + text + "'");
        }
    }

    /// What it said in place of what was expected. A JVM that cannot start says why in
    /// its own words.
    ///
    /// @param line what it said; null when it has ended
    /// @param expected what it was to say
    /// @return the failure, to be thrown
    IOException unexpected(@Nullable String line, String expected) {
        if (line == null) {
            return new IOException("the other JVM ended early: " + SysWait.describe(waitFor()));
        }
        // The JVM's log begins its lines so: [0.020s][warning][os,thread]
        String ownWords = line.replaceFirst("^(\\[[^]]*\\])+ *", "");
        return new IOException(ownWords.equals(line)
                ? "the other JVM said '" + line + "' where " + expected + " was expected"
                : "the other JVM cannot start: " + ownWords);
    }

    /// Whether it has said something that was not read yet.
    ///
    /// @return true at its end too
    public boolean hasSpoken() {
        return lines.isReadable();
    }

    /// Takes away the limit on the time that [#readLine] waits: this JVM and the other
    /// one wait for a user now.
    ///
    /// @throws IOException when the kernel refuses
    public void awaitUser() throws IOException {
        lines.limitReads(0);
    }

    /// Waits until it speaks, or until there is something to read from another
    /// descriptor.
    ///
    /// @param fd the other descriptor: 0, where the user writes
    /// @return whether it has spoken
    /// @throws IOException when the kernel refuses to wait so long
    public boolean speaksBefore(int fd) throws IOException {
        awaitUser();
        return lines.isReadableBefore(fd);
    }

    /// Waits until the thread that is looked at sleeps in select or poll. See
    /// [#sleepsBeforeItSpeaks].
    ///
    /// @return whether it sleeps
    /// @throws IOException when it neither sleeps nor speaks
    public boolean sleepsInSelect() throws IOException {
        return sleepsBeforeItSpeaks("poll", "select"); // poll_schedule_timeout
    }

    /// Waits until the thread that is looked at sleeps in the kernel, or has something to
    /// say instead. A thread that sleeps and has said nothing waits for something that
    /// has not happened yet.
    ///
    /// @param functions see [Task#isAsleepIn]
    /// @return whether it sleeps
    /// @throws IOException when it neither sleeps nor speaks
    public boolean sleepsBeforeItSpeaks(String... functions) throws IOException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LONGEST_SECONDS);
        while (!hasSpoken()) {
            if (task.isAsleepIn(functions) && !hasSpoken()) {
                return true;
            }
            if (System.nanoTime() > end) {
                throw new IOException("waited %d s until the other JVM slept in %s; %s".formatted(
                        LONGEST_SECONDS, String.join(" or ", functions), stateOfThread()));
            }
            LockSupport.parkNanos(LOOK_NANOS);
        }
        return false;
    }

    private String stateOfThread() {
        return "its thread was in state " + task.state() + ", in " + task.sleepsIn();
    }

    /// Writes a line to its standard input.
    ///
    /// @param line without its end
    /// @throws IOException when it has ended
    public void write(String line) throws IOException {
        int result = lines.writeLine(line);
        if (result < 0) {
            while (readLine() != null) {
                // It may have said why it ended: readLine throws that.
            }
            throw new IOException("the other JVM has ended: send: " + Errno.say(result));
        }
    }

    /// Sends it a signal.
    ///
    /// @param signal its number; 0 sends none
    /// @return 0, or a negative errno
    public int kill(int signal) {
        return Signal.kill(errno, pid, signal);
    }

    /// Waits for its end.
    ///
    /// @return a status that [SysWait#describe] explains
    public int waitFor() {
        if (status < 0) {
            MemorySegment word = arena.allocate(ValueLayout.JAVA_INT);
            while (SysWait.waitpid(errno, pid, word, 0) == -Errno.EINTR) {
                // wait again
            }
            status = word.get(ValueLayout.JAVA_INT, 0);
        }
        return status;
    }

    @Override
    public void close() {
        if (status < 0) {
            kill(Signal.SIGKILL);
            waitFor();
        }
        lines.close();
        arena.close();
    }
}
