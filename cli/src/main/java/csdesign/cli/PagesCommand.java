// SPDX-License-Identifier: MIT
package csdesign.cli;

import csdesign.bench.Results;
import csdesign.docs.Pages;
import csdesign.kit.Nullable;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `csdesign pages`: writes into the pages of this checkout what they take from elsewhere. For those
/// who change csdesign.
@Command(name = "pages", hidden = true, description = {
        "Write into docs and README what they take from the sources and from docs/results: regions"
                + " of the code, pictures, lists, figures.",
        "Exit codes: 0 all is written, 2 bad usage."
})
final class PagesCommand implements Callable<Integer> {
    @Option(names = "--latest", paramLabel = "FILE", description = "Before that, make the results.json of a bench the measurement that the pages show: it is copied to docs/results/latest.json.")
    private @Nullable String latest;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        if (!Files.isDirectory(Pages.home().resolve("docs/results"))) {
            throw wrong(Pages.home() + " is no checkout of csdesign: change to its top folder");
        }
        PrintWriter out = spec.commandLine().getOut();
        if (latest != null) {
            show(Path.of(latest));
            out.println("wrote " + Pages.home().relativize(Pages.latest()));
        }
        try {
            List<Path> written = Pages.write();
            written.forEach(page -> out.println("wrote " + Pages.home().relativize(page)));
            out.println(written.isEmpty() ? "all pages are as they should be" : "");
        } catch (IllegalArgumentException e) {
            throw wrong(String.valueOf(e.getMessage()));
        }
        out.flush();
        return 0;
    }

    private void show(Path file) throws IOException {
        String json;
        try {
            json = Files.readString(file);
            if (!Results.parse(json).areRight()) {
                throw wrong(
                        "--latest is " + file + ": it was interrupted, or a row has failed. Measure"
                                + " again");
            }
        } catch (IOException | IllegalArgumentException e) {
            throw wrong("--latest is " + file + ": " + e.getMessage());
        }
        Files.writeString(Pages.latest(), json);
    }

    private ParameterException wrong(String why) {
        return new ParameterException(spec.commandLine(), why);
    }
}
