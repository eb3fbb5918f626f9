// SPDX-License-Identifier: MIT
package csdesign.contract;

import static org.assertj.core.api.Assertions.assertThat;

import csdesign.harness.EveryCaller;
import csdesign.harness.Refusal;
import csdesign.harness.ServerProcess;
import csdesign.harness.Subject;
import org.junit.jupiter.api.Test;

/// A stop does not depend on one means: where the kernel refuses to shut the door by a packet filter, the next best
/// means does, and no client notices. Where it refuses them all, the server says what that means, and those who
/// wait are served. [StopContract] has the best means that there is here;
/// `-Dcsdesign.contract.without=net_admin` takes it away from all contracts.
@EveryCaller
record DoorContract(Subject subject) {
    @Test
    void shouldLoseNobodyUnderLoadWithoutThePrivilegeOfAFilter() throws Exception {
        ServerProcess server = Refusal.within(Refusal.filter(), subject::ownServer);
        StopUnderLoadContract.stopUnderLoad(subject, server, false);
        assertThat(server.err()).isEmpty();
    }

    @Test
    void shouldServeTheAcceptQueueAndSayWhatMayBeLostWhenItCannotBeShut() throws Exception {
        ServerProcess server = Refusal.within(
                Refusal.door(), () -> subject.ownServer(StopContract.QUEUE_OPTIONS));
        int count = StopContract.stopOverAQueue(subject, server);
        assertThat(server.awaitExit(ServerProcess.PATIENCE)).isZero();
        assertThat(server.distributionSum()).isEqualTo(count);
        assertThat(server.err()).singleElement().asString()
                .contains("door", "ENOPROTOOPT", "may be reset", "CAP_NET_ADMIN");
    }
}
