// SPDX-License-Identifier: MIT
package csdesign.cli;

import csdesign.bench.Json;
import csdesign.design.Catalog;
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
            String slug, String family, String needs, boolean runsHere, String technique,
            String teaches, String file, String page) {}

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

    private static Line line(Catalog.Entry entry) {
        return new Line(
                entry.slug(),
                entry.family().name().toLowerCase(Locale.ROOT),
                entry.needs().words(),
                entry.needs().areMetHere(),
                entry.technique(),
                entry.teaches(),
                "core/src/main/java/csdesign/design/" + entry.file(),
                "docs/designs/" + entry.slug() + ".md");
    }
}
