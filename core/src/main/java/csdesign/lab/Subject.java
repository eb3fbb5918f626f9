// SPDX-License-Identifier: MIT
package csdesign.lab;

import static csdesign.posix.Errno.check;

import csdesign.evidence.Task;
import csdesign.kit.Nullable;
import csdesign.posix.Errno;
import csdesign.posix.Signal;
import csdesign.posix.SysPoll;
import csdesign.posix.SysSocket;
import csdesign.posix.SysWait;
import csdesign.posix.Unistd;
import csdesign.process.Worker;
import csdesign.spawn.JavaProgram;
import csdesign.spawn.JvmOptions;
import csdesign.spawn.Spawner;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/// Another JVM, in which a lab's `main` runs what is looked at: it may block a signal,
/// die of one, or hang. What it prints is read here line by line, and what is written
/// here is its standard input. It ends with the lab, however that ends.
///
/// For one thread: the other JVM ends with it.
public final class Subject implements AutoCloseable {
    private static final String MARK = "--subject";
    private static final long LOOK_NANOS = 50_000;
    private static final int LINE_BYTES = 4_096;

    /// What it says last when it fails, with a sentence after it.
    private static final String FAILED = "failed: ";

    /// Longer than any answer takes on a busy machine.
    private static final int LONGEST_SECONDS = Sockets.LONGEST_SECONDS;

    private final Arena arena = Arena.ofConfined();
    private final Errno errno = Errno.allocate(arena);
    private final MemorySegment bytes = arena.allocate(LINE_BYTES);
    private final MemorySegment fds = arena.allocate(2L * SysPoll.POLLFD_BYTES, 8);
    private final StringBuilder unread = new StringBuilder();
    private final int socket;
    private final int pid;
    private int status = -1;
    private Task task;

    private Subject(
            Class<?> lab, List<String> flags, int[] blocked, String... arguments)
            throws IOException {
        MemorySegment pair = arena.allocate(ValueLayout.JAVA_INT, 2);
        int type = SysSocket.SOCK_STREAM | SysSocket.SOCK_CLOEXEC;
        check(SysSocket.socketpair(errno, SysSocket.AF_UNIX, type, 0, pair), "socketpair");
        socket = pair.getAtIndex(ValueLayout.JAVA_INT, 0);
        limit(LONGEST_SECONDS);
        int theirs = pair.getAtIndex(ValueLayout.JAVA_INT, 1);
        // How it collects and compiles is the lab's to say, whatever the user set for every JVM.
        JavaProgram program = JavaProgram.of(lab)
                .only(option -> !JvmOptions.decides(option))
                .withDefault("--enable-native-access=ALL-UNNAMED", "native-access");
        List<String> all = new ArrayList<>(program.flags());
        all.addAll(flags);
        List<String> words = new ArrayList<>(
                List.of(MARK, "" + ProcessHandle.current().pid()));
        words.addAll(List.of(arguments));
        int started = -1;
        try (Spawner spawner = new Spawner(
                program.withFlags(all).collectingSerially(), blocked)) {
            started = spawner.spawnTalking(words, theirs);
        } finally {
            Unistd.close(errno, theirs);
            if (started < 0) {
                Unistd.close(errno, socket);
            }
        }
        pid = started;
        task = Task.of(pid); // until they meet
    }

    /// Starts one.
    ///
    /// @param lab whose `main` it runs
    /// @param flags of its JVM, after those of this one
    /// @param blocked signals that all its threads begin with blocked
    /// @param arguments what [#arguments] gives it
    /// @return it
    /// @throws IOException when it cannot be started
    public static Subject start(
            Class<?> lab, List<String> flags, int[] blocked, String... arguments)
            throws IOException {
        return new Subject(lab, flags, blocked, arguments);
    }

    /// Starts a small one that greets, and waits for that.
    ///
    /// @param lab whose `main` it runs
    /// @param blocked a signal that all its threads begin with blocked
    /// @return it
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

