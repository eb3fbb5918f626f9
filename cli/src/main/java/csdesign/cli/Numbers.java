// SPDX-License-Identifier: MIT
package csdesign.cli;

import csdesign.range.Range;
import java.util.Collections;
import java.util.Enumeration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.ResourceBundle;
import java.util.Stack;
import picocli.CommandLine.IParameterPreprocessor;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/// The numbers that one command can be given: each is read by the very [Range] that its help names.
///
/// An option that is a number says `preprocessor = Numbers.Reader.class`, and in its description
/// `${bundle:--port}` stands for `0 to 65535 (default: 2000)`. A resource bundle is picocli's own way
/// to put into a description what the program knows.
final class Numbers extends ResourceBundle {
    private final Map<String, Range> ranges = new HashMap<>();
    private final Map<String, String> defaults = new HashMap<>();

    /// Adds a number that has no default, or one that the description tells by itself.
    ///
    /// @param range by the option's name
    /// @return this
    Numbers with(Range range) {
        ranges.put(range.name(), range);
        return this;
    }

    /// Adds a number.
    ///
    /// @param range by the option's name
    /// @param byDefault in milliseconds for a duration
    /// @return this
    Numbers with(Range range, long byDefault) {
        return with(range, range.text(byDefault));
    }

    /// Adds a number whose default needs words.
    ///
    /// @param range by the option's name
    /// @param byDefault what help says after `default: `
    /// @return this
    Numbers with(Range range, String byDefault) {
        defaults.put(range.name(), byDefault);
        return with(range);
    }

    /// Gives a command its numbers.
    ///
    /// @param command whose options have a [Reader]
    void describe(CommandSpec command) {
        command.resourceBundle(this);
    }

    /// Finds the range of an option.
    ///
    /// @param command that has been described
    /// @param option one of its own
    /// @return its range, or nothing where it is no number
    static Optional<Range> range(CommandSpec command, ArgSpec option) {
        if (option instanceof OptionSpec named
                && command.resourceBundle() instanceof Numbers numbers) {
            for (String name : named.names()) {
                if (numbers.ranges.containsKey(name)) {
                    return Optional.of(numbers.ranges.get(name));
                }
            }
        }
        return Optional.empty();
    }

    @Override
    protected Object handleGetObject(String key) {
        Range range = ranges.get(key);
        if (range == null) {
            throw new IllegalArgumentException("no range " + key);
        }
        return range.words()
                + (defaults.containsKey(key) ? " (default: " + defaults.get(key) + ")" : "");
    }

    /// None, because a description is never replaced as a whole.
    @Override
    public Enumeration<String> getKeys() {
        return Collections.emptyEnumeration();
    }

    /// Reads a number for an `int` or a `long`. picocli's own reader would take `+5` and the digits
    /// of every script, and for a duration `NaN` and `1e16`.
    static final class Reader implements IParameterPreprocessor {
        /// Puts plain digits in the place of what was written, in milliseconds for a duration.
        @Override
        public boolean preprocess(
                Stack<String> args,
                CommandSpec command,
                ArgSpec option,
                Map<String, Object> info) {
            if (!args.isEmpty()) {
                Range range = range(command, option).orElseThrow(
                        () -> new IllegalStateException("no range for " + option));
                try {
                    args.push(Long.toString(range.parse(args.pop())));
                } catch (IllegalArgumentException e) {
                    throw new ParameterException(command.commandLine(), e.getMessage(), e);
                }
            }
            return false; // picocli goes on: it knows what is missing and what is given twice
        }
    }
}
