// SPDX-License-Identifier: MIT
package csdesign.lab;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// How a lab is to be run.
///
/// @param auto whether it plays all parts itself; otherwise a lab with an interactive
///     form leaves the user's part to the user
/// @param values of options, by their longest name; those that are missing have their
///     defaults
public record Settings(boolean auto, Map<String, Long> values) {
    /// The switch.
    public static final String AUTO = "--auto";

    /// Everything by default, and nothing for the user to do.
    public static final Settings DEFAULT = new Settings(true, Map.of());

    /// Keeps a copy.
    public Settings {
        values = Map.copyOf(values);
    }

    /// A number.
    ///
    /// @param option one that the lab has declared
    /// @return as it was given, or its default
    public long value(Option option) {
        return values.getOrDefault(option.names().getLast(), option.byDefault());
    }

    /// The same for a number that fits into an `int`.
    ///
    /// @param option one that the lab has declared
    /// @return as it was given, or its default
    public int number(Option option) {
        return Math.toIntExact(value(option));
    }

    /// Reads the arguments of a lab file's `main`.
    ///
    /// @param options those that the lab takes
    /// @param arguments `--auto`, or an option and its value
    /// @return the settings
    /// @throws IllegalArgumentException with a sentence for the user
    static Settings parse(List<Option> options, String... arguments) {
        boolean auto = false;
        Map<String, Long> values = new HashMap<>();
        for (int i = 0; i < arguments.length; i++) {
            String word = arguments[i];
            if (word.equals(AUTO)) {
                auto = true;
                continue;
            }
            Option option = options.stream()
                    .filter(one -> one.names().contains(word))
                    .findFirst()
                    .orElseThrow(() -> new IllegalArgumentException("there is no " + word));
            if (++i == arguments.length) {
                throw new IllegalArgumentException(word + " wants a value: " + option.label());
            }
            values.put(option.names().getLast(), option.range().parse(arguments[i]));
        }
        return new Settings(auto, values);
    }
}
