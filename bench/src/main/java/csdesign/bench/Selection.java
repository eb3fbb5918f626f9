// SPDX-License-Identifier: MIT
package csdesign.bench;

import csdesign.design.Catalog;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/// Which designs are measured.
public final class Selection {
    /// Stands for every design of the catalog.
    public static final String ALL = "all";

    private Selection() {}

    /// What is measured unless others are named: one design of each shape, because the whole
    /// catalog takes too long to wait for.
    ///
    /// @return in the order of the catalog
    public static List<Catalog.Entry> byDefault() {
        return Catalog.ENTRIES.stream()
                .filter(entry -> Catalog.ONE_OF_EACH_SHAPE.contains(entry.slug()))
                .toList();
    }

    /// Those of [#byDefault] that `--quick` measures: no pool of processes, because its JVMs take
    /// longer to start than all else takes to measure.
    ///
    /// @return in the order of the catalog
    public static List<Catalog.Entry> byDefaultQuickly() {
        return byDefault().stream()
                .filter(entry -> !(entry.pool() && entry.family() == Catalog.Family.PROCESSES))
                .toList();
    }

    /// The names of those, for a message.
    ///
    /// @return separated by commas
    public static String defaultNames() {
        return names(byDefault());
    }

    /// Those that were named.
    ///
    /// @param named slugs, names of the original, or `all`; none for the default
    /// @param quick whether the default is [#byDefaultQuickly] and not [#byDefault]
    /// @return each once, in the order of the catalog
    /// @throws IllegalArgumentException when one is no design
    public static List<Catalog.Entry> of(List<String> named, boolean quick) {
        if (named.isEmpty()) {
            return quick ? byDefaultQuickly() : byDefault();
        }
        Set<String> slugs = named.stream()
                .filter(name -> !name.equals(ALL))
                .map(name -> Catalog.find(name).orElseThrow(() -> unknown(name)).slug())
                .collect(Collectors.toSet());
        return Catalog.ENTRIES.stream()
                .filter(entry -> named.contains(ALL) || slugs.contains(entry.slug()))
                .toList();
    }

    private static IllegalArgumentException unknown(String name) {
        return new IllegalArgumentException(
                "no design '" + name + "'; there are " + names(Catalog.ENTRIES) + ", or all");
    }

    private static String names(List<Catalog.Entry> entries) {
        return entries.stream().map(Catalog.Entry::slug).collect(Collectors.joining(", "));
    }
}
