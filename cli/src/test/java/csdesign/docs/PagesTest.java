// SPDX-License-Identifier: MIT
package csdesign.docs;

import static org.assertj.core.api.Assertions.assertThat;

import csdesign.design.Catalog;
import csdesign.design.Design;
import csdesign.lab.Labs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// The pages say what the sources say. `./csdesign pages` writes what differs; so does this test, with
/// `-Dcsdesign.pages.write=true`.
class PagesTest {
    private static final List<String> SECTIONS = List.of(
            "## How it works",
            "## When and Cost",
            "## Numbers",
            "## Try it",
            "## Look for",
            "## Break it",
            "## Next",
            "## Sources");
    private static final List<String> LAB_SECTIONS = List.of(
            "## How it works",
            "## Try it",
            "## Look for",
            "## Break it",
            "## Next",
            "## Sources");

    private static final Pattern LINK = Pattern.compile("]\\(([^)#]+)[^)]*\\)");

    @Test
    void shouldQuoteTheSourcesAndTheCatalogAsTheyAre() throws IOException {
        for (Path page : Pages.all()) {
            List<String> committed = Files.readAllLines(page);
            List<String> generated = Pages.generated(page);
            if (Boolean.getBoolean("csdesign.pages.write") && !generated.equals(committed)) {
                Files.write(page, generated);
            } else {
                assertThat(committed).as("%s", page).isEqualTo(generated);
            }
        }
    }

    @Test
    void shouldHaveAPageWithEverySectionForEveryDesign() throws IOException {
        for (Design entry : Catalog.ENTRIES) {
            List<String> lines = Files.readAllLines(Pages.of(entry));
            assertThat(lines).as("%s", entry.slug()).startsWith("# " + entry.slug());
            assertThat(lines.stream().filter(SECTIONS::contains)).isEqualTo(SECTIONS);
            assertThat(lines).anyMatch(line -> line.startsWith("<!-- region "));
            assertThat(String.join("\n", lines))
                    .as("numbers of %s say where they come from", entry.slug())
                    .containsPattern("(?s)## Numbers.*Linux \\d.*\\./csdesign bench.*## Try it");
        }
    }

    @Test
    void shouldHaveAPageWithEverySectionAndBothHalvesForEveryLab() throws IOException {
        for (Labs.Entry entry : Labs.ENTRIES) {
            List<String> lines = Files.readAllLines(Pages.of(entry));
            String file = "core/src/main/java/csdesign/lab/" + entry.file();
            assertThat(lines).as("%s", entry.slug()).startsWith("# " + entry.slug());
            assertThat(lines.stream().filter(line -> line.startsWith("## ")))
                    .as("%s", entry.slug()).isEqualTo(LAB_SECTIONS);
            assertThat(lines).as("%s", entry.slug())
                    .contains("<!-- region " + file + " broken -->")
                    .contains("<!-- region " + file + " fixed -->");
        }
    }

    /// In reading order, in the code as on the page: 1 to the last one, and each once.
    @Test
    void shouldNumberTheStepsAsTheCodeDoes() throws IOException {
        for (Design entry : Catalog.ENTRIES) {
            String page = Files.readString(Pages.of(entry));
            Path source = Pages.home()
                    .resolve("core/src/main/java/csdesign/design/" + entry.file());
            String code = String.join("\n", new Source(source).region("loop"));
            String how = page.substring(page.indexOf("## How it works"),
                    page.indexOf("<!-- region"));
            List<String> inPage = find("(?m)^(\\d)\\. ", how);
            List<String> inCode = find("// (\\d)(?=$|[: \\n])", code);
            assertThat(inPage).as("%s", entry.slug())
                    .isEqualTo(IntStream.rangeClosed(1, inPage.size()).mapToObj(String::valueOf)
                            .toList());
            assertThat(inCode).as("%s", entry.slug()).isEqualTo(inPage);
        }
    }

    /// There is one reading order, the Catalog's: the README's table has it, "Next" leads through it,
    /// and the short way is a part of it.
    @Test
    void shouldLeadThroughTheDesignsInTheOrderOfTheCatalog() throws IOException {
        List<String> order = Catalog.ENTRIES.stream().map(Design::slug).toList();
        List<String> read = new ArrayList<>(List.of(order.getFirst()));
        for (String slug : order.subList(0, order.size() - 1)) {
            Path page = Pages.home().resolve("docs/designs/" + slug + ".md");
            String next = section(page, "Next");
            read.add(find("]\\(([a-z0-9-]+)\\.md\\)", next).getFirst());
        }
        assertThat(read).as("the first link under Next of each page").isEqualTo(order);
        assertThat(find("(?m)^\\| `([a-z0-9-]+)` \\|",
                section(Pages.home().resolve("README.md"), "The designs"))).isEqualTo(order);

        List<String> six = find("(?m)^\\d\\. \\[([a-z0-9-]+)\\]",
                section(Pages.home().resolve("docs/README.md"), "Learn"));
        assertThat(six).hasSize(6)
                .isEqualTo(order.stream().filter(six::contains).toList());
    }

    @Test
    void shouldLeadThroughTheLabsInTheOrderOfTheirList() throws IOException {
        List<String> order = Labs.ENTRIES.stream().map(Labs.Entry::slug).toList();
        List<String> read = new ArrayList<>(List.of(order.getFirst()));
        for (String slug : order.subList(0, order.size() - 1)) {
            String next = section(Pages.home().resolve("docs/labs/" + slug + ".md"), "Next");
            read.add(find("]\\(([a-z0-9-]+)\\.md\\)", next).getFirst());
        }
        assertThat(read).as("the first link under Next of each page").isEqualTo(order);

        List<String> claims = find("\\(labs/([a-z0-9-]+)\\.md\\) \\|",
                section(Pages.home().resolve("docs/README.md"), "Check a claim"));
        assertThat(claims).isNotEmpty()
                .isEqualTo(order.stream().filter(claims::contains).toList());
    }

    private static String section(Path page, String name) throws IOException {
        String text = Files.readString(page);
        int start = text.indexOf("\n## " + name + "\n");
        assertThat(start).as("%s has a section %s", page, name).isPositive();
        int end = text.indexOf("\n## ", start + 1);
        return end < 0 ? text.substring(start) : text.substring(start, end);
    }

    @Test
    void shouldLinkOnlyToFilesThatExist() throws IOException {
        for (Path page : Pages.all()) {
            for (String target : find(LINK.pattern(), Files.readString(page))) {
                if (!target.startsWith("http")) {
                    Path file = page.resolveSibling(target).normalize();
                    assertThat(file).as("%s links to it", page).exists();
                }
            }
        }
    }

    private static List<String> find(String pattern, String text) {
        Matcher matcher = Pattern.compile(pattern).matcher(text);
        return matcher.results().map(result -> result.group(1)).toList();
    }
}
