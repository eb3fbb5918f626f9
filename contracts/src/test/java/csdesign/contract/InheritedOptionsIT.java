// SPDX-License-Identifier: MIT
package csdesign.contract;

import static org.assertj.core.api.Assertions.assertThat;

import csdesign.harness.Client;
import csdesign.harness.ServerProcess;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What a user set for every JVM reaches the processes that a server starts, too: a collector, which may be only one, and a
/// debugger's port, which only one process can have.
class InheritedOptionsIT {
    @ParameterizedTest
    @ValueSource(strings = {"prefork-accept", "fork-per-client"})
    void shouldServeWithAnotherCollectorAndADebugger(String slug) throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        List<String> words = new ArrayList<>(
                List.of(
                        "env",
                        "JAVA_TOOL_OPTIONS=-XX:+UseG1GC -agentlib:jdwp=transport=dt_socket,server=y,"
                                + "suspend=n,quiet=y,address=127.0.0.1:" + port));
        words.addAll(ServerProcess.Command.of(slug, List.of("-n", "1")).words());
        words.remove("-XX:+UseSerialGC"); // the test's own, not the program's
        try (ServerProcess server = ServerProcess.start(slug, new ServerProcess.Command(words))) {
            try (Client client = Client.of(server)) {
                client.send("3000").expectAnswer(3000);
            }
            server.terminate();
            assertThat(server.awaitExit(ServerProcess.PATIENCE)).isZero();
            assertThat(server.err()).filteredOn(line -> line.contains("is for one process"))
                    .hasSize(1)
                    .allMatch(line -> line.contains("-agentlib:jdwp=") && line.contains("" + port));
            assertThat(server.err()).noneMatch(line -> line.contains("Error"));
        }
    }
}