    /// Whether these are the arguments of one.
    ///
    /// @param arguments of `main`
    /// @return false when a user started the program
    public static boolean isOne(String... arguments) {
        return arguments.length > 0 && arguments[0].equals(MARK);
    }

    private static List<String> arguments(String... arguments) throws IOException {
        Worker.endWith(Integer.parseInt(arguments[1]));
        return Arrays.asList(arguments).subList(2, arguments.length);
    }

    /// What such a JVM does.
    @FunctionalInterface
    public interface Play {
        /// Does it, until the lab says no more.
        ///
        /// @param words that [#start] was given
        /// @throws IOException as it likes: the lab is told
        /// @throws InterruptedException when it is told to end
        void with(List<String> words) throws IOException, InterruptedException;
    }

    /// What the `main` of a lab does in such a JVM: from here on it ends with the lab; if
    /// it fails, the lab is told why.
    ///
    /// @param play what it does
    /// @param arguments of `main`
    public static void play(Play play, String... arguments) {
        try {
            play.with(arguments(arguments));
        } catch (IOException | InterruptedException | RuntimeException | Error e) {
            say(FAILED + Journal.sentence(e));
            System.exit(1);
        }
    }

    /// What such a JVM says to the lab.
    ///
    /// @param line without a line end
    public static void say(String line) {
        System.out.println(line);
        System.out.flush();
    }

    /// What the thread that is looked at says first: its number.
    ///
    /// @param errno of the calling thread
    public static void greet(Errno errno) {
        say("" + Unistd.gettid(errno));
    }

