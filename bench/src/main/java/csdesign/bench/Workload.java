// SPDX-License-Identifier: MIT
package csdesign.bench;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/// What is asked of every server, in a closed loop: a client makes its next request when the last
/// one is answered.
///
/// @param name on the command line and in reports
/// @param bytes of each answer
/// @param keepAlive whether a client makes all its requests on one connection
/// @param clients how many ask at the same time
public record Workload(String name, int bytes, boolean keepAlive, int clients) {
    /// The only list of workloads.
    ///
    /// 64 clients: enough that a server on one core always finds the next request waiting, and few
    /// enough that all of them fit in one round of its loop and in any backlog. More of them only
    /// wait longer.
    public static final List<Workload> ALL = List.of(
            new Workload("connect", 3_000, false, 64),
            new Workload("keep-alive", 64, true, 64));

    /// Finds a workload by its name.
    ///
    /// @param name for example `connect`
    /// @return the workload, or nothing
    public static Optional<Workload> find(String name) {
        return ALL.stream().filter(workload -> workload.name.equals(name)).findFirst();
    }

    /// Those that were named.
    ///
    /// @param named their names; none for all
    /// @return each once, in the order of the list
    /// @throws IllegalArgumentException when one is no workload
    public static List<Workload> of(List<String> named) {
        for (String name : named) {
            if (find(name).isEmpty()) {
                throw new IllegalArgumentException(
                        "no workload '" + name + "'; there are "
                                + ALL.stream().map(Workload::name)
                                        .collect(Collectors.joining(", ")));
            }
        }
        return ALL.stream().filter(each -> named.isEmpty() || named.contains(each.name)).toList();
    }

    /// The same with other clients.
    ///
    /// @param count how many ask at the same time
    /// @return a workload of the same name
    public Workload withClients(int count) {
        return new Workload(name, bytes, keepAlive, count);
    }

    /// What it does, in one line.
    ///
    /// @return for the heading of its table
    public String words() {
        return String.format(
                java.util.Locale.ROOT,
                "%,d bytes, %s, %d clients",
                bytes,
                keepAlive ? "each client on one connection" : "a connection per request",
                clients);
    }
}
