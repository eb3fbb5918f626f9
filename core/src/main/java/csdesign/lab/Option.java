// SPDX-License-Identifier: MIT
package csdesign.lab;

import csdesign.range.Range;
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
    /// Rejects a default that the option would not take.
    public Option {
        names = List.copyOf(names);
        Range.of(names.getLast(), least, most).check(byDefault);
    }

    /// What reads and checks its values.
    ///
    /// @return by its longest name
    public Range range() {
        return Range.of(names.getLast(), least, most);
    }
}
