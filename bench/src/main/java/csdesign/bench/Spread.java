// SPDX-License-Identifier: MIT
package csdesign.bench;

import java.util.Arrays;
import java.util.Collection;

/// Several measurements of the same thing: the middle, and how far they lie apart. Never the best
/// of them alone.
///
/// @param median the middle one; between the middle two when their number is even
/// @param least the smallest
/// @param most the largest
/// @param count how many there are
public record Spread(double median, double least, double most, int count) {
    /// Of these.
    ///
    /// @param values one or more
    /// @return their spread
    public static Spread of(Collection<Double> values) {
        if (values.isEmpty()) {
            throw new IllegalArgumentException("nothing was measured");
        }
        double[] sorted = values.stream().mapToDouble(Double::doubleValue).toArray();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        double median = sorted.length % 2 == 1
                ? sorted[middle]
                : (sorted[middle - 1] + sorted[middle]) / 2;
        return new Spread(median, sorted[0], sorted[sorted.length - 1], sorted.length);
    }
}
