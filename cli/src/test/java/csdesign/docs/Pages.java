// SPDX-License-Identifier: MIT
package csdesign.docs;

import csdesign.design.Catalog;
import csdesign.lab.Labs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// The documentation as the tests read it.
final class Pages {
    private Pages() {}

    /// The source tree that is tested.
    static Path home() {
        return Path.of(System.getProperty("csdesign.home"));
    }

    /// Every Markdown file that a reader may open, the repository's own and those under docs.
    static List<Path> all() throws IOException {
        List<Path> all = new ArrayList<>();
        try (Stream<Path> top = Files.list(home());
                Stream<Path> docs = Files.walk(home().resolve("docs"))) {
            Stream.concat(top, docs).filter(path -> path.toString().endsWith(".md"))
                    .forEach(all::add);
        }
        return all;
    }

    /// The page of a design.
    static Path of(Catalog.Entry entry) {
        return home().resolve("docs/designs/" + entry.slug() + ".md");
    }

    /// The page of a lab.
    static Path of(Labs.Entry entry) {
        return home().resolve("docs/labs/" + entry.slug() + ".md");
    }

    /// The lines between `// @start region="NAME"` and `// @end`, moved to the left edge.
    static List<String> region(Path source, String name) throws IOException {
        List<String> lines = Files.readAllLines(source);
        int start = indexOf(lines, "// @start region=\"" + name + "\"", 0);
        int end = indexOf(lines, "// @end", start);
        List<String> region = lines.subList(start + 1, end);
        int margin = region.stream()
                .filter(line -> !line.isBlank())
                .mapToInt(line -> line.length() - line.stripLeading().length())
                .min()
                .orElse(0);
        return region.stream().map(line -> line.isBlank() ? "" : line.substring(margin)).toList();
    }

    private static int indexOf(List<String> lines, String text, int from) {
        for (int i = from; i < lines.size(); i++) {
            if (lines.get(i).strip().equals(text)) {
                return i;
            }
        }
        throw new IllegalArgumentException("no line '" + text + "'");
    }

    /// A page with its regions and tables as the sources have them now.
    static List<String> generated(List<String> page) throws IOException {
        List<String> out = new ArrayList<>();
        for (int i = 0; i < page.size(); i++) {
            String line = page.get(i);
            out.add(line);
            if (line.startsWith("<!-- region ")) {
                String[] words = line.split(" ", -1);
                out.add("```java");
                out.addAll(region(home().resolve(words[2]), words[3]));
                out.add("```");
                i = indexOf(page, "```", i + 2);
            } else if (line.equals("<!-- catalog -->")) {
                out.addAll(catalog());
                i = indexOf(page, "<!-- end -->", i) - 1;
            } else if (line.equals("<!-- labs -->")) {
                out.addAll(labs());
                i = indexOf(page, "<!-- end -->", i) - 1;
            } else if (line.matches("<!-- (numbers|plot|comparison) .*")) {
                String[] words = line.split(" ", -1);
                Numbers numbers = Numbers.of(home().resolve(words[2]));
                out.addAll(
                        switch (words[1]) {
                            case "plot" -> numbers.plot();
                            case "comparison" -> numbers.comparison();
                            default -> numbers.table(words[3]);
                        });
                i = indexOf(page, "<!-- end -->", i) - 1;
            }
        }
        return out;
    }

    private static List<String> catalog() {
        List<String> table = new ArrayList<>();
        table.add("| design | technique | what it teaches | runs on | file | page |");
        table.add("|---|---|---|---|---|---|");
        for (Catalog.Entry entry : Catalog.ENTRIES) {
            table.add(String.format(
                    "| `%s` | %s | %s | %s | [%s](core/src/main/java/csdesign/design/%s) |"
                            + " [page](docs/designs/%s.md) |",
                    entry.slug(),
                    entry.technique(),
                    entry.teaches(),
                    entry.needs().words(),
                    entry.file(),
                    entry.file(),
                    entry.slug()));
        }
        return table;
    }

    private static List<String> labs() {
        List<String> table = new ArrayList<>();
        table.add("| lab | what it shows | file | page |");
        table.add("|---|---|---|---|");
        for (Labs.Entry entry : Labs.ENTRIES) {
            table.add(String.format(
                    "| `%s` | %s | [%s](core/src/main/java/csdesign/lab/%s) | [page](docs/labs/%s.md) |",
                    entry.slug(), entry.shows(), entry.file(), entry.file(), entry.slug()));
        }
        return table;
    }
}
