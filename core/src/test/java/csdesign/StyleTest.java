// SPDX-License-Identifier: MIT
package csdesign;

import static org.assertj.core.api.Assertions.assertThat;

import csdesign.lab.Claim;
import csdesign.lab.Labs;
import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What a reader is promised of the sources: files and methods that fit, and designs that can be compared.
class StyleTest {
    private static final Path SOURCES = Path.of("src/main/java/csdesign");
    private static final int MOST_DESIGN_LINES = 250;
    private static final int MOST_LAB_LINES = 350;
    private static final int MOST_REGION_LINES = 25;
    private static final int MOST_CLAIMS = 5;

    /// Two lines, which a terminal shows in three.
    private static final int MOST_CLAIM_CHARACTERS = 180;

    /// `reuseaddr-in-the-new-server-only`: more than one word.
    private static final String CLAIM_NAME = "[a-z0-9]+(-[a-z0-9]+)+";

    /// It begins with a capital, or with a word of the code: `listen(2)`, `SO_REUSEADDR`.
    private static final String SENTENCE = "([A-Z]|[a-z]+(\\(\\d\\)|[_.A-Z])).+[^.]\\.";
    private static final int MOST_METHOD_LINES = 60;
    private static final int MOST_CHANGED_LINES = 60;
    private static final int MOST_COLUMNS = 100;
    private static final int MOST_DOC_COLUMNS = 90;

    /// The declaration of a method or constructor in a type at the first or second level: the formatter
    /// puts its closing brace on a line of its own, as far in as the declaration.
    private static final Pattern METHOD = Pattern.compile(
            "^(    |        )(?! )(?!.*\\brecord )(?:(?:public|private|static|final|synchronized|default) )*"
                    + "(?:[\\w.<>\\[\\]@?, ]+ )?(\\w+)\\(.*");

    /// What the mechanism itself needs: these may differ between the readiness designs.
    private static final Set<String> MECHANISM = Set.of("close", "grow", "larger", "empty");

    static List<Path> sources() throws IOException {
        try (Stream<Path> files = Files.walk(SOURCES)) {
            return files.filter(file -> file.toString().endsWith(".java")).sorted().toList();
        }
    }

    static List<Path> designs() throws IOException {
        Set<String> others = Set.of("Catalog.java", "Design.java", "package-info.java");
        return sources().stream()
                .filter(file -> file.startsWith(SOURCES.resolve("design")))
                .filter(file -> !others.contains(file.getFileName().toString()))
                .toList();
    }

    static List<Path> labs() {
        return Labs.ENTRIES.stream()
                .map(entry -> SOURCES.resolve("lab").resolve(entry.file()))
                .toList();
    }

    @Test
    void shouldFindTheSources() throws IOException {
        assertThat(sources()).hasSizeGreaterThan(40);
        assertThat(designs()).hasSizeGreaterThanOrEqualTo(5);
    }

    @ParameterizedTest
    @MethodSource("sources")
    void shouldBeginWithItsLicense(Path file) throws IOException {
        assertThat(Files.readAllLines(file).getFirst())
                .isEqualTo("// SPDX-License-Identifier: MIT");
    }

