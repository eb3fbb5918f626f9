// SPDX-License-Identifier: MIT
package csdesign.cost;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.management.OperatingSystemMXBean;
import csdesign.kit.Scoreboard;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// What children cost while they live, and that it is still there when they have ended.
class CostsTest {
    /// Computes for some tenths of a second, then waits for the end of its input.
    private static final List<String> WORKER = List
            .of("sh", "-c", "n=0; while [ $n -lt 100000 ]; do n=$((n+1)); done; read x");
    private static final long TICK_MICROS = 10_000;

    // What stands before them in /proc/PID/stat, after the state: proc_pid_stat(5).
    private static final String UTIME = "{10}";
    private static final String STIME = "{11}";

    private final Scoreboard scoreboard = Scoreboard.create(1);
    private final List<Process> children = new ArrayList<>();

    @AfterEach
    void end() {
        children.forEach(Process::destroyForcibly);
    }

    @Test
    void shouldCountAChildThatLivesAndForgetNothingWhenItHasEnded() throws Exception {
        Costs before = Costs.soFar(scoreboard);
        Process child = start(WORKER);
        long childMicros = awaitWorked(child);
        Costs during = Costs.soFar(scoreboard);
        assertThat(cpuMicros(during) - cpuMicros(before)).isGreaterThanOrEqualTo(childMicros);
        // How much of it is user time is the kernel's word: it samples, and it may say none of it.
        long childUserMicros = TICK_MICROS * ticks(child, UTIME);
        assertThat(during.userMicros() - before.userMicros())
                .isGreaterThanOrEqualTo(childUserMicros / 2);
        assertThat(during.voluntarySwitches()).isGreaterThan(before.voluntarySwitches());
        assertThat(during.peakRssKib())
                .isGreaterThanOrEqualTo(
                        peakRssKib(ProcessHandle.current().pid()) + peakRssKib(child.pid()));
        assertThat(during.allocatedBytes()).isEqualTo(-1);

        child.getOutputStream().close();
        assertThat(child.waitFor()).isOne(); // read(1) found the end
        Costs after = Costs.soFar(scoreboard);
        assertThat(cpuMicros(after)).isGreaterThanOrEqualTo(cpuMicros(during));
        assertThat(after.userMicros() - before.userMicros())
                .isGreaterThanOrEqualTo(during.userMicros() - before.userMicros() - TICK_MICROS);
        assertThat(after.voluntarySwitches()).isGreaterThanOrEqualTo(during.voluntarySwitches());
        assertThat(after.involuntarySwitches())
                .isGreaterThanOrEqualTo(during.involuntarySwitches());
        assertThat(after.peakRssKib()).isGreaterThanOrEqualTo(during.peakRssKib());
    }

    /// A child that were counted in both sums, or in none, while it is reaped would take the total
    /// up and back.
    @Test
    void shouldNeverGoBackWhileChildrenEnd() throws Exception {
        for (int i = 0; i < 20; i++) {
            start(List.of("sh", "-c",
                    "n=0; while [ $n -lt " + i * 5_000 + " ]; do n=$((n+1)); done"));
        }
        long before = 0;
        boolean alive;
        do {
            alive = children.stream().anyMatch(Process::isAlive);
            long now = cpuMicros(Costs.soFar(scoreboard));
            assertThat(now).isGreaterThanOrEqualTo(before);
            before = now;
        } while (alive);
    }

    @Test
    void shouldRememberTheMemoryOfWorkersThatHaveEnded() throws Exception {
        // More of them than any other test has had.
        long together = peakRssKib(ProcessHandle.current().pid());
        for (int i = 0; i < 30; i++) {
            start(WORKER);
        }
        for (Process child : children) {
            awaitWorked(child);
            together += peakRssKib(child.pid());
        }
        Costs.seeWorkers();
        for (Process child : children) {
            child.destroy();
            child.waitFor();
        }
        assertThat(Costs.soFar(scoreboard).peakRssKib()).isGreaterThanOrEqualTo(together);
    }

