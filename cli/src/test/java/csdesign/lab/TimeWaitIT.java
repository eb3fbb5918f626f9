// SPDX-License-Identifier: MIT
package csdesign.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import csdesign.evidence.PrivateNetwork;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Ports that are kept for a minute, and servers that start again all the same.
class TimeWaitIT {
    private static LabRun lab;

    @BeforeAll
    static void run() throws Exception {
        lab = LabRun.of("time-wait");
    }

    @Test
    void shouldShowAllItsClaims() {
        lab.assertShown();
    }

    @Test
    void shouldKeepThePortOfTheOneWhoClosesFirst() {
        assertThat(lab.evidence("who")).isEqualTo("the client's, then the server's");
        assertThat(lab.values("seconds that its timer has left").getFirst().asDouble())
                .isBetween(30.0, 60.0);
    }

    @Test
    void shouldNotBindWhereOneOfTheTwoServersHasNotTheOption() {
        assertThat(bind(0, "no", "no")).isEqualTo("EADDRINUSE (98)");
        assertThat(bind(1, "yes", "no")).isEqualTo("EADDRINUSE (98)");
        assertThat(bind(2, "no", "yes")).isEqualTo("EADDRINUSE (98)");
    }

    @Test
    void shouldBindWhereBothHaveTheOption() {
        assertThat(bind(3, "yes", "yes")).isEqualTo("0");
    }

    @Test
    void shouldNotBindWhereAnotherOneListens() {
        assertThat(bind(4, "yes", "yes")).isEqualTo("EADDRINUSE (98)");
    }

    @Test
    void shouldLoseWhatWasNotSentWhereARstLeavesNoTimeWait() {
        String reset = "No remedy";
        assertThat(lab.value(reset, "in TIME_WAIT at the server's port").asLong()).isZero();
        assertThat(lab.value(reset, "bytes that the client received").asLong())
                .isLessThan(lab.value(reset, "bytes that send took").asLong());
    }

    @Test
    void shouldBindByTheJdkUnlessTheOptionIsTakenAway() {
        String jdk = "The JDK";
        assertThat(lab.value(jdk, "both kinds have SO_REUSEADDR").asString()).isEqualTo("yes");
        assertThat(lab.value(jdk, "bind, SO_REUSEADDR set to false").asString())
                .startsWith("BindException");
        assertThat(lab.value(jdk, "bind, as the JDK made it").asString()).isEqualTo("0");
    }

    @Test
    void shouldRunOutOfPortsTowardsOneServerAlone() {
        assumeTrue(lab.verdict("ports").equals("shown"), lab.evidence("ports"));
        String client = "A client";
        assertThat(lab.value(client, "connect to the same server").asString())
                .isEqualTo("EADDRNOTAVAIL (99)");
        assertThat(lab.value(client, "connect to another port of its host").asString())
                .isEqualTo("0");
        assertThat(lab.value(client, "tcp_tw_reuse 1, connect").asString()).isEqualTo("0");
        assertThat(lab.value(client, "TcpExt.TWRecycled grew by").asLong()).isOne();
    }

    @Test
    void shouldSayThatAFullTableHidesTimeWait() throws Exception {
        assumeTrue(OrdinaryUser.isThere(), "setpriv and root make an ordinary user");
        PrivateNetwork.run(network -> {
            assumeTrue(network.isPrivate(), network.refusal());
            Files.writeString(Path.of("/proc/sys/net/ipv4/tcp_max_tw_buckets"), "0");
            LabRun full = LabRun.byAnOrdinaryUser("time-wait");
            assertThat(full.exitCode()).isZero();
            for (String claim : List.of("who", "restart", "too-late", "reuse", "jdk")) {
                assertThat(full.verdict(claim)).as(claim).isEqualTo("not_here");
                assertThat(full.evidence(claim)).as(claim).contains("tcp_max_tw_buckets is 0");
            }
            for (String claim : List.of("one", "rst")) {
                assertThat(full.verdict(claim)).as(claim).isEqualTo("shown");
            }
            LabRun rst = LabRun.byAnOrdinaryUser("rst");
            assertThat(rst.exitCode()).isZero();
            assertThat(rst.verdict("orderly")).isEqualTo("not_here");
            assertThat(rst.verdict("pure")).isEqualTo("shown");
        });
    }

    private static String bind(int row, String old, String young) {
        var cells = lab.rows("A server closed first").get(row);
        assertThat(cells.get("SO_REUSEADDR").asString()).isEqualTo(old);
        assertThat(cells.get("of the new").asString()).isEqualTo(young);
        assertThat(cells.get("the old one").asString())
                .isEqualTo(row < 4 ? "has ended" : "listens");
        return cells.get("bind answers").asString();
    }
}
