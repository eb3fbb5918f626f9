// SPDX-License-Identifier: MIT
package csdesign.harness;

import csdesign.design.Design;
import csdesign.kit.Limits;
import csdesign.range.Option;
import csdesign.range.Range;
import csdesign.service.Bytes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/// The options that set every limit to the largest value that its help names. Deadlines are
/// sums of such values and the clock: a contract that holds with them holds with all others.
public final class Largest {
    /// All that every design has but `-n`, which [HonestDifferences#options] gives a pool.
    private static final List<Range> ALL = List.of(
            Limits.BACKLOG,
            Limits.CONNECTIONS,
            Limits.IDLE,
            Limits.REQUEST,
            Limits.GRACE,
            Bytes.Options.MAX_ANSWER,
            Bytes.Options.MAX_REQUEST);

    private Largest() {}

    /// These, those of the design's own that [HonestDifferences#options] does not set, and
    /// what a test needs besides.
    public static String[] limits(Design entry, String... more) {
        List<String> options = new ArrayList<>();
        Stream<Range> own = entry.options().stream()
                .filter(option -> !option.isFlag())
                .filter(option -> !HonestDifferences.options(entry).contains(option.name()))
                .map(Option::range);
        for (Range range : Stream.concat(ALL.stream(), own).toList()) {
            options.add(range.name());
            options.add(range.text(range.most()));
        }
        options.addAll(Arrays.asList(more));
        return options.toArray(String[]::new);
    }
}
