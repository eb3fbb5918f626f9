// SPDX-License-Identifier: MIT
package csdesign.lab;

import csdesign.evidence.Machine;
import csdesign.evidence.NotHereException;
import csdesign.kit.Nullable;
import csdesign.posix.Errno;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.PrintStream;
import java.nio.file.FileSystemException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/// What a lab says: the claims, each step as it happens, and the verdicts. For one thread
/// at a time.
///
/// It prints while the lab runs, and keeps everything for a program that reads it as
/// JSON.
public final class Journal {
    /// A claim is a sentence: it goes on in the next line before a terminal would break
    /// it.
    private static final int MOST_COLUMNS = 100;

    /// What a column of a table has at least.
    private static final int CELL_COLUMNS = 9;

    private static final String UNJUDGED = "the lab did not come to it";

    private final String lab;
    private final PrintStream out;
    private final List<Step> steps = new ArrayList<>();
    private final Map<Claim, Judgement> verdicts = new LinkedHashMap<>();
    private List<String> columns = List.of();
    private String part = "";
    private @Nullable IOException failure;

    /// For one run.
    ///
    /// @param lab its slug
    /// @param out where it prints
    public Journal(String lab, PrintStream out) {
        this.lab = lab;
        this.out = out;
    }

    /// A part of a lab, which judges claims of its own.
    @FunctionalInterface
    public interface Part {
        /// Does it.
        ///
        /// @throws IOException when it cannot be done; never because of what is seen
        /// @throws InterruptedException when it is told to end
        void run() throws IOException, InterruptedException;
    }

    /// What became of a claim.
    public enum Verdict {
        /// It was seen.
        SHOWN,
        /// It could have been seen, and was not.
        NOT_SHOWN,
        /// It cannot be seen on this kernel or by this user, or its part of the lab
        /// failed.
        NOT_HERE
    }

    /// A step.
    ///
    /// @param part the heading it stands under
    /// @param what was done or looked at; `row` for a row of a table
    /// @param value text, a number, or the cells of a row by their columns
    public record Step(String part, String what, Object value) {}

    /// A claim and its verdict.
    ///
    /// @param claim its name
    /// @param words what it says
    /// @param verdict what became of it
    /// @param evidence what was seen, or why it cannot be
    public record Judgement(String claim, String words, Verdict verdict, String evidence) {}

    /// A whole run.
    ///
    /// @param lab its slug
    /// @param machine when and where it ran
    /// @param steps in their order
    /// @param verdicts of all claims, in their order
    public record Run(
            String lab, Machine machine, List<Step> steps, List<Judgement> verdicts) {
        /// Whether every claim was shown that can be shown here. It does not tell whether
        /// the lab ran to its end: see [Journal#failure].
        ///
        /// @return whether none was refuted
        public boolean isShown() {
            return verdicts.stream().noneMatch(one -> one.verdict() == Verdict.NOT_SHOWN);
        }
    }

    /// Prints what will be seen. A lab does this first.
    ///
    /// @param claims all of them
    public void expect(Claim... claims) {
        out.println(lab + ", " + Machine.here().words());
        out.println();
        out.println("You will see");
        for (Claim claim : claims) {
            printFolded("  " + claim.name() + ": " + claim.words());
            verdicts.put(claim, judgement(claim, Verdict.NOT_SHOWN, UNJUDGED));
        }
        out.flush();
    }

    /// Prints a line, and what has no room in it in lines below, further in.
    private void printFolded(String line) {
        String rest = line;
        while (rest.length() > MOST_COLUMNS) {
            int end = rest.lastIndexOf(' ', MOST_COLUMNS);
            out.println(rest.substring(0, end));
            rest = "      " + rest.substring(end + 1);
        }
        out.println(rest);
    }

    /// Begins a part: broken, fixed, another way.
    ///
    /// @param title a few words
    public void part(String title) {
        part = title;
        out.println();
        out.println(title);
        out.flush();
    }

    /// Does a part of the lab. If the part ends too early, the claims that it has not
    /// judged yet are not shown here, for that reason. The claims of other parts stay as
    /// they are.
    ///
    /// @param part what is done
    /// @param claims all that the part judges; none if the part is the whole lab
    /// @throws InterruptedException when the lab is told to end
    public void attempt(Part part, Claim... claims) throws InterruptedException {
        try {
            part.run();
        } catch (NotHereException e) {
            leave(sentence(e), claims);
        } catch (InterruptedIOException e) {
            throw (InterruptedException) new InterruptedException(e.getMessage()).initCause(e);
        } catch (IOException | RuntimeException | Error e) {
            fail(e, claims);
        }
    }

    private void fail(Throwable cause, Claim... claims) {
        String sentence = sentence(cause);
        if (failure == null) {
            failure = new IOException(sentence, cause);
        }
        leave(sentence, claims);
    }

    private void leave(String because, Claim... claims) {
        List<Claim> all = claims.length == 0 ? List.copyOf(verdicts.keySet()) : List.of(claims);
        for (Claim claim : all) {
            Judgement judgement = verdicts.get(claim);
            if (judgement != null && judgement.evidence().equals(UNJUDGED)) {
                notHere(claim, because);
            }
        }
    }

