// SPDX-License-Identifier: MIT
package csdesign.range;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What one process has told another on its command line: `--name=value`, each once.
///
/// Every word has a name, so that none can stand in another's place, and every number is
/// read by its [Range]. A word that is missing is an error, never a default.
public final class NamedWords {
    private final Map<String, String> left = new LinkedHashMap<>();

    /// The words of a command line.
    ///
    /// @param words each with its name
    /// @throws IllegalArgumentException when a name comes twice
    public NamedWords(List<String> words) {
        for (String word : words) {
            int equals = word.indexOf('=');
            String name = equals < 0 ? word : word.substring(0, equals);
            if (left.put(name, word) != null) {
                throw new IllegalArgumentException(name + " was told twice");
            }
        }
    }

    /// Writes a number as [#take] reads it.
    ///
    /// @param range by its name
    /// @param value in milliseconds for a duration
    /// @return the word
    public static String of(Range range, long value) {
        return range.name() + "=" + range.text(value);
    }

    /// Takes a word.
    ///
    /// @param name for example `--host`
    /// @return its value
    /// @throws IllegalArgumentException when it was not told
    public String take(String name) {
        String word = left.remove(name);
        if (word == null || word.length() == name.length()) {
            throw new IllegalArgumentException(name + " was not told");
        }
        return word.substring(name.length() + 1);
    }

    /// Takes a number.
    ///
    /// @param range by its name
    /// @return its value
    /// @throws IllegalArgumentException when it was not told, or is out of its range
    public long take(Range range) {
        return range.parse(take(range.name()));
    }

    /// Takes a number that fits an `int`.
    ///
    /// @param range by its name
    /// @return its value
    /// @throws IllegalArgumentException when it was not told, or is out of its range
    public int takeInt(Range range) {
        return range.parseInt(take(range.name()));
    }

    /// Takes a truth.
    ///
    /// @param name for example `--control`
    /// @return its value
    /// @throws IllegalArgumentException when it was not told, or is neither
    public boolean takeTruth(String name) {
        String value = take(name);
        if (!value.equals("true") && !value.equals("false")) {
            throw new IllegalArgumentException(
                    name + " is '" + value + "': must be true or false");
        }
        return value.equals("true");
    }

    /// What was not taken.
    ///
    /// @return as it was told
    public List<String> rest() {
        return new ArrayList<>(left.values());
    }
}
