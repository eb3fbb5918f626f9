// SPDX-License-Identifier: MIT
package csdesign.contract;

import static org.assertj.core.api.Assertions.assertThat;

import csdesign.design.Design.Needs;
import csdesign.harness.Client;
import csdesign.harness.EveryDesign;
import csdesign.harness.ServerProcess;
import csdesign.harness.ServerProcess.Command;
import csdesign.harness.Subject;
import org.junit.jupiter.api.Test;

/// A design that the catalog says runs anywhere needs no flag, and the JVM warns of
/// nothing. One that makes system calls by FFM says which flag it needs.
@EveryDesign
record PortableContract(Subject subject) {
    @Test
    void shouldNeedNoFlagOrNameTheOneItNeeds() throws Exception {
        Command command = subject.commandWithoutNativeAccess()
                .withFlag("--illegal-native-access=deny");
        if (subject.entry().needs().equals(Needs.JDK)) {
            expectServed(command);
        } else {
            expectRemedy(command);
        }
    }

    private void expectServed(Command command) throws Exception {
        ServerProcess server = subject.ownServer(command);
        try (Client client = Client.of(server)) {
            client.send("3000\n").expectAnswer(3000).halfClose().expectEnd();
        }
        server.stopQuietly();
        assertThat(server.distributionSum()).isEqualTo(1);
    }

    private static void expectRemedy(Command command) throws Exception {
        try (ServerProcess server = ServerProcess.launch(command)) {
            assertThat(server.awaitExit(ServerProcess.PATIENCE)).isEqualTo(1);
            assertThat(server.out()).isEmpty();
            assertThat(server.err()).singleElement().asString()
                    .contains("--enable-native-access=ALL-UNNAMED");
        }
    }
}
