// SPDX-License-Identifier: MIT
package csdesign.docs;

import csdesign.design.Catalog;
import csdesign.design.Design;
import csdesign.lab.Labs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// The pages of a checkout, and what they take from elsewhere.
///
/// | mark on a page | what stands below it |
/// |---|---|
/// | `region FILE NAME` | that region of the code |
/// | `picture FILE` | the picture of its class doc |
/// | `doc FILE NAME…` | those paragraphs of its class doc |
/// | `catalog`, `labs` | a table of all of them |
/// | `numbers DESIGN beside DESIGN` | the figures of both, read aloud |
/// | `plot`, `numbers all`, `summary` | of all designs |
/// | `comparison FILE` | designs beside peers, from other results than the latest |
///
/// A mark is a comment of HTML in a line of its own. Below `region` and `picture` stands a block of
/// code; what stands below the others reaches to the mark `end`.
public final class Pages {
    private static final String MARK = "<!-- ";
    private static final String END = "<!-- end -->";

    /// The measurement that the pages show.
    private static final String LATEST = "docs/results/latest.json";

    private Pages() {}

    /// The checkout: the system property `csdesign.home`, or the folder that this was started in.
    ///
    /// @return its folder
    public static Path home() {
        return Path.of(System.getProperty("csdesign.home", "")).toAbsolutePath();
    }

    /// The file of the measurement that the pages show.
    ///
    /// @return a `results.json` of the bench under this name
    public static Path latest() {
        return home().resolve(LATEST);
    }

    /// Every Markdown file that a reader may open, the repository's own and those under docs.
    ///
    /// @return the files
    /// @throws IOException when the folders cannot be read
    public static List<Path> all() throws IOException {
        List<Path> all = new ArrayList<>();
        try (Stream<Path> top = Files.list(home());
                Stream<Path> docs = Files.walk(home().resolve("docs"))) {
            Stream.concat(top, docs).filter(path -> path.toString().endsWith(".md"))
                    .sorted()
                    .forEach(all::add);
        }
        return all;
    }

    /// The page of a design.
    ///
    /// @param design of the catalog
    /// @return its file
    public static Path of(Design design) {
        return home().resolve("docs/designs/" + design.slug() + ".md");
    }

    /// The page of a lab.
    ///
    /// @param lab of the list
    /// @return its file
    public static Path of(Labs.Entry lab) {
        return home().resolve("docs/labs/" + lab.slug() + ".md");
    }

    /// Writes all pages that differ from what they should be.
    ///
    /// @return their files
    /// @throws IOException when one cannot be read or written
    public static List<Path> write() throws IOException {
        List<Path> written = new ArrayList<>();
        for (Path page : all()) {
            List<String> committed = Files.readAllLines(page);
            List<String> generated = generated(page);
            if (!generated.equals(committed)) {
                Files.write(page, generated);
                written.add(page);
            }
        }
        return written;
    }

    /// A page as it should be.
    ///
    /// @param page its file
    /// @return its lines, with all that it takes from elsewhere
    /// @throws IOException when one of the files cannot be read
    /// @throws IllegalArgumentException when a mark names what is not there
    public static List<String> generated(Path page) throws IOException {
        List<String> lines = Files.readAllLines(page);
        List<String> out = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            out.add(line);
            if (!line.startsWith(MARK) || !line.endsWith(" -->") || line.equals(END)) {
                continue;
            }
            String[] words = line.substring(MARK.length(), line.length() - 4).split(" ", -1);
            boolean isBlock = words[0].equals("region") || words[0].equals("picture");
            List<String> below;
            try {
                below = below(words);
            } catch (IllegalArgumentException wrong) {
                throw new IllegalArgumentException(
                        page + ":" + (i + 1) + ": " + wrong.getMessage(), wrong);
            }
            if (isBlock) {
                out.add(words[0].equals("region") ? "```java" : "```text");
                out.addAll(below);
                out.add("```");
                i = indexOf(lines, "```", i + 2, page);
            } else {
                out.addAll(below);
                i = indexOf(lines, END, i + 1, page) - 1;
            }
        }
        return out;
    }

    private static List<String> below(String... words) throws IOException {
        return switch (words[0]) {
            case "region" -> source(words[1]).region(words[2]);
            case "picture" -> source(words[1]).picture();
            case "doc" -> paragraphs(source(words[1]), List.of(words).subList(2, words.length));
            case "catalog" -> catalog();
            case "labs" -> labs();
            case "plot" -> new Numbers(Measured.of(latest())).plot();
            case "summary" -> new Summary(Measured.of(latest())).sentences();
            case "comparison" -> new Numbers(Measured.of(home().resolve(words[1]))).comparison();
            case "numbers" -> words[1].equals("all")
                    ? new Numbers(Measured.of(latest())).all()
                    : new Numbers(Measured.of(latest())).beside(words[1], words[3]);
            default -> throw new IllegalArgumentException(
                    "no mark '" + words[0] + "': see the class doc of csdesign.docs.Pages");
        };
    }

    private static Source source(String file) throws IOException {
        return new Source(home().resolve(file));
    }

    private static List<String> paragraphs(Source source, List<String> names) {
        List<String> lines = new ArrayList<>();
        for (String name : names) {
            if (!lines.isEmpty()) {
                lines.add("");
            }
            lines.addAll(source.part(name));
        }
        return lines;
    }

    private static int indexOf(List<String> lines, String text, int from, Path page) {
        for (int i = from; i < lines.size(); i++) {
            if (lines.get(i).equals(text)) {
                return i;
            }
        }
        throw new IllegalArgumentException(
                page + ": nothing closes the mark of line " + (from - 1) + ": a line '" + text
                        + "' is missing");
    }

    private static List<String> catalog() {
        List<String> table = new ArrayList<>();
        table.add("| design | technique | what it teaches | runs on | file | page |");
        table.add("|---|---|---|---|---|---|");
        for (Design entry : Catalog.ENTRIES) {
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