    /// Running text at most 90 columns, code and drawings at most 100.
    @Test
    void shouldKeepLinesShort() throws IOException {
        List<String> tooLong = new ArrayList<>();
        for (Path file : sources()) {
            List<String> lines = Files.readAllLines(file);
            boolean drawing = false;
            for (int i = 0; i < lines.size(); i++) {
                String line = lines.get(i);
                String doc = line.strip().startsWith("///") ? line.strip() : "";
                drawing ^= doc.startsWith("/// ```");
                // An address cannot be broken, nor can the row of a table.
                if (!doc.contains("https://") && !doc.startsWith("/// |")
                        && line.length() > (doc.isEmpty() || drawing
                                ? MOST_COLUMNS
                                : MOST_DOC_COLUMNS)) {
                    tooLong.add(file + ":" + (i + 1) + ": " + line.length() + " columns");
                }
            }
        }
        assertThat(tooLong).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("designs")
    void shouldShowADesignWholeInOneFile(Path file) throws IOException {
        List<String> lines = Files.readAllLines(file);
        String text = String.join("\n", lines);
        assertThat(lines.size()).as("lines").isLessThanOrEqualTo(MOST_DESIGN_LINES);
        assertThat(text).containsOnlyOnce("// @start region=\"loop\"").containsOnlyOnce("// @end");
        assertThat(text.indexOf("// @end")).isGreaterThan(text.indexOf("// @start"));
        assertThat(text).containsOnlyOnce("public static void main(String... arguments)")
                .containsOnlyOnce("public static void serve(Server server) throws IOException")
                .contains("```text");
        for (String part : List.of("What", "Why", "Cost", "When", "In Java", "Look for", "Try")) {
            assertThat(text).containsOnlyOnce("/// **" + part + "**");
        }
    }

    @ParameterizedTest
    @MethodSource("labs")
    void shouldShowALabWholeInOneFile(Path file) throws IOException {
        List<String> lines = Files.readAllLines(file);
        String text = String.join("\n", lines);
        assertThat(lines.size()).as("lines").isLessThanOrEqualTo(MOST_LAB_LINES);
        assertThat(text).containsOnlyOnce("// @start region=\"broken\"")
                .containsOnlyOnce("// @start region=\"fixed\"")
                .containsOnlyOnce("public static void main(String... arguments)")
                .contains("```text")
                .as("a blank line below the picture")
                .contains("/// ```\n///\n/// **What**");
        for (String part : List.of("What", "Broken", "Fixed", "In Java", "Look for", "Try")) {
            assertThat(text).containsOnlyOnce("/// **" + part + "**");
        }
    }

    /// What a page quotes of a lab is seen at one glance.
    @ParameterizedTest
    @MethodSource("labs")
    void shouldQuoteShortRegionsOfALab(Path file) throws IOException {
        List<String> lines = Files.readAllLines(file).stream().map(String::strip).toList();
        for (String half : List.of("broken", "fixed")) {
            int start = lines.indexOf("// @start region=\"" + half + "\"");
            int length = lines.subList(start, lines.size()).indexOf("// @end") - 1;
            assertThat(length).as("lines of region '%s'", half)
                    .isBetween(1, MOST_REGION_LINES);
        }
    }

    /// A lab that wants to show more is two labs.
    @ParameterizedTest
    @MethodSource("labs")
    void shouldClaimLittleInALabAndInWholeSentences(Path file) throws Exception {
        List<Claim> claims = claims(file);
        assertThat(claims).as("claims").hasSizeBetween(1, MOST_CLAIMS);
        for (Claim claim : claims) {
            assertThat(claim.name()).as("it says what it is about").matches(CLAIM_NAME);
            assertThat(claim.words()).as(claim.name())
                    .matches(SENTENCE)
                    .hasSizeLessThanOrEqualTo(MOST_CLAIM_CHARACTERS);
        }
    }

    private static List<Claim> claims(Path file) throws ReflectiveOperationException {
        String name = file.getFileName().toString().replace(".java", "");
        List<Claim> claims = new ArrayList<>();
        for (Field field : Class.forName("csdesign.lab." + name).getDeclaredFields()) {
            if (field.getType() == Claim.class) {
                field.setAccessible(true);
                claims.add((Claim) field.get(null));
            }
        }
        return claims;
    }

    @ParameterizedTest
    @MethodSource("sources")
    void shouldKeepMethodsShort(Path file) throws IOException {
        assertThat(methods(file)).filteredOn(method -> method.lines() > MOST_METHOD_LINES)
                .isEmpty();
    }

    @Test
    void shouldFindMethodsAndTheirLength() throws IOException {
        List<Method> methods = methods(SOURCES.resolve("design/Epoll.java"));
        assertThat(methods.stream().map(Method::name))
                .contains("main", "serve", "loop", "onAccept", "close", "Epoll");
        assertThat(methods.stream().filter(method -> method.name().equals("main")).findFirst())
                .hasValueSatisfying(main -> assertThat(main.lines()).isEqualTo(3));
    }

    /// So that `diff PreforkFileLock.java PreforkMutex.java` shows how one process at a time is
    /// let in, and nothing else.
    @Test
    void shouldLoopAlikeUnderEitherLockBetweenProcesses() throws IOException {
        assertThat(method("PreforkFileLock", "loop"))
                .contains("lock.lock(); // 1: the other workers wait here")
                .isEqualTo(method("PreforkMutex", "loop"));
    }

    private static String method(String design, String name) throws IOException {
        String text = Files.readString(SOURCES.resolve("design/" + design + ".java"));
        int start = text.indexOf(" void " + name + "(");
        return text.substring(start, text.indexOf("\n    }\n", start));
    }

    /// So that `diff Select.java Epoll.java` is a lesson.
    @Test
    void shouldNameTheStepsOfReadinessDesignsAlikeInTheSameOrder() throws IOException {
        List<String> select = steps("Select");
        assertThat(select).containsExactly("main", "serve", "loop", "await", "watch", "onAccept");
        assertThat(steps("Poll")).isEqualTo(select);
        assertThat(steps("Epoll")).isEqualTo(select);
    }

    /// What `diff` of the two shows is the mechanism, and not how each of them was written.
    @Test
    void shouldChangeFewLinesFromPollToEpoll() throws IOException {
        List<String> poll = code("Poll");
        List<String> epoll = code("Epoll");
        int common = longestCommon(poll, epoll);
        assertThat(poll.size() - common + epoll.size() - common)
                .as("lines removed and added").isLessThanOrEqualTo(MOST_CHANGED_LINES);
    }

    /// The lines that are no documentation, no import and not empty.
    private static List<String> code(String design) throws IOException {
        return Files.readAllLines(SOURCES.resolve("design/" + design + ".java"))
                .stream()
                .map(line -> line.replaceAll("//.*", "").stripTrailing())
                .filter(line -> !line.isEmpty() && !line.startsWith("import "))
                .toList();
    }

    /// How long the longest sequence of lines is that both have in the same order.
    private static int longestCommon(List<String> one, List<String> other) {
        int[] before = new int[other.size() + 1];
        for (String line : one) {
            int[] now = new int[other.size() + 1];
            for (int i = 0; i < other.size(); i++) {
                now[i + 1] = line.equals(other.get(i))
                        ? before[i] + 1
                        : Math.max(now[i], before[i + 1]);
            }
            before = now;
        }
        return before[other.size()];
    }

    private static List<String> steps(String design) throws IOException {
        return methods(SOURCES.resolve("design/" + design + ".java"))
                .stream()
                .map(Method::name)
                .filter(name -> !MECHANISM.contains(name) && !name.equals(design))
                .toList();
    }

    private record Method(String name, int lines) {}

    private static List<Method> methods(Path file) throws IOException {
        List<String> lines = Files.readAllLines(file);
        List<Method> methods = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            Matcher declaration = METHOD.matcher(lines.get(i));
            if (declaration.matches() && !lines.get(i).endsWith(";")) {
                String end = declaration.group(1) + "}";
                int last = i;
                while (last < lines.size() && !lines.get(last).equals(end)
                        && !(last == i && lines.get(i).endsWith("{}"))) {
                    last++;
                }
                if (last < lines.size()) {
                    methods.add(new Method(declaration.group(2), last - i + 1));
                    i = last;
                }
            }
        }
        return methods;
    }
}