    /// What such a JVM hears from the lab, which writes one line at a time. It is read by
    /// the system call alone: a reader would keep in its buffer what a select waits for.
    ///
    /// @param errno of the calling thread
    /// @return a line without its end; nothing at the end
    /// @throws IOException when reading fails
    public static String hear(Errno errno) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment line = arena.allocate(LINE_BYTES);
            int count = check((int) Unistd.read(errno, 0, line, LINE_BYTES), "read");
            byte[] bytes = line.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE);
            return new String(bytes, StandardCharsets.US_ASCII).strip();
        }
    }

    /// Its process id.
    ///
    /// @return of the JVM; its first thread, which does not run `main`, has it too
    public int pid() {
        return pid;
    }

    /// Waits for its next line.
    ///
    /// @return without a line end; null when it has ended, or closed its output
    /// @throws IOException when reading fails
    public @Nullable String readLine() throws IOException {
        while (unread.indexOf("\n") < 0) {
            long count = SysSocket.recv(errno, socket, bytes, bytes.byteSize(), 0);
            if (count == -Errno.EINTR) {
                continue;
            }
            if (count == 0 || count == -Errno.ECONNRESET) { // it left something unread
                return null;
            }
            if (count == -Errno.EAGAIN) {
                throw new IOException("waited " + LONGEST_SECONDS + " s until the other JVM"
                        + " spoke; " + where());
            }
            if (count < 0) {
                throw new IOException("the other JVM: recv: " + Errno.say(count));
            }
            byte[] read = bytes.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE);
            unread.append(new String(read, StandardCharsets.US_ASCII));
        }
        int end = unread.indexOf("\n");
        String line = unread.substring(0, end);
        unread.delete(0, end + 1);
        if (line.startsWith(FAILED)) {
            throw new IOException("the other JVM: " + line.substring(FAILED.length()));
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

    /// What it said instead. A JVM that cannot start says so in its own words.
    ///
    /// @param line that it said; null when it has ended
    /// @param expected what it was to say
    /// @return the failure
    IOException unexpected(@Nullable String line, String expected) {
        if (line == null) {
            return new IOException("the other JVM ended early: " + SysWait.describe(waitFor()));
        }
        String jvms = line.replaceFirst("^(\\[[^]]*\\])+ *", ""); // [0.020s][warning] ...
        return new IOException(jvms.equals(line)
                ? "the other JVM said '" + line + "' where " + expected + " was expected"
                : "the other JVM cannot start: " + jvms);
    }

    /// Whether there is something to read now.
    ///
    /// @return true at its end too
    public boolean hasSpoken() {
        SysPoll.set(fds, 0, socket, SysPoll.POLLIN);
        return unread.indexOf("\n") >= 0 || SysPoll.poll(errno, fds, 1, 0) > 0;
    }

    /// Waits for its greeting.
    ///
    /// @throws IOException when it ends, or says something else
    public void meet() throws IOException {
        task = new Task(pid, numbers()[0]);
    }

    /// The thread that is looked at.
    ///
    /// @return by the number that it said when they met
    public Task task() {
        return task;
    }

    /// Has no limit from now on: it is a user whom this JVM and the other one wait for.
    ///
    /// @throws IOException when the kernel refuses
    public void awaitUser() throws IOException {
        limit(0);
    }

    private void limit(int seconds) throws IOException {
        MemorySegment limit = arena.allocate(16, 8); // struct timeval
        limit.set(ValueLayout.JAVA_LONG, 0, seconds);
        check(
                SysSocket.setsockopt(errno, socket, SysSocket.SOL_SOCKET, SysSocket.SO_RCVTIMEO,
                        limit, 16),
                "setsockopt", "SO_RCVTIMEO");
    }

    private String where() {
        return "its thread was in state " + task.state() + ", in " + task.sleepsIn();
    }

    /// Waits until there is something to read, here or there.
    ///
    /// @param fd another descriptor: 0, where the user writes
    /// @return whether it is here
    /// @throws IOException when the kernel refuses to wait so long
    public boolean speaksBefore(int fd) throws IOException {
        awaitUser();
        SysPoll.set(fds, 0, socket, SysPoll.POLLIN);
        SysPoll.set(fds, 1, fd, SysPoll.POLLIN);
        while (unread.indexOf("\n") < 0 && SysPoll.poll(errno, fds, 2, -1) < 0) {
            // EINTR: again
        }
        return hasSpoken();
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
    /// say instead. A thread that sleeps and has said nothing waits for what has not
    /// happened yet.
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
                        LONGEST_SECONDS, String.join(" or ", functions), where()));
            }
            LockSupport.parkNanos(LOOK_NANOS);
        }
        return false;
    }

    /// Writes a line to its standard input.
    ///
    /// @param line without its end
    /// @throws IOException when it has ended
    public void write(String line) throws IOException {
        byte[] text = (line + "\n").getBytes(StandardCharsets.US_ASCII);
        MemorySegment.copy(text, 0, bytes, ValueLayout.JAVA_BYTE, 0, text.length);
        long sent = SysSocket.send(errno, socket, bytes, text.length, SysSocket.MSG_NOSIGNAL);
        if (sent < text.length) {
            while (readLine() != null) {
                // what it said before it ended: maybe why
            }
            throw new IOException("the other JVM has ended: send: " + Errno.say(sent));
        }
    }

    /// Sends it a signal.
    ///
    /// @param signal its number
    /// @return 0, or a negative errno
    public int kill(int signal) {
        return Signal.kill(errno, pid, signal);
    }

    /// Takes bytes out of a pipe of its, by a descriptor of this process.
    ///
    /// @param fd the read end there
    /// @param count how many
    /// @return how many there were
    /// @throws IOException when it has no such descriptor
    public int drain(int fd, int count) throws IOException {
        try (InputStream in = Files.newInputStream(Path.of("/proc/" + pid + "/fd/" + fd))) {
            return in.readNBytes(count).length;
        }
    }

    /// Waits for its end.
    ///
    /// @return for [SysWait#describe]
    public int waitFor() {
        if (status < 0) {
            MemorySegment word = arena.allocate(ValueLayout.JAVA_INT);
            while (SysWait.waitpid(errno, pid, word, 0) == -Errno.EINTR) {
                // again
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
        Unistd.close(errno, socket);
        arena.close();
    }
}
