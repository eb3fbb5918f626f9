// SPDX-License-Identifier: MIT
package csdesign.drive;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DeadlinesTest {
    private static final class Timed extends Deadlines.Entry {
        private long deadline;

        Timed(long deadline) {
            this.deadline = deadline;
        }

        @Override
        long deadlineNanos() {
            return deadline;
        }
    }

    /// Random deadlines, moved and removed at random, against a list that is searched from end to end.
    @Test
    void shouldFindEveryEntryThatIsDueAndNoOther() {
        for (long seed = 1; seed <= 30; seed++) {
            Random random = new Random(seed);
            Deadlines<Timed> deadlines = new Deadlines<>();
            List<Timed> model = new ArrayList<>();
            long now = Long.MAX_VALUE - 1_000; // the clock wraps around
            for (int i = 0; i < 2_000; i++) {
                now += random.nextInt(3);
                int action = random.nextInt(10);
                if (action < 3 || model.isEmpty()) {
                    Timed timed = new Timed(now + random.nextInt(500));
                    model.add(timed);
                    deadlines.add(timed);
                } else if (action < 8) {
                    Timed timed = model.get(random.nextInt(model.size()));
                    timed.deadline = now + random.nextInt(500);
                    deadlines.noteSooner(timed);
                } else if (action < 9) {
                    deadlines.remove(model.remove(random.nextInt(model.size())));
                } else {
                    takeDue(deadlines, model, now, random);
                }
                assertThat(deadlines.size()).isEqualTo(model.size());
            }
            assertThat(deadlines.all()).containsExactlyInAnyOrderElementsOf(model);
        }
    }

    private static void takeDue(
            Deadlines<Timed> deadlines, List<Timed> model, long now, Random random) {
        for (Timed due; (due = deadlines.due(now)) != null;) {
            assertThat(due.deadline - now).isNegative();
            if (random.nextBoolean()) {
                deadlines.remove(due);
                model.remove(due);
            } else {
                due.deadline = now + 1_000;
            }
        }
        long left = model.stream()
                .mapToLong(timed -> timed.deadline - now)
                .min()
                .orElse(Long.MAX_VALUE);
        assertThat(left).as("none was passed over").isNotNegative();
        assertThat(deadlines.nanosLeft(now)).as("it looks again in time")
                .isBetween(0L, left);
    }

    @Test
    void shouldFindAnEntryAgainUntilItHasMoved() {
        Deadlines<Timed> deadlines = new Deadlines<>();
        Timed timed = new Timed(10);
        deadlines.add(timed);
        assertThat(deadlines.due(10)).as("not passed yet").isNull();
        assertThat(deadlines.due(11)).isSameAs(timed);
        assertThat(deadlines.due(11)).isSameAs(timed);
        assertThat(deadlines.takeNote(11)).containsExactly(timed);
        assertThat(deadlines.due(11)).as("looked at in this round").isNull();
        assertThat(deadlines.takeNote(12)).as("overdue still").containsExactly(timed);
    }
}
