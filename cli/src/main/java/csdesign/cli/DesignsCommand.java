// SPDX-License-Identifier: MIT
package csdesign.cli;

import csdesign.bench.Json;
import csdesign.design.Catalog;
import csdesign.design.Design;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `csdesign designs`: the catalog.
@Command(name = "designs", description = "List the designs: what each does and needs here.")
final class DesignsCommand implements Runnable {
    @Option(names = "--json", description = "For a program: a JSON array.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    /// A design as a program reads it.
    private record Line(
            String slug, String family, String servedBy, String needs, boolean runsHere,
            String technique, String teaches, List<OptionLine> options, String file,
            String page) {}

    /// An option that only some designs have.
    private record OptionLine(
            String name, boolean isSwitch, long byDefault, long least, long most, String words) {}

    @Override
    public void run() {
        List<Line> lines = Catalog.ENTRIES.stream().map(DesignsCommand::line).toList();
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(Json.MAPPER.writeValueAsString(lines));
        } else {
            out.printf("%-20s %-10s %-11s %s%n", "DESIGN", "FAMILY", "RUNS ON", "WHAT IT DOES");
            for (Line line : lines) {
                out.printf(
                        "%-20s %-10s %-11s %s%s%n",
                        line.slug,
                        line.family,
                        line.needs,
                        line.technique,
                        line.runsHere ? "" : " (not here)");
            }
        }
        out.flush();
    }

    private static Line line(Design entry) {
        return new Line(
                entry.slug(),
                lower(entry.family()),
                lower(entry.servedBy()),
                entry.needs().words(),
                entry.needs().areMetHere(),
                entry.technique(),
                entry.teaches(),
                entry.options().stream().map(DesignsCommand::line).toList(),
                "core/src/main/java/csdesign/design/" + entry.file(),
                "docs/designs/" + entry.slug() + ".md");
    }

    private static OptionLine line(csdesign.range.Option option) {
        return new OptionLine(
                option.name(),
                option.isFlag(),
                option.byDefault(),
                option.least(),
                option.most(),
                option.words());
    }

    /// As it is written in a word: `one-thread`.
    private static String lower(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
