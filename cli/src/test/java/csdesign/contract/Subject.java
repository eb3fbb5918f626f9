// SPDX-License-Identifier: MIT
package csdesign.contract;

import csdesign.contract.ServerProcess.Command;
import csdesign.design.Catalog;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;

/// The design that a contract is put to, and its servers. JUnit closes it after the last
/// test.
///
/// A contract's tests share one server for each set of options, since a start costs more
/// than most tests. At the end each shared server must stop with exit code 0, with
/// nothing said on stderr: so every test is also a test that its clients leave no trace.
final class Subject implements AutoCloseable {
    private final Catalog.Entry entry;
    private final Map<List<String>, ServerProcess> shared = new HashMap<>();
    private final List<ServerProcess> own = new ArrayList<>();

    private Subject(Catalog.Entry entry) {
        this.entry = entry;
    }

    /// Every design of the catalog.
    static Stream<Named<Subject>> all() {
        return Catalog.ENTRIES.stream().map(entry -> Named.of(entry.slug(), new Subject(entry)));
    }

    /// What the catalog says of it.
    Catalog.Entry entry() {
        return entry;
    }

    String slug() {
        return entry.slug();
    }

    /// The server with these options that all tests of this contract share.
    ServerProcess server(String... options) {
        return shared.computeIfAbsent(
                Arrays.asList(options), _ -> ServerProcess.start(slug(), options));
    }

    /// A server of its own for a test that ends it, limits it, or makes it complain.
    ServerProcess ownServer(String... options) {
        return ownServer(Command.of(slug(), options));
    }

    /// A server of its own, started by this command.
    ServerProcess ownServer(Command command) {
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
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            shared.values().forEach(ServerProcess::close);
        }
    }

    @Override
    public String toString() {
        return slug();
    }
}
