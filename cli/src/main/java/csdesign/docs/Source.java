// SPDX-License-Identifier: MIT
package csdesign.docs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/// A Java file, of which pages quote parts.
final class Source {
    private static final Pattern PART = Pattern.compile("\\*\\*[A-Z][A-Za-z ]*\\*\\* .*");

    /// A reference to code as class docs write it: `[Foo#bar]`. A link has its address after it.
    private static final Pattern REFERENCE = Pattern.compile("\\[#?([\\w.#]+)(\\(\\))?](?!\\()");

    private final Path file;
    private final List<String> lines;

    Source(Path file) throws IOException {
        this.file = file;
        lines = Files.readAllLines(file);
    }

    /// The lines between `// @start region="NAME"` and `// @end`, moved to the left edge.
    List<String> region(String name) {
        int start = indexOf("// @start region=\"" + name + "\"", lines, 0);
        List<String> region = lines.subList(start + 1, indexOf("// @end", lines, start));
        int margin = region.stream()
                .filter(line -> !line.isBlank())
                .mapToInt(line -> line.length() - line.stripLeading().length())
                .min()
                .orElse(0);
        return region.stream().map(line -> line.isBlank() ? "" : line.substring(margin)).toList();
    }

    /// The picture of the class doc.
    List<String> picture() {
        List<String> doc = classDoc();
        int start = indexOf("```text", doc, 0);
        return doc.subList(start + 1, indexOf("```", doc, start));
    }

    /// A paragraph of the class doc, with those that follow it up to the next part.
    ///
    /// @param name the bold word that it begins with: `Cost`
    List<String> part(String name) {
        List<String> doc = classDoc();
        List<String> part = new ArrayList<>();
        boolean inside = false;
        for (String line : doc) {
            if (PART.matcher(line).matches()) {
                inside = line.startsWith("**" + name + "** ");
            }
            if (line.startsWith("@")) {
                break;
            }
            if (inside) {
                part.add(REFERENCE.matcher(line).replaceAll(
                        found -> "`" + found.group(1).replace('#', '.') + "`"));
            }
        }
        while (!part.isEmpty() && part.getLast().isEmpty()) {
            part.removeLast();
        }
        if (part.isEmpty()) {
            throw new IllegalArgumentException(
                    "the class doc of " + file + " has no paragraph that begins with **" + name
                            + "**");
        }
        return part;
    }

    /// The first one at the left edge, without its slashes: it is the class's.
    private List<String> classDoc() {
        return lines.stream()
                .dropWhile(line -> !line.startsWith("///"))
                .takeWhile(line -> line.startsWith("///"))
                .map(line -> line.length() > 4 ? line.substring(4) : "")
                .toList();
    }

    private int indexOf(String text, List<String> among, int from) {
        for (int i = from; i < among.size(); i++) {
            if (among.get(i).strip().equals(text)) {
                return i;
            }
        }
        throw new IllegalArgumentException(file + " has no line '" + text + "'");
    }
}
