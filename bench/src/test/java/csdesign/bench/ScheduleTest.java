// SPDX-License-Identifier: MIT
package csdesign.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import csdesign.bench.Schedule.Kind;
import csdesign.bench.Schedule.Step;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class ScheduleTest {
    private static final Offset<Double> EXACTLY = within(1e-9);
    private static final Step WARM = new Step(Kind.WARM, "connect", "epoll");
    private static final Step FAST = new Step(Kind.MEASURE, "connect", "epoll");
    private static final Step SLOW = new Step(Kind.MEASURE, "connect", "iterative");

    private final Schedule schedule = new Schedule();

    @Test
    void shouldBelieveWhatIsNominalUntilItKnowsBetter() {
        expectAll();
        assertThat(schedule.secondsLeft(0)).isEqualTo(5 + 2 * 3 + 2 * 3, EXACTLY);
    }

    @Test
    void shouldLearnFromEachStepForItselfAndForItsKind() {
        expectAll();
        run(WARM, 5);
        run(FAST, 4); // a second more than nominal: so will the other be
        assertThat(schedule.secondsLeft(0)).isEqualTo(4 + 2 * 4, EXACTLY);
        run(SLOW, 6);
        assertThat(schedule.secondsLeft(0)).isEqualTo(4 + 6, EXACTLY);
        run(FAST, 4);
        run(SLOW, 6);
        assertThat(schedule.secondsLeft(0)).isZero();
    }

    @Test
    void shouldCountDownWithinAStepAndNeverBelowWhatFollows() {
        expectAll();
        schedule.begin(WARM, 0);
        assertThat(schedule.secondsLeft(2_000_000_000L)).isEqualTo(3 + 12, EXACTLY);
        assertThat(schedule.secondsLeft(60_000_000_000L)).isEqualTo(12, EXACTLY);
    }

    @Test
    void shouldForgetWhatIsNotDoneAnyMore() {
        expectAll();
        schedule.drop(SLOW);
        assertThat(schedule.secondsLeft(0)).isEqualTo(5 + 2 * 3, EXACTLY);
    }

    private void expectAll() {
        schedule.nominal(Kind.WARM, 5_000);
        schedule.nominal(Kind.MEASURE, 3_000);
        schedule.expect(WARM, 1);
        schedule.expect(FAST, 2);
        schedule.expect(SLOW, 2);
    }

    private void run(Step step, long seconds) {
        schedule.begin(step, 0);
        schedule.end(seconds * 1_000_000_000L);
    }
}
