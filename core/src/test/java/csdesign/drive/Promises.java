// SPDX-License-Identifier: MIT
package csdesign.drive;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import csdesign.kit.Scoreboard;
import java.util.Arrays;

/// What [Exchange] promises whatever the events and their order.
final class Promises {
    /// No scenario needs more: whoever does goes in circles.
    private static final int MOST_EVENTS = 10_000;

    private static final Scoreboard SCOREBOARD = Scoreboard.create(1);

    /// What a late client is told begins so.
    private static final String LATE = "ERR the request was not complete in time: ";

    private Promises() {}

    /// Lets the choices decide, then the client end and time pass, and looks at what was sent.
    ///
    /// @param clock whether the choices include deadlines and stops
    static void check(Scenario scenario, Choices choices, boolean clock) {
        long bytes = SCOREBOARD.bytes();
        long requests = SCOREBOARD.requests();
        ModelDriver driver = new ModelDriver(scenario, Scenario.LIMITS, SCOREBOARD).begin();
        for (int i = 0; !driver.isClosed(); i++) {
            driver.event(choices, clock && !choices.isExhausted());
            assertThat(i).as("events: %s", driver).isLessThan(MOST_EVENTS);
        }
        byte[] sent = driver.sentBytes();
        assertThat(SCOREBOARD.bytes() - bytes).isEqualTo(sent.length);
        byte[] answer = scenario.answerTo(driver.asked);
        if (driver.cutShort) {
            int same = Arrays.mismatch(sent, answer);
            boolean isPart = same < 0 || same == sent.length;
            String reason = isPart ? "" : new String(sent, same, sent.length - same, ISO_8859_1);
            assertThat(isPart || LATE.startsWith(reason) || reason.startsWith(LATE))
                    .as("a part of the answer, then perhaps the reason: %s", driver).isTrue();
        } else {
            assertThat(sent).as("%s", driver).isEqualTo(answer);
            if (scenario.requests() >= 0 && driver.asked == scenario.input().length) {
                assertThat(SCOREBOARD.requests() - requests).isEqualTo(scenario.requests());
            }
        }
        if (!clock) {
            assertThat(sent).as("%s", driver).isEqualTo(scenario.answer());
        }
    }
}