    /// What ended the lab, or a part of it, too early.
    ///
    /// @return a failure whose message is one sentence; nothing if all parts ran to their
    ///     ends
    public Optional<IOException> failure() {
        return Optional.ofNullable(failure);
    }

    /// Prints what happened, at once.
    ///
    /// @param what was done or looked at: `recv`
    /// @param value text or a number
    public void step(String what, Object value) {
        steps.add(new Step(part, what, value));
        out.println("  " + what + ": " + text(value));
        out.flush();
    }

    /// Repeats a line that another program, which the lab looks at, has printed.
    ///
    /// @param line as it was printed
    public void says(String line) {
        steps.add(new Step(part, "says", line));
        out.println("  " + line);
        out.flush();
    }

    /// Prints what a system call answered: `recv: ECONNRESET (104)`.
    ///
    /// @param what the call
    /// @param result its value, or a negative errno
    public void call(String what, long result) {
        step(what, Errno.say(result));
    }

    /// Begins a table. The first column is as wide as its name and at least 24, so that a
    /// name fits.
    ///
    /// @param names of its columns
    public void columns(String... names) {
        columns = List.of(names);
        print((Object[]) names);
    }

    /// Adds a row to the table.
    ///
    /// @param cells one for each column: text or numbers
    public void row(Object... cells) {
        Map<String, Object> row = new LinkedHashMap<>();
        for (int i = 0; i < cells.length; i++) {
            row.put(columns.get(i), cells[i]);
        }
        steps.add(new Step(part, "row", row));
        print(cells);
    }

    private void print(Object... cells) {
        StringBuilder line = new StringBuilder("  ");
        for (int i = 0; i < cells.length; i++) {
            int name = columns.get(i).length();
            int width = i == 0 ? Math.max(name, 24) : Math.max(name, CELL_COLUMNS);
            line.append(i == 0 ? "" : "  ").append(
                    ("%" + (i == 0 ? "-" : "") + width + "s").formatted(text(cells[i])));
        }
        out.println(line.toString().stripTrailing());
        out.flush();
    }

    /// Judges a claim by what was seen.
    ///
    /// @param claim one that was expected
    /// @param shown whether it was seen
    /// @param evidence what was seen, in the kernel's figures
    public void judge(Claim claim, boolean shown, String evidence) {
        put(claim, judgement(claim, shown ? Verdict.SHOWN : Verdict.NOT_SHOWN, evidence));
    }

    /// Records that a claim cannot be seen by this user or on this kernel.
    ///
    /// @param claim one that was expected
    /// @param because why, and what would help
    public void notHere(Claim claim, String because) {
        put(claim, judgement(claim, Verdict.NOT_HERE, because));
    }

    private void put(Claim claim, Judgement judgement) {
        if (verdicts.put(claim, judgement) == null) {
            throw new IllegalArgumentException(claim.name() + " was not expected");
        }
    }

    private static Judgement judgement(Claim claim, Verdict verdict, String evidence) {
        return new Judgement(claim.name(), claim.words(), verdict, evidence);
    }

    /// Prints the verdicts.
    ///
    /// @return the run
    public Run end() {
        out.println();
        out.println("Verdicts");
        for (Judgement one : verdicts.values()) {
            out.println("  " + one.claim() + ": " + switch (one.verdict()) {
                case SHOWN -> "shown: ";
                case NOT_SHOWN -> "not shown: ";
                case NOT_HERE -> "not shown here, because ";
            } + one.evidence());
        }
        out.flush();
        return new Run(
                lab, Machine.here(), List.copyOf(steps), List.copyOf(verdicts.values()));
    }

    /// A failure in one line: the first of its causes that was written for a reader. If
    /// none was, the last cause, with its class before it.
    static String sentence(Throwable failure) {
        Throwable cause = failure;
        while (!speaks(cause) && cause.getCause() != null) {
            cause = cause.getCause();
        }
        String kind = speaks(cause) ? "" : cause.getClass().getSimpleName() + ": ";
        String words = (kind + cause.getMessage()).replaceAll("\\s+", " ");
        String remedy = remedy(words);
        // A failure of another thread has its remedy already.
        return words.endsWith(remedy) ? words : words + remedy;
    }

    /// What helps against the limits that a lab meets first.
    private static String remedy(String words) {
        if (Stream.of("EMFILE", "Too many open files", "F_DUPFD").anyMatch(words::contains)) {
            return "; it needs more descriptors: ulimit -n 1024";
        }
        return words.contains("native thread")
                ? "; this user may have no more threads: see ulimit -u"
                : "";
    }

    private static boolean speaks(Throwable cause) {
        // Its message is the name of a file, and tells nothing else.
        boolean namesAFile = cause instanceof FileSystemException;
        boolean isWritten = (cause instanceof IOException && !namesAFile)
                || cause instanceof UnsupportedOperationException;
        return isWritten && cause.getMessage() != null;
    }

    private static String text(Object value) {
        return switch (value) {
            case Double number -> String.format(Locale.ROOT, "%,.2f", number);
            case Long number -> String.format(Locale.ROOT, "%,d", number);
            case Integer number -> String.format(Locale.ROOT, "%,d", number);
            default -> value.toString();
        };
    }
}
