// SPDX-License-Identifier: MIT
package csdesign.range;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// How a design or a lab runs: the values of its own [Option]s.
///
/// @param values of the options that are set; one that is missing has its default
public record Settings(Map<Option, Long> values) {
    /// Everything by default.
    public static final Settings DEFAULT = new Settings(Map.of());

    /// Rejects a value that is out of its option's range.
    public Settings {
        values = Map.copyOf(values);
        values.forEach((option, value) -> option.range().check(value));
    }

    /// The same settings, and one option more.
    ///
    /// @param option that is set
    /// @param value in place of the one that it has
    /// @return the settings
    /// @throws IllegalArgumentException when the value is out of the option's range
    public Settings with(Option option, long value) {
        Map<Option, Long> all = new HashMap<>(values);
        all.put(option, value);
        return new Settings(all);
    }

    /// The same settings, and a switch that is on.
    ///
    /// @param flag that is given
    /// @return the settings
    public Settings with(Option flag) {
        return with(flag, Option.ON);
    }

    /// A number.
    ///
    /// @param option one that was declared
    /// @return as it was given, or its default
    public long value(Option option) {
        return values.getOrDefault(option, option.byDefault());
    }

    /// The same for a number that fits into an `int`.
    ///
    /// @param option one that was declared
    /// @return as it was given, or its default
    public int number(Option option) {
        return Math.toIntExact(value(option));
    }

    /// A switch.
    ///
    /// @param flag one that was declared
    /// @return whether it was given
    public boolean isOn(Option flag) {
        return value(flag) == Option.ON;
    }

    /// Reads arguments: those of the `main` of a file, or [#encode]'s.
    ///
    /// @param options those that may be given
    /// @param arguments `--auto`, `--mib 32` or `--mib=32`
    /// @return the settings
    /// @throws IllegalArgumentException with a sentence for the user
    public static Settings parse(List<Option> options, List<String> arguments) {
        Map<Option, Long> values = new HashMap<>();
        for (Iterator<String> rest = arguments.iterator(); rest.hasNext();) {
            String word = rest.next();
            int equals = word.startsWith("--") ? word.indexOf('=') : -1;
            Option option = find(options, equals < 0 ? word : word.substring(0, equals));
            long value;
            if (option.isFlag()) {
                if (equals >= 0) {
                    throw new IllegalArgumentException(
                            option.name() + " takes no value: leave out '"
                                    + word.substring(equals) + "'");
                }
                value = Option.ON;
            } else if (equals >= 0) {
                value = option.range().parse(word.substring(equals + 1));
            } else if (rest.hasNext()) {
                value = option.range().parse(rest.next());
            } else {
                throw new IllegalArgumentException(word + " wants a value: " + option.label());
            }
            if (values.put(option, value) != null) {
                throw new IllegalArgumentException(
                        option.name() + " is given twice: give it once");
            }
        }
        return new Settings(values);
    }

    private static Option find(List<Option> options, String name) {
        return options.stream()
                .filter(option -> option.names().contains(name))
                .findFirst()
                .orElseThrow(
                        () -> new IllegalArgumentException(
                                "there is no " + name + (options.isEmpty()
                                        ? ""
                                        : "; there is " + options.stream()
                                                .map(Option::name)
                                                .collect(Collectors.joining(", ")))));
    }

    /// The same settings as another process can be told of them.
    ///
    /// @return arguments for [#parse]
    public List<String> encode() {
        List<String> words = new ArrayList<>();
        values.forEach((option, value) -> {
            if (!option.isFlag()) {
                words.add(option.name() + "=" + value);
            } else if (value == Option.ON) {
                words.add(option.name());
            }
        });
        return words;
    }
}
