// SPDX-License-Identifier: MIT
package csdesign.bench;

import java.util.List;
import java.util.TreeSet;

/// A set of processors, written as the kernel and taskset write it: `0,2-3`.
///
/// @param list their numbers, ascending, 0 to 1,023
public record Cpus(List<Integer> list) {
    /// None: no pinning.
    public static final Cpus NONE = new Cpus(List.of());

    private static final int LIMIT = 1_024;

    /// Sorts, and drops what is there twice.
    public Cpus {
        list = List.copyOf(new TreeSet<>(list));
    }

    /// Reads such a text.
    ///
    /// @param text for example `0,2-3`
    /// @return the set
    /// @throws IllegalArgumentException when it is none, with what was expected
    public static Cpus parse(String text) {
        TreeSet<Integer> numbers = new TreeSet<>();
        for (String part : text.split(",", -1)) {
            String[] ends = part.split("-", -1);
            int first = number(ends[0], text);
            int last = ends.length == 1 ? first : number(ends[1], text);
            if (ends.length > 2 || first > last) {
                throw notCpus(text);
            }
            for (int cpu = first; cpu <= last; cpu++) {
                numbers.add(cpu);
            }
        }
        return new Cpus(List.copyOf(numbers));
    }

    private static int number(String digits, String text) {
        if (!digits.matches("\\d{1,4}") || Integer.parseInt(digits) >= LIMIT) {
            throw notCpus(text);
        }
        return Integer.parseInt(digits);
    }

    private static IllegalArgumentException notCpus(String text) {
        return new IllegalArgumentException(
                "'" + text + "' is no list of CPUs: give numbers and ranges, for example 0,2-3");
    }

    /// Whether there are none.
    ///
    /// @return true for [#NONE]
    boolean none() {
        return list.isEmpty();
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < list.size();) {
            int last = i;
            while (last + 1 < list.size() && list.get(last + 1) == list.get(last) + 1) {
                last++;
            }
            text.append(text.isEmpty() ? "" : ",").append(list.get(i));
            if (last > i) {
                text.append('-').append(list.get(last));
            }
            i = last + 1;
        }
        return text.toString();
    }
}
