// SPDX-License-Identifier: MIT
package csdesign.harness;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;

/// The servers that all contracts of a run share: one for each design and each set of options
/// that several contracts use. A start costs more CPU time than most tests.
///
/// Contracts run beside each other, and some count what a server holds: so a design's shared
/// servers belong to one contract at a time. When it returns them they must live and have said
/// nothing; if not, that contract fails, and the next one gets a new server. They are stopped
/// after the last contract, and must end in order then.
public final class SharedServers implements BeforeAllCallback {
    /// Three JVMs for each design, and their workers, stay alive to the end of the run: each set
    /// more costs some 100 MB of memory for each pool of processes.
    private static final Set<List<String>> OPTIONS = Set.of(
            List.of(), List.of("--strict"), List.of("--wait", "100"));

    private static final Map<String, Lease> LEASES = new ConcurrentHashMap<>();

    static boolean areShared(List<String> options) {
        return OPTIONS.contains(options);
    }

    /// Waits until no other contract has this design's servers.
    static Lease lease(String slug) {
        Lease lease = LEASES.computeIfAbsent(slug, _ -> new Lease());
        lease.free.acquireUninterruptibly();
        return lease;
    }

    /// Sees to it that the servers are stopped after the last contract.
    @Override
    public void beforeAll(ExtensionContext context) {
        context.getRoot().getStore(Namespace.create(SharedServers.class))
                .computeIfAbsent(AutoCloseable.class, _ -> (AutoCloseable) SharedServers::stopAll);
    }

    private static void stopAll() throws InterruptedException {
        try {
            for (Lease lease : LEASES.values()) {
                lease.stopAll();
            }
        } finally {
            closeAll();
        }
    }

    private static void closeAll() {
        LEASES.values().forEach(Lease::closeAll);
        LEASES.clear();
    }

    /// The shared servers of one design, which one contract has now.
    static final class Lease implements AutoCloseable {
        private final Semaphore free = new Semaphore(1);
        private final Map<List<String>, ServerProcess> servers = new ConcurrentHashMap<>();

        /// The server with these options.
        ServerProcess server(List<String> options, Supplier<ServerProcess> start) {
            return servers.computeIfAbsent(options, _ -> start.get());
        }

        /// Fails the contract that has harmed one of them.
        void expectNoTrace() {
            for (ServerProcess server : List.copyOf(servers.values())) {
                boolean unharmed = server.isAlive() && server.err().isEmpty();
                if (!unharmed) {
                    servers.values().remove(server);
                    server.close();
                }
                assertThat(unharmed)
                        .as("a server that all contracts share is unharmed; stderr: %s",
                                server.err())
                        .isTrue();
            }
        }

        private void stopAll() throws InterruptedException {
            for (ServerProcess server : servers.values()) {
                server.terminate();
            }
            for (ServerProcess server : servers.values()) {
                server.stopQuietly();
            }
        }

        private void closeAll() {
            servers.values().forEach(ServerProcess::close);
        }

        /// Lets the next contract have them.
        @Override
        public void close() {
            free.release();
        }
    }
}
