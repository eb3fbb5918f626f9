// SPDX-License-Identifier: MIT
package csdesign.lab;

import java.util.List;

/// A number that a lab can be given.
///
/// @param names on the command line: `-p`, `--port`
/// @param label what it counts, in capitals: `MIB`
/// @param byDefault its value where it is not given
/// @param least the smallest value it takes
/// @param most the largest value it takes
/// @param words what it sets, one line
public record Option(
        List<String> names, String label, long byDefault, long least, long most, String words) {
    /// The value that is wrong, the range, and what helps.
    ///
    /// @param value as it was given
    /// @return one line
    public String objection(String value) {
        return "%s wants a number from %,d to %,d, not %s; left out it is %,d".formatted(
                names.getLast(), least, most, value, byDefault);
    }

    /// Reads a value.
    ///
    /// @param value as it was given
    /// @return in the range
    /// @throws IllegalArgumentException with the [#objection] when it is not
    public long parse(String value) {
        try {
            long number = Long.parseLong(value);
            if (number >= least && number <= most) {
                return number;
            }
        } catch (NumberFormatException e) {
            // said below
        }
        throw new IllegalArgumentException(objection(value));
    }
}
