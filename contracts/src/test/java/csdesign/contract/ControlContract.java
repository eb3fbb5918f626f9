// SPDX-License-Identifier: MIT
package csdesign.contract;

import static org.assertj.core.api.Assertions.assertThat;

import csdesign.harness.Client;
import csdesign.harness.EveryDesign;
import csdesign.harness.ServerProcess;
import csdesign.harness.Subject;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/// With `--control` the program that started a server asks it for its costs and takes it
/// along when it ends, however it ends: the kernel closes the pipe.
@EveryDesign
record ControlContract(Subject subject) {
    @Test
    void shouldTellItsCostsAndEndWithItsInput() throws Exception {
        ServerProcess server = subject.ownServer("--control");
        try (Client client = Client.of(server)) {
            client.send("3000\n").expectAnswer(3000).send("7\n").expectAnswer(7);
            client.halfClose().expectEnd(); // counted by now
        }
        server.tell("cost");
        assertThat(line(server, 1)).matches(
                "\\{\"connections\":1,\"requests\":2,\"bytes\":3007,\"userMicros\":-?\\d+,.*}");
        server.tell("what?");
        assertThat(line(server, 2)).contains("error", "cost");

        server.endInput();
        assertThat(server.awaitExit(ServerProcess.PATIENCE)).isZero();
        assertThat(server.distributionSum()).isEqualTo(1);
        assertThat(server.err()).isEmpty();
    }

    @Test
    void shouldFinishWhatIsInFlightWhenItsInputEnds() throws Exception {
        ServerProcess server = subject.ownServer("--control", "--wait", "300");
        try (Client client = Client.of(server)) {
            client.send("3000\n");
            server.awaitRead(client);
            server.endInput();
            client.expectAnswer(3000).expectEnd();
        }
        assertThat(server.awaitExit(ServerProcess.PATIENCE)).isZero();
        assertThat(server.err()).isEmpty();
    }

    private static String line(ServerProcess server, int index) {
        List<String> out = server.out();
        Awaitility.await("line " + index).atMost(ServerProcess.PATIENCE)
                .until(() -> out.size() > index);
        return out.get(index);
    }
}
