// SPDX-License-Identifier: MIT
package csdesign.range;

import java.util.List;

/// What one design or one lab can be given, and the others cannot: a number, or a switch.
///
/// It is declared in the file of its design or lab. The command line, its help, the
/// `main` of that file, and the processes that a server starts all take it from there.
///
/// @param names on the command line, the longest one last: `-p`, `--port`
/// @param label what it counts, in capitals: `MIB`; empty for a switch
/// @param byDefault its value where it is not given
/// @param least the smallest value it takes
/// @param most the largest value it takes
/// @param words what it sets, one line
public record Option(
        List<String> names, String label, long byDefault, long least, long most, String words) {
    /// The value of a switch that is given; one that is not has 0.
    static final long ON = 1;

    /// Rejects a default that the option would not take.
    public Option {
        names = List.copyOf(names);
        Range.of(names.getLast(), least, most).check(byDefault);
    }

    /// A switch, off by default.
    ///
    /// @param name on the command line: `--exclusive`
    /// @param words what it does, one line
    /// @return the option
    public static Option flag(String name, String words) {
        return new Option(List.of(name), "", 0, 0, ON, words);
    }

    /// Its longest name, by which [Settings] keep its value.
    ///
    /// @return for example `--port`
    public String name() {
        return names.getLast();
    }

    /// Whether it is a switch: given or not, without a value.
    ///
    /// @return false for a number
    public boolean isFlag() {
        return label.isEmpty();
    }

    /// What reads and checks its values.
    ///
    /// @return by its longest name
    public Range range() {
        return Range.of(name(), least, most);
    }

    /// How it is written, for a line of usage.
    ///
    /// @return for example `[--port PORT]`
    public String usage() {
        return "[" + name() + (isFlag() ? "" : " " + label) + "]";
    }
}
