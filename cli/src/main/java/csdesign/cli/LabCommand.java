// SPDX-License-Identifier: MIT
package csdesign.cli;

import csdesign.bench.Json;
import csdesign.lab.Journal;
import csdesign.lab.Lab;
import csdesign.lab.Labs;
import csdesign.range.Option;
import csdesign.range.Settings;
import csdesign.posix.Arch;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Spec;
import picocli.CommandLine;

/// `csdesign lab`: lists the labs; `csdesign lab NAME` runs one. Each is a command of its own, made from
/// [Labs], with the options that it takes.
@Command(name = "lab", description = {
        "Run an experiment: it says what you will see, does it, and judges each claim by the kernel's own figures.",
        "Without a name: list them. Exit code 1 when a claim that can be shown here was not shown, or a part of the lab failed."
}, synopsisSubcommandLabel = "[NAME]")
final class LabCommand implements Runnable {
    private static final String JSON = "--json";

    @CommandLine.Option(names = JSON, description = "For a program: the labs as a JSON array.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    /// A lab as a program reads it.
    private record Line(
            String slug, List<String> aliases, boolean interactive, boolean runsHere, String shows,
            String file, String page) {}

    @Override
    public void run() {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(
                    Json.MAPPER.writeValueAsString(
                            Labs.ENTRIES.stream().map(LabCommand::line).toList()));
        } else {
            out.printf("%-16s %-12s %s%n", "LAB", "", "WHAT IT SHOWS");
            for (Labs.Entry entry : Labs.ENTRIES) {
                out.printf(
                        "%-16s %-12s %s%s%n",
                        entry.slug(),
                        entry.interactive() ? "interactive" : "",
                        entry.shows(),
                        Arch.isSupported() ? "" : " (not here: Linux only)");
            }
            out.printf(
                    "%nAn interactive one leaves a part to you; with %s it plays all of them.%n",
                    Lab.AUTO.name());
        }
        out.flush();
    }

    private static Line line(Labs.Entry entry) {
        return new Line(
                entry.slug(),
                aliases(entry),
                entry.interactive(),
                Arch.isSupported(),
                entry.shows(),
                "core/src/main/java/csdesign/lab/" + entry.file(),
                "docs/labs/" + entry.slug() + ".md");
    }

    private static List<String> aliases(Labs.Entry entry) {
        return Labs.ALIASES.entrySet()
                .stream()
                .filter(alias -> alias.getValue().equals(entry.slug()))
                .map(Map.Entry::getKey)
                .sorted()
                .toList();
    }

    /// Adds a command for each lab.
    ///
    /// @param command `csdesign lab`
    static void describe(CommandLine command) {
        for (Labs.Entry entry : Labs.ENTRIES) {
            OneLab lab = new OneLab(entry);
            command.addSubcommand(entry.slug(), new CommandLine(lab.spec));
        }
    }

    /// `csdesign lab NAME`.
    private static final class OneLab implements Callable<Integer> {
        private final Labs.Entry entry;
        private final CommandSpec spec;

        OneLab(Labs.Entry entry) {
            this.entry = entry;
            spec = CommandSpec.wrapWithoutInspection(this);
            spec.name(entry.slug()).aliases(aliases(entry).toArray(String[]::new));
            spec.usageMessage()
                    .description(
                            "Shows " + entry.shows() + ".",
                            "The page: docs/labs/" + entry.slug() + ".md");
            flag(
                    Lab.AUTO.name(),
                    entry.interactive()
                            ? "Play all parts. Without it one is yours, as in the original."
                            : "Nothing is left to you here: it is the same without it.");
            flag(JSON, "For a program: steps and verdicts as JSON, at the end.");
            Numbers numbers = new Numbers();
            for (Option option : entry.options()) {
                spec.addOption(
                        OptionSpec.builder(option.names().toArray(String[]::new))
                                .type(Long.class)
                                .paramLabel(option.label())
                                .preprocessor(new Numbers.Reader())
                                .description(
                                        option.words() + ", ${bundle:" + option.range().name()
                                                + "}.")
                                .build());
                numbers.with(option.range(), option.byDefault());
            }
            numbers.describe(spec);
        }

        private void flag(String name, String description) {
            spec.addOption(
                    OptionSpec.builder(name).type(boolean.class).description(description).build());
        }

        private boolean isGiven(String flag) {
            return Boolean.TRUE.equals(spec.findOption(flag).getValue());
        }

        private Settings settings() {
            Settings settings = Settings.DEFAULT;
            if (isGiven(Lab.AUTO.name())) {
                settings = settings.with(Lab.AUTO);
            }
            for (Option option : entry.options()) {
                Long value = spec.findOption(option.name()).getValue();
                if (value != null) {
                    settings = settings.with(option, value);
                }
            }
            return settings;
        }

        @Override
        public Integer call() throws IOException, InterruptedException {
            Settings settings = settings();
            boolean json = isGiven(JSON);
            Journal journal = new Journal(
                    entry.slug(),
                    json
                            ? new PrintStream(
                                    OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8)
                            : System.out);
            Journal.Run run = entry.lab().toVerdicts(settings, journal);
            if (json) {
                PrintWriter out = spec.commandLine().getOut();
                out.println(Json.MAPPER.writeValueAsString(run));
                out.flush();
            }
            if (journal.failure().isPresent()) {
                throw journal.failure().get(); // said in one line, and its code is 1
            }
            return run.isShown() ? 0 : 1;
        }
    }
}
