// SPDX-License-Identifier: MIT
package csdesign.lab;

import static csdesign.posix.Errno.check;

import csdesign.posix.Errno;
import csdesign.posix.Unistd;
import csdesign.process.Worker;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/// What the `main` of a lab does in the other JVM, the [Subject]: it says lines to the
/// lab by its standard output, and hears lines from the lab by its standard input.
final class SubjectMain {
    /// The first argument of a subject. The second one is the process id of its lab.
    static final String MARK = "--subject";

    /// What a subject says last when it fails; a sentence that says why comes after it.
    static final String FAILED = "failed: ";

    private SubjectMain() {}

    /// What a subject does.
    @FunctionalInterface
    interface Play {
        /// Does what the lab says, until the lab says no more.
        ///
        /// @param words that [Subject#start] was given
        /// @throws IOException whenever it fails: the lab is told why
        /// @throws InterruptedException when it is told to end
        void with(List<String> words) throws IOException, InterruptedException;
    }

    /// Whether a lab's `main` was called in a subject.
    ///
    /// @param arguments of `main`
    /// @return false when a user started the program
    static boolean isSubject(String... arguments) {
        return arguments.length > 0 && arguments[0].equals(MARK);
    }

    /// Runs a subject. From here on it ends when the lab ends. If it fails, the lab is
    /// told why.
    ///
    /// @param play what it does
    /// @param arguments of `main`
    static void play(Play play, String... arguments) {
        try {
            Worker.endWith(Integer.parseInt(arguments[1]));
            play.with(Arrays.asList(arguments).subList(2, arguments.length));
        } catch (IOException | InterruptedException | RuntimeException | Error e) {
            say(FAILED + Journal.sentence(e));
            System.exit(1);
        }
    }

    /// Says a line to the lab.
    ///
    /// @param line without a line end
    static void say(String line) {
        System.out.println(line);
        System.out.flush();
    }

    /// Says the number of the calling thread, which the lab will look at. It is the first
    /// line that the lab expects: see [Subject#meet].
    ///
    /// @param errno of the calling thread
    static void greet(Errno errno) {
        say("" + Unistd.gettid(errno));
    }

    /// Waits for a line from the lab, which writes one at a time. It is read by read(2)
    /// itself: a buffered reader would keep in its buffer what a select is to wait for.
    ///
    /// @param errno of the calling thread
    /// @return the line without its end; an empty line when the lab has ended
    /// @throws IOException when reading fails
    static String hear(Errno errno) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment line = arena.allocate(LineSocket.LINE_BYTES);
            int count = check((int) Unistd.read(errno, 0, line, line.byteSize()), "read");
            byte[] bytes = line.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE);
            return new String(bytes, StandardCharsets.US_ASCII).strip();
        }
    }
}
