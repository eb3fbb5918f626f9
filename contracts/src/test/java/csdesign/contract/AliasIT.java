// SPDX-License-Identifier: MIT
package csdesign.contract;

import static org.assertj.core.api.Assertions.assertThat;

import csdesign.design.Catalog;
import csdesign.design.Design;
import csdesign.harness.Client;
import csdesign.harness.HonestDifferences;
import csdesign.harness.ServerProcess;
import csdesign.harness.ServerProcess.Command;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The original's servers go by their old names, too, and say what they are.
class AliasIT {
    /// Those whose design is in the catalog.
    static Stream<String> aliases() {
        return Catalog.ALIASES.keySet()
                .stream()
                .filter(alias -> Catalog.find(alias).isPresent())
                .sorted();
    }

    @Test
    void shouldKnowTheOriginalsSelect() {
        assertThat(Catalog.find("server02")).isEqualTo(Catalog.find("select"));
    }

    @ParameterizedTest
    @MethodSource("aliases")
    void shouldServeByTheOriginalsName(String alias) throws Exception {
        Design entry = Catalog.find(alias).orElseThrow();
        Command command = Command.of(alias, HonestDifferences.options(entry));
        // It says `listening on ... (select, pid ...)` when it was started as server02.
        try (ServerProcess server = ServerProcess.start(entry.slug(), command)) {
            try (Client client = Client.of(server)) {
                client.send("3000").expectAnswer(3000);
            }
            server.stopQuietly();
            assertThat(server.distributionSum()).isEqualTo(1);
        }
    }
}