    @Test
    void shouldTakeOffWhatAskingCosts() throws Exception {
        start(List.of("cat"));
        Costs before = Costs.soFar(scoreboard);
        long allBefore = processMicros();
        long asked = askFor(500_000);
        long all = processMicros() - allBefore;
        long counted = cpuMicros(Costs.soFar(scoreboard)) - cpuMicros(before);
        // The others are threads of this JVM, compilers above all; and some ticks of rounding.
        long others = all - asked;
        assertThat(counted).isBetween(others - 100_000, others + 100_000);
    }

    @Test
    void shouldKeepTheSumWhereTheKernelTakesUserTimeBack() {
        Costs less = cost(990, 5_100).minus(cost(1_000, 5_000));
        assertThat(less.userMicros()).isZero();
        assertThat(less.systemMicros()).isEqualTo(90);
        less = cost(1_100, 4_990).minus(cost(1_000, 5_000));
        assertThat(less.userMicros()).isEqualTo(90);
        assertThat(less.systemMicros()).isZero();
    }

    @Test
    void shouldSubtractAllButThePeakAndTellNothingThatItWasNotTold() {
        Costs costs = new Costs(5, 7, 90, 1_300, 5_200, 11, 4, 50, 800)
                .minus(new Costs(3, -1, 50, 1_000, 5_000, 10, 4, 60, 300));
        assertThat(costs).isEqualTo(new Costs(2, -1, 40, 300, 200, 1, 0, 50, 500));
        assertThat(cost(-1, -1).minus(cost(-1, -1)).userMicros()).isEqualTo(-1);
        assertThat(cost(-1, -1).minus(cost(-1, -1)).systemMicros()).isEqualTo(-1);
        assertThat(costs.minus(costs.withPeakRss(9)).peakRssKib()).isEqualTo(50);
    }

    /// What asking has allocated was taken off.
    @Test
    void shouldNotTellOfLessThanNothingAllocated() {
        Costs before = new Costs(0, 0, 0, 0, 0, 0, 0, 0, 900);
        assertThat(new Costs(0, 0, 0, 0, 0, 0, 0, 0, 800).minus(before).allocatedBytes()).isZero();
        assertThat(cost(0, 0).minus(before).allocatedBytes()).isEqualTo(-1);
    }

    private static Costs cost(long userMicros, long systemMicros) {
        return new Costs(0, 0, 0, userMicros, systemMicros, 0, 0, 0, -1);
    }

    private static long processMicros() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class)
                .getProcessCpuTime() / 1_000;
    }

    private long askFor(long micros) {
        long begun = threadMicros();
        long asked;
        do {
            Costs.soFar(scoreboard);
            asked = threadMicros() - begun;
        } while (asked < micros);
        return asked;
    }

    private static long threadMicros() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() / 1_000;
    }

    private static long cpuMicros(Costs costs) {
        return costs.userMicros() + costs.systemMicros();
    }

    private Process start(List<String> command) throws IOException {
        Process child = new ProcessBuilder(command).start();
        children.add(child);
        return child;
    }

    /// @return what it has worked, at least
    private static long awaitWorked(Process child) throws IOException {
        await("asleep, after its work").atMost(Duration.ofSeconds(60))
                .until(() -> ticks(child, UTIME) + ticks(child, STIME) > 2);
        return TICK_MICROS * (ticks(child, UTIME) + ticks(child, STIME));
    }

    /// @return 0 while it does not sleep
    private static long ticks(Process child, String which) throws IOException {
        return number(child.pid(), "stat", "\\) S (?:-?\\d+ )" + which + "(\\d+) ");
    }

    private static long peakRssKib(long pid) throws IOException {
        return number(pid, "status", "VmHWM:\\s+(\\d+)");
    }

    /// @return 0 when it is not there
    private static long number(long pid, String file, String pattern) throws IOException {
        String text = Files.readString(Path.of("/proc", "" + pid, file));
        Matcher matcher = Pattern.compile(pattern).matcher(text);
        return matcher.find() ? Long.parseLong(matcher.group(1)) : 0;
    }
}
