// SPDX-License-Identifier: MIT
package csdesign.bench;

import csdesign.design.Catalog;
import csdesign.design.Design;
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
    public static List<Design> byDefault() {
        return Catalog.ENTRIES.stream()
                .filter(entry -> Catalog.REPRESENTATIVES.contains(entry.slug()))
                .toList();
    }

    /// Those of [#byDefault] that `--quick` measures: no pool of processes, because its JVMs take
    /// longer to start than all else takes to measure.
    ///
    /// @return in the order of the catalog
    public static List<Design> byDefaultQuickly() {
        return byDefault().stream()
                .filter(entry -> entry.servedBy() != Design.ServedBy.POOL_OF_PROCESSES)
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
    public static List<Design> of(List<String> named, boolean quick) {
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

    private static String names(List<Design> entries) {
        return entries.stream().map(Design::slug).collect(Collectors.joining(", "));
    }
}
