// SPDX-License-Identifier: MIT
package csdesign.bench;

import csdesign.posix.Arch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Which processors the server has for itself, and which the client.
///
/// @param server empty when it may run anywhere
/// @param client empty when it may run anywhere
/// @param words how that came about, for the report
public record Pinning(Cpus server, Cpus client, String words) {
    /// Chooses.
    ///
    /// @param wanted false for `--no-pin`
    /// @param server `--server-cpus`, or [Cpus#NONE] to choose one
    /// @param client `--client-cpus`, or [Cpus#NONE] to choose one
    /// @return the choice, or none where there are fewer than two processors
    /// @throws IllegalArgumentException when what was asked for is not there
    /// @throws IOException when the kernel does not tell
    public static Pinning choose(boolean wanted, Cpus server, Cpus client) throws IOException {
        if (!wanted && !(server.none() && client.none())) {
            throw new IllegalArgumentException(
                    "--no-pin and --server-cpus or --client-cpus exclude each other: leave one out");
        }
        if (!wanted) {
            return off("not pinned (--no-pin)");
        }
        if (!Arch.isUsable()) {
            if (server.none() && client.none()) {
                return off("not pinned (only on Linux, with native access)");
            }
            throw new IllegalArgumentException(
                    "--server-cpus and --client-cpus need Linux and native access; use --no-pin");
        }
        Cpus allowed = Affinity.current();
        require("--server-cpus", server, allowed);
        require("--client-cpus", client, allowed);
        if (allowed.list().size() < 2 && server.none() && client.none()) {
            return off("not pinned (this process may use one CPU only: " + allowed + ")");
        }
        Cpus servers = server.none() ? other(allowed, client) : server;
        Cpus clients = client.none() ? other(allowed, servers) : client;
        return new Pinning(
                servers,
                clients,
                "server on CPU " + servers + ", client on CPU " + clients
                        + (shareCore(servers, clients) ? " (hyperthreads of one core)" : ""));
    }

    private static Pinning off(String words) {
        return new Pinning(Cpus.NONE, Cpus.NONE, words);
    }

    private static void require(String option, Cpus asked, Cpus allowed) {
        if (!allowed.list().containsAll(asked.list())) {
            throw new IllegalArgumentException(
                    option + " is " + asked + ": this process may use " + allowed);
        }
    }

    /// One that is not taken, on a core that is not shared with one that is, where there is such.
    private static Cpus other(Cpus allowed, Cpus taken) {
        List<Cpus> free = allowed.list()
                .stream()
                .filter(cpu -> !taken.list().contains(cpu))
                .map(cpu -> new Cpus(List.of(cpu)))
                .toList();
        return free.stream()
                .filter(cpu -> !shareCore(cpu, taken))
                .findFirst()
                .orElse(free.isEmpty() ? allowed : free.getFirst());
    }

    private static boolean shareCore(Cpus some, Cpus others) {
        for (int cpu : some.list()) {
            try {
                Cpus siblings = Cpus.parse(
                        Files.readString(
                                Path.of(
                                        "/sys/devices/system/cpu/cpu" + cpu
                                                + "/topology/thread_siblings_list"))
                                .strip());
                if (siblings.list().stream().anyMatch(others.list()::contains)) {
                    return true;
                }
            } catch (IOException | IllegalArgumentException untold) {
                // A container may hide it: then they count as cores of their own.
            }
        }
        return false;
    }
}
