// SPDX-License-Identifier: MIT
package csdesign.harness;

import csdesign.kit.Limits;
import csdesign.range.Range;
import csdesign.service.Bytes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// The options that set every limit to the largest value that its help names. Deadlines are
/// sums of such values and the clock: a contract that holds with them holds with all others.
public final class Largest {
    /// All but `-n` and `--max-children`, which [HonestDifferences#options] gives each design.
    private static final List<Range> ALL = List.of(
            Limits.BACKLOG,
            Limits.CONNECTIONS,
            Limits.QUEUE,
            Limits.IDLE,
            Limits.REQUEST,
            Limits.GRACE,
            Bytes.Options.MAX_ANSWER,
            Bytes.Options.MAX_REQUEST);

    private Largest() {}

    /// These, and what a test needs besides.
    public static String[] limits(String... more) {
        List<String> options = new ArrayList<>();
        for (Range range : ALL) {
            options.add(range.name());
            options.add(range.text(range.most()));
        }
        options.addAll(Arrays.asList(more));
        return options.toArray(String[]::new);
    }
}
