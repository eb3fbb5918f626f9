// SPDX-License-Identifier: MIT
package csdesign.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// A write that ends its process, and the same one that does not.
class SigpipeIT {
    private static LabRun lab;

    @BeforeAll
    static void run() throws Exception {
        lab = LabRun.of("sigpipe");
    }

    @Test
    void shouldShowAllItsClaims() {
        lab.assertShown();
    }

    @Test
    void shouldTellOneCallOfTheRstAndAnswerEpipeAfterIt() {
        assertThat(lab.value("Reset: recv", "recv").asString()).isEqualTo("ECONNRESET (104)");
        assertThat(lab.value("Reset: recv", "send").asString()).isEqualTo("EPIPE (32)");
        assertThat(lab.value("Reset: recv", "another connection, send").asString())
                .isEqualTo("ECONNRESET (104)");
        assertThat(lab.value("Reset: recv", "send again").asString()).isEqualTo("EPIPE (32)");
    }

    @Test
    void shouldLetTheFirstSendAfterACloseSucceed() {
        assertThat(lab.value("Closed", "send").asString()).isEqualTo("5");
        assertThat(lab.value("Closed", "send again").asString()).isEqualTo("EPIPE (32)");
    }

    @Test
    void shouldThrowInJava() {
        assertThat(lab.values("SocketChannel, write").getFirst().asString())
                .isEqualTo("IOException: Broken pipe");
        assertThat(lab.values("Socket, write").getFirst().asString())
                .isEqualTo("SocketException: Broken pipe");
        assertThat(lab.values("another SocketChannel, write").getFirst().asString())
                .isEqualTo("IOException: Connection reset by peer");
    }

    @Test
    void shouldLiveWhereTheSignalIsCaughtOrIgnoredOrNotSent() {
        assertThat(row(0)).containsExactly("caught", "none", "EPIPE (32)", "lives");
        assertThat(row(1)).containsExactly("ignored", "none", "EPIPE (32)", "lives");
        assertThat(row(2)).containsExactly("default", "MSG_NOSIGNAL", "EPIPE (32)", "lives");
    }

    @Test
    void shouldDieOfTheSignalByDefault() {
        assertThat(row(3)).containsExactly("default", "none", "nothing", "signal 13");
        assertThat(lab.value("A shell", "sh -c 'yes; echo $?'").asString()).isEqualTo("141");
    }

    private static List<String> row(int number) {
        return StreamSupport
                .stream(lab.rows("Another JVM").get(number).spliterator(), false)
                .map(JsonNode::asString)
                .toList();
    }
}
