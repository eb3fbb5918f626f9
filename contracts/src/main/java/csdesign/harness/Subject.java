// SPDX-License-Identifier: MIT
package csdesign.harness;

import csdesign.design.Catalog;
import csdesign.design.Design.Needs;
import csdesign.design.Design;
import csdesign.harness.ServerProcess.Command;
import csdesign.kit.Nullable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;

/// The design that a contract is put to, and its servers. JUnit closes it after the last
/// test.
///
/// A contract's tests share one server for each set of options, because a start costs more
/// than most tests. Servers with the options that most contracts use are shared by all
/// contracts of a run: see [SharedServers]. At the end each shared server must stop with
/// exit code 0, with nothing said on stderr: so every test is also a test that its clients
/// leave no trace.
public final class Subject implements AutoCloseable {
    /// How far apart in the catalog two contracts begin.
    private static final int APART = 5;

    private static final AtomicInteger CONTRACTS = new AtomicInteger();

    private final Design entry;
    private final Map<List<String>, ServerProcess> shared = new HashMap<>();
    private SharedServers.@Nullable Lease lease;
    private final List<ServerProcess> own = new ArrayList<>();

    private Subject(Design entry) {
        this.entry = entry;
    }

    /// Every design of the catalog.
    public static Stream<Named<Subject>> all() {
        return those(_ -> true);
    }

    /// Every design that makes system calls.
    public static Stream<Named<Subject>> callers() {
        return those(entry -> !entry.needs().equals(Needs.JDK));
    }

    /// Every design with workers.
    public static Stream<Named<Subject>> pools() {
        return those(entry -> entry.servedBy().isPool());
    }

    /// Every design whose workers are processes.
    public static Stream<Named<Subject>> processPools() {
        return those(entry -> entry.servedBy() == Design.ServedBy.POOL_OF_PROCESSES);
    }

    /// Every design with a process for each client.
    public static Stream<Named<Subject>> processForEachClient() {
        return those(entry -> entry.servedBy().isProcessPerClient());
    }

    /// Every design with a queue of clients that it has accepted and does not serve yet.
    public static Stream<Named<Subject>> queues() {
        return those(entry -> HonestDifferences.acceptedAhead(entry) > 0);
    }

    /// `-Dcsdesign.contract=epoll,select` puts a contract to these alone. Each contract begins
    /// with another design, so that those that run beside each other seldom want the same
    /// server.
    private static Stream<Named<Subject>> those(Predicate<Design> kind) {
        String some = System.getProperty("csdesign.contract", "");
        List<String> slugs = some.isEmpty() ? List.of() : List.of(some.split(",", -1));
        List<Named<Subject>> subjects = new ArrayList<>(
                Catalog.ENTRIES.stream()
                        .filter(kind)
                        .filter(entry -> slugs.isEmpty() || slugs.contains(entry.slug()))
                        .map(entry -> Named.of(entry.slug(), new Subject(entry)))
                        .toList());
        Collections.rotate(subjects, CONTRACTS.getAndAdd(APART));
        return subjects.stream();
    }

    /// What the catalog says of it.
    public Design entry() {
        return entry;
    }

    public String slug() {
        return entry.slug();
    }

    /// The most clients that it serves at once: see [HonestDifferences#capacity].
    public int capacity() {
        return HonestDifferences.capacity(entry);
    }

    /// How many of so many clients are served at once, for certain: no more than its
    /// capacity.
    public int atOnce(int clients) {
        return HonestDifferences.shardsByHash(entry) ? 1 : Math.min(clients, capacity());
    }

    /// So many clients, or as many as can be asked of it in the time of a test: see
    /// [HonestDifferences#mostClients].
    public int crowd(int clients) {
        return Math.min(clients, HonestDifferences.mostClients(entry));
    }

    /// Enough clients that some must wait until others leave; or so many, where no client
    /// must wait.
    public int crowdInTurn(int clients) {
        return (int) Math.min(clients, 3L * capacity());
    }

    /// What starts it with these options, beside those that [HonestDifferences#options] gives it.
    public Command command(String... options) {
        return Command.of(slug(), with(options));
    }

    /// The same without leave to make system calls.
    public Command commandWithoutNativeAccess(String... options) {
        return Command.withoutNativeAccess(slug(), with(options));
    }

    private List<String> with(String... options) {
        List<String> all = new ArrayList<>(HonestDifferences.options(entry));
        all.addAll(Arrays.asList(options));
        return all;
    }

    /// The server with these options that all tests of this contract share.
    public ServerProcess server(String... options) {
        List<String> some = Arrays.asList(options);
        if (!SharedServers.areShared(some)) {
            return shared.computeIfAbsent(
                    some, _ -> ServerProcess.start(slug(), command(options)));
        }
        if (lease == null) {
            lease = SharedServers.lease(slug());
        }
        return lease.server(some, () -> ServerProcess.start(slug(), command(options)));
    }

    /// A server of its own for a test that ends it, limits it, or makes it complain.
    public ServerProcess ownServer(String... options) {
        return ownServer(command(options));
    }

    /// A server of its own, started by this command.
    public ServerProcess ownServer(Command command) {
        ServerProcess server = ServerProcess.start(slug(), command);
        own.add(server);
        return server;
    }

    @Override
    public void close() {
        own.forEach(ServerProcess::close);
        try {
            for (ServerProcess server : shared.values()) {
                server.stopQuietly();
            }
            if (lease != null) {
                lease.expectNoTrace();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            shared.values().forEach(ServerProcess::close);
            if (lease != null) {
                lease.close();
            }
        }
    }

    @Override
    public String toString() {
        return slug();
    }
}
