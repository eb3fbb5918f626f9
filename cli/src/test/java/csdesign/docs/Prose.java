// SPDX-License-Identifier: MIT
package csdesign.docs;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A paragraph that a person reads: of a page, of the comments of a Java file, or a text that a
/// program prints. Lines are joined, so that a phrase is found across the end of a line.
///
/// @param file where it stands
/// @param line its first line, counted from 1
/// @param text its words
record Prose(Path file, int line, String text) {
    private static final Pattern TEXT = Pattern.compile("\"((?:[^\"\\\\]|\\\\.)*)\"");

    /// What begins a paragraph of its own within other lines: a heading, an item, a tag, a cell.
    private static final Pattern BEGINS = Pattern.compile("(#+|[-*]|\\d+\\.|@\\w+|<!--|\\|).*");

    /// The paragraphs of a file, by its name's ending.
    static List<Prose> of(Path file, List<String> lines) {
        Reader reader = new Reader(file);
        boolean java = file.toString().endsWith(".java");
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (java) {
                reader.java(i + 1, line);
            } else {
                reader.markdown(i + 1, line);
            }
        }
        reader.end();
        return reader.found;
    }

    private static final class Reader {
        private final Path file;
        private final List<Prose> found = new ArrayList<>();
        private final StringBuilder words = new StringBuilder();
        private int first;
        private boolean fence;

        Reader(Path file) {
            this.file = file;
        }

        void markdown(int line, String text) {
            if (text.startsWith("```")) {
                end();
                fence = !fence;
            } else if (!fence) {
                if (text.isEmpty() || BEGINS.matcher(text).matches()) {
                    end();
                }
                for (String cell : text.startsWith("|") ? text.split("\\|", -1) : one(text)) {
                    add(line, cell.strip());
                    if (text.startsWith("|")) {
                        end();
                    }
                }
            }
        }

        /// Comments go on over lines. Texts do so where a plus joins them.
        void java(int line, String code) {
            if (code.startsWith("//")) {
                markdown(line, code.replaceFirst("^/+ ?", ""));
                return;
            }
            fence = false;
            if (!code.startsWith("+ \"")) {
                end();
            }
            Matcher texts = TEXT.matcher(code);
            while (texts.find()) {
                add(line, texts.group(1));
                if (!code.substring(texts.end()).matches("\\s*(\\+.*)?")) {
                    end();
                }
            }
            int comment = TEXT.matcher(code).replaceAll("").indexOf("// ");
            if (comment >= 0) {
                end();
                add(line, TEXT.matcher(code).replaceAll("").substring(comment + 3));
                end();
            }
        }

        private static String[] one(String text) {
            return new String[] {text};
        }

        private void add(int line, String text) {
            if (words.isEmpty()) {
                first = line;
            }
            words.append(words.isEmpty() || text.startsWith(" ") ? "" : " ").append(text);
        }

        void end() {
            if (!words.isEmpty()) {
                found.add(new Prose(file, first, words.toString().strip()));
                words.setLength(0);
            }
        }
    }
}
