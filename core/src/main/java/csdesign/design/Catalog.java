// SPDX-License-Identifier: MIT
package csdesign.design;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The only list of the designs. The command line, the bench, the tests and the pages
/// read it.
public final class Catalog {
    /// The names of the original's servers, and whose they are today.
    public static final Map<String, String> ALIASES = Map.of(
            "server01", "fork-per-client",
            "server02", "select",
            "server03", "prefork-accept",
            "server03a", "prefork-accept",
            "server04", "descriptor-passing");

    /// Designs that stand for the others of their kind: what `csdesign bench` measures
    /// unless others are named.
    public static final Set<String> REPRESENTATIVES = Set.of(
            "iterative",
            "fork-per-client",
            "prefork-accept",
            "thread-per-client",
            "prethreaded-accept",
            "select",
            "poll",
            "epoll");

    /// All designs, in the order in which they are best read.
    public static final List<Design> ENTRIES = List.of(
            Iterative.DESIGN,
            ForkPerClient.DESIGN,
            SpawnPerClient.DESIGN,
            PreforkAccept.DESIGN,
            PreforkFileLock.DESIGN,
            PreforkMutex.DESIGN,
            PreforkEpoll.DESIGN,
            PreforkReuseport.DESIGN,
            DescriptorPassing.DESIGN,
            ThreadPerClient.DESIGN,
            PrethreadedAccept.DESIGN,
            PrethreadedLock.DESIGN,
            PrethreadedHandoff.DESIGN,
            Select.DESIGN,
            Poll.DESIGN,
            Epoll.DESIGN);

    private Catalog() {}

    /// Finds a design by its name.
    ///
    /// @param slug for example `epoll`, or the original's name, for example `server02`
    /// @return the design, or nothing
    public static Optional<Design> find(String slug) {
        String name = ALIASES.getOrDefault(slug, slug);
        return ENTRIES.stream().filter(entry -> entry.slug().equals(name)).findFirst();
    }
}
