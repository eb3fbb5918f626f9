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
import tools.jackson.databind.JsonNode;

/// Servers that are started again.
class ReuseaddrIT {
    private static final String KEPT = "kept-by-the-end-that-closes-first";

    private static LabRun lab;

    @BeforeAll
    static void run() throws Exception {
        lab = LabRun.of("reuseaddr");
    }

    @Test
    void shouldShowAllItsClaims() {
        lab.assertShown();
    }

    @Test
    void shouldNotBindWhereOneOfTheTwoServersDoesNotHaveTheOption() {
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
    void shouldBindByTheJdkUnlessTheOptionIsTakenAway() {
        String jdk = "The JDK";
        assertThat(lab.value(jdk, "both kinds have SO_REUSEADDR").asString()).isEqualTo("yes");
        assertThat(lab.value(jdk, "bind, SO_REUSEADDR set to false").asString())
                .startsWith("BindException");
        assertThat(lab.value(jdk, "bind, as the JDK made it").asString()).isEqualTo("0");
    }

    @Test
    void shouldSayThatAFullTableHidesTimeWait() throws Exception {
        assumeTrue(OrdinaryUser.isThere(), "setpriv and root make an ordinary user");
        PrivateNetwork.run(network -> {
            assumeTrue(network.isPrivate(), network.refusal());
            Files.writeString(Path.of("/proc/sys/net/ipv4/tcp_max_tw_buckets"), "0");
            LabRun full = LabRun.byAnOrdinaryUser("reuseaddr");
            assertThat(full.exitCode()).isZero();
            List<String> hidden = List.of(
                    "no-reuseaddr-in-the-new-server", "reuseaddr-in-the-new-server-only",
                    "reuseaddr-in-both-servers", "reuseaddr-by-the-jdk");
            for (String claim : hidden) {
                assertThat(full.verdict(claim)).as(claim).isEqualTo("not_here");
                assertThat(full.evidence(claim)).as(claim).contains("tcp_max_tw_buckets is 0");
            }
            assertThat(full.verdict("reuseaddr-shares-no-port")).isEqualTo("shown");
            LabRun timeWait = LabRun.byAnOrdinaryUser("time-wait");
            assertThat(timeWait.exitCode()).isZero();
            assertThat(timeWait.verdict(KEPT)).isEqualTo("not_here");
            assertThat(timeWait.verdict("linger-0-loses-data")).isEqualTo("shown");
            LabRun rst = LabRun.byAnOrdinaryUser("rst");
            assertThat(rst.exitCode()).isZero();
            assertThat(rst.verdict("no-rst-after-an-orderly-end")).isEqualTo("not_here");
            assertThat(rst.verdict("no-close-wait-no-time-wait")).isEqualTo("shown");
        });
    }

    private static String bind(int row, String ofTheOld, String ofTheNew) {
        JsonNode cells = lab.rows("A server closed first").get(row);
        assertThat(cells.get("SO_REUSEADDR").asString()).isEqualTo(ofTheOld);
        assertThat(cells.get("of the new").asString()).isEqualTo(ofTheNew);
        assertThat(cells.get("the old one").asString())
                .isEqualTo(row < 4 ? "has ended" : "listens");
        return cells.get("bind answers").asString();
    }
}
