// SPDX-License-Identifier: MIT
package csdesign.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// A learner whose second language is English reads a sentence once and knows. A machine sees only
/// a few of the phrases at which such a reader stumbles; these are not written here.
class EnglishTest {
    private static final String VERBS = "(?:is|are|has|have|was|were|does|do|did|can|cannot|may|must"
            + "|will|would|needs|costs|takes|makes|waits|writes|reads|grants|knows)";

    /// A phrase that is not written, how a sentence says it, and one sentence of each kind.
    enum Phrase {
        SHALL("\\bshall\\b", "must, or will",
                "when the server shall stop", "when the server must stop"),
        NOBODY("(?i)\\b(?:nobody|somebody|anybody|everybody)\\b",
                "the party that is meant: no client, another worker, all threads",
                "It stops everybody.", "It stops all clients."),
        WHO("(?:^|[.:!] |\\(|\\*\\* )Who(?:ever)? [^.?!]*+(?!\\?)[.!](?!\\d)|; who " + VERBS
                + "\\b",
                "a noun: a client that, every worker that",
                "Who is idle costs a process.", "Who is idle? Every client that is."),
        FOR(", for (?:it|they|he|we|there|none|nothing|no one) \\w+|"
                + ", for (?:the|a|an|its|their|this|that|each|every|no)"
                + " (?:(?!that|which|who|to|of|in|where)\\w+ ){1,2}" + VERBS + "\\b",
                "because",
                "It is copied, for the kernel writes it.", "It is a time, for the loop to keep."),
        SO("\\b[Ss]o (?:is|are|was|has|have|does|do|did|can|will|must) (?:it|they|the|a|an|that|this"
                + "|its|those|each|every|all|what)\\b",
                "subject and verb in their order: the queue is bounded too",
                "The pool is bounded, and so is the queue.", "It is so short."),
        ALL_THE_SAME("(?i)\\ball the same\\b", "nevertheless, or still, or nothing",
                "It is closed all the same.", "They are all alike."),
        SAYS_SO("\\b(?:say|says|said|saying|tell|tells|told) so\\b",
                "what is said: prints that it has no thread",
                "It closes the client and says so.", "It says that it closes the client."),
        GOT_OUT("\\b(?:is|are|was|be|has|not) got\\b|\\bgets? (?:it|them|all|each) out\\b",
                "a verb of its own: returns, is woken, has",
                "It is got out by a signal.", "A signal wakes it."),
        WISH("(?i)\\b(?:the|its) wish\\b", "the stop, or the request to stop",
                "It looks at the wish to end.", "It looks for a stop.");

        private final Pattern pattern;
        private final String better;
        private final String bad;
        private final String good;

        Phrase(String pattern, String better, String bad, String good) {
            this.pattern = Pattern.compile(pattern);
            this.better = better;
            this.bad = bad;
            this.good = good;
        }

        boolean isIn(String text) {
            return pattern.matcher(text).find();
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldFindThePhraseAndNotItsBetter(Phrase phrase) {
        assertThat(phrase.isIn(phrase.bad)).as("'%s' has it", phrase.bad).isTrue();
        assertThat(phrase.isIn(phrase.good)).as("'%s' does not have it", phrase.good).isFalse();
    }

    /// Page, comment, trailing comment, text, and each over the end of a line.
    @Test
    void shouldReadWhatAPersonReads() {
        assertThat(texts("a.md", "# Title", "", "One sentence", "goes on.", "- an item",
                "```", "code", "```", "| a cell | another |"))
                .containsExactly("# Title", "One sentence goes on.", "- an item", "a cell",
                        "another");
        assertThat(texts("A.java", "/// A doc that", "/// goes on.", "///", "/// @param a it",
                "/// ```text", "/// code", "/// ```", "int nobody = 1; // a remark",
                "say(\"a text\"", "    + \" that goes on\");", "say(\"one\", \"two\");",
                "// a comment"))
                .containsExactly("A doc that goes on.", "@param a it", "a remark",
                        "a text that goes on", "one", "two", "a comment");
    }

    @Test
    void shouldBePlain() throws IOException {
        List<String> found = new ArrayList<>();
        for (Path file : files()) {
            for (Prose prose : Prose.of(file, Files.readAllLines(file))) {
                for (Phrase phrase : Phrase.values()) {
                    Matcher matcher = phrase.pattern.matcher(prose.text());
                    while (matcher.find()) {
                        found.add(String.format("%s, the paragraph at line %d: \"%s\"; write %s",
                                Pages.home().relativize(file), prose.line(),
                                around(prose.text(), matcher), phrase.better));
                    }
                }
            }
        }
        assertThat(found).isEmpty();
    }

    private static String around(String text, Matcher matcher) {
        return text.substring(Math.max(0, matcher.start() - 30),
                Math.min(text.length(), matcher.end() + 30));
    }

    private static List<String> texts(String name, String... lines) {
        return Prose.of(Path.of(name), List.of(lines)).stream().map(Prose::text).toList();
    }

    /// The pages, and the Java of what is built. The log of changes is a record and stays.
    private static List<Path> files() throws IOException {
        List<Path> files = new ArrayList<>(Pages.all());
        files.removeIf(file -> file.endsWith("CHANGELOG.md"));
        try (Stream<Path> modules = Files.list(Pages.home())) {
            for (Path module : modules.toList()) {
                Path sources = module.resolve("src/main/java");
                if (Files.isDirectory(sources)) {
                    try (Stream<Path> walk = Files.walk(sources)) {
                        walk.filter(file -> file.toString().endsWith(".java"))
                                .forEach(files::add);
                    }
                }
            }
        }
        return files;
    }
}
