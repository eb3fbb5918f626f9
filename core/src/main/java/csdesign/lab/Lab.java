// SPDX-License-Identifier: MIT
package csdesign.lab;

import csdesign.kit.Output;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/// An experiment.
@FunctionalInterface
public interface Lab {
    /// Says what will be seen, does it, and judges each claim. It leaves no process,
    /// descriptor, port or file behind, however it ends.
    ///
    /// @param settings how
    /// @param journal what it writes into: claims, steps, verdicts
    /// @throws IOException when it cannot be done; never because of what is seen
    /// @throws InterruptedException when it shall end
    void run(Settings settings, Journal journal) throws IOException, InterruptedException;

    /// What the `main` of a lab file calls, so that the file runs by itself. Exit codes:
    /// 0 when every claim that can be shown here was shown, 1 when one was not or the
    /// output could not be written, 2 for a wrong argument.
    ///
    /// @param slug the lab's name, as in [Labs]
    /// @param lab the lab
    /// @param options those that it takes
    /// @param arguments of `main`
    static void main(String slug, Lab lab, List<Option> options, String... arguments) {
        Output.watch();
        Locale.setDefault(Locale.ROOT); // digits and points are those of the pages
        Settings settings;
        try {
            settings = Settings.parse(options, arguments);
        } catch (IllegalArgumentException e) {
            System.err.println("csdesign lab " + slug + ": " + e.getMessage());
            System.err.println("usage: " + slug + " [" + Settings.AUTO + "]" + options.stream()
                    .map(one -> " [" + one.names().getLast() + " " + one.label() + "]")
                    .collect(Collectors.joining()));
            System.exit(2);
            return;
        }
        try {
            Journal journal = new Journal(slug, System.out);
            lab.run(settings, journal);
            System.exit(Output.exitCode(journal.end().isShown() ? 0 : 1));
        } catch (IOException | UnsupportedOperationException e) {
            System.err.println("csdesign lab " + slug + ": " + e.getMessage());
            System.exit(1);
        } catch (InterruptedException e) {
            System.exit(1);
        }
    }
}
