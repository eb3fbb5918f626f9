// SPDX-License-Identifier: MIT
package csdesign.lab;

import csdesign.kit.Output;
import csdesign.range.Option;
import csdesign.range.Settings;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// An experiment: it says what will be seen, does it, and judges what was seen.
@FunctionalInterface
public interface Lab {
    /// The switch that every lab has. Without it a lab with an interactive form leaves
    /// the user's part to the user.
    Option AUTO = Option.flag("--auto", "Play all parts");

    /// Says what will be seen, does it, and judges each claim. It leaves no process,
    /// descriptor, port or file behind, however it ends.
    ///
    /// @param settings how
    /// @param journal what it writes into: claims, steps, verdicts
    /// @throws IOException when it cannot be done; never because of what is seen
    /// @throws InterruptedException when it is told to end
    void run(Settings settings, Journal journal) throws IOException, InterruptedException;

    /// Runs the lab and prints its verdicts, also if the lab fails: then the claims that
    /// it has not judged are not shown here, and the failure is the reason.
    ///
    /// @param settings how
    /// @param journal what it writes into
    /// @return the run; the caller asks the journal whether there was a failure
    /// @throws InterruptedException when it is told to end
    default Journal.Run toVerdicts(Settings settings, Journal journal)
            throws InterruptedException {
        journal.attempt(() -> run(settings, journal));
        return journal.end();
    }

    /// What the `main` of a lab file calls, so that the file runs by itself. Exit codes:
    /// 0 when every claim that can be shown here was shown, 1 when one was not, a part of
    /// the lab failed, or the output could not be written, 2 for a wrong argument.
    ///
    /// @param slug the lab's name, as in [Labs]
    /// @param lab the lab
    /// @param options those that it takes
    /// @param arguments of `main`
    static void main(String slug, Lab lab, List<Option> options, String... arguments) {
        Output.watch();
        Locale.setDefault(Locale.ROOT); // digits and points are those of the pages
        List<Option> all = Stream.concat(Stream.of(AUTO), options.stream()).toList();
        Settings settings;
        try {
            settings = Settings.parse(all, Arrays.asList(arguments));
        } catch (IllegalArgumentException e) {
            System.err.println("csdesign lab " + slug + ": " + e.getMessage());
            System.err.println("usage: " + slug + all.stream()
                    .map(option -> " " + option.usage())
                    .collect(Collectors.joining()));
            System.exit(2);
            return;
        }
        try {
            Journal journal = new Journal(slug, System.out);
            boolean shown = lab.toVerdicts(settings, journal).isShown();
            if (journal.failure().isPresent()) {
                System.err.println(
                        "csdesign lab " + slug + ": " + journal.failure().get().getMessage());
            }
            System.exit(Output.exitCode(shown && journal.failure().isEmpty() ? 0 : 1));
        } catch (InterruptedException e) {
            System.exit(1);
        }
    }
}
