// SPDX-License-Identifier: MIT
package csdesign.evidence;

import static org.assertj.core.api.Assertions.assertThat;

import csdesign.posix.Arch;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class ProcFileTest {
    /// A name may hold whatever makes a reader believe that it has ended.
    @Test
    void shouldFindTheFieldsBehindAnyName() {
        ProcFile stat = new ProcFile(
                "42 (a) R (\u00ff) S 1 42 42 0 -1 4194560 8 9 10 11 120 34 5 6 20 0 3\n");
        assertThat(stat.state()).isEqualTo('S');
        assertThat(stat.field(4)).isEqualTo(1);
        assertThat(stat.field(ProcFile.UTIME)).isEqualTo(120);
        assertThat(stat.field(ProcFile.STIME)).isEqualTo(34);
        assertThat(stat.field(ProcFile.CUTIME)).isEqualTo(5);
        assertThat(stat.field(ProcFile.CSTIME)).isEqualTo(6);
        assertThat(new ProcFile("").state()).isEqualTo(ProcFile.GONE);
        assertThat(new ProcFile("").field(ProcFile.UTIME)).isZero();
    }

    @Test
    void shouldReadTheWholeNameOfALine() {
        ProcFile status = new ProcFile(
                "Name:\tVmHWM: 7\nnonvoluntary_ctxt_switches:\t9\n"
                        + "voluntary_ctxt_switches:\t5\nVmHWM:\t   123 kB\nSigIgn:\t00ff");
        assertThat(status.number("voluntary_ctxt_switches")).isEqualTo(5);
        assertThat(status.number("nonvoluntary_ctxt_switches")).isEqualTo(9);
        assertThat(status.number("VmHWM")).isEqualTo(123);
        assertThat(status.value("Name")).isEqualTo("VmHWM: 7");
        assertThat(status.value("SigIgn")).isEqualTo("00ff");
        assertThat(status.value("ame")).isEmpty();
        assertThat(status.number("VmRSS")).isZero();
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void shouldReadThisProcessAndTellOneThatIsGone() throws IOException {
        long pid = ProcessHandle.current().pid();
        assertThat(ProcFile.of(pid, "stat").state()).isIn('R', 'S');
        assertThat(ProcFile.of(pid, "status").number("VmHWM")).isGreaterThan(1_024);
        assertThat(ProcFile.of(pid, "stat").field(4))
                .isEqualTo(ProcessHandle.current().parent().orElseThrow().pid());
        assertThat(ProcFile.of(0x7fff_fffe, "stat").state()).isEqualTo(ProcFile.GONE);
        assertThat(ResourceUsage.peakRssKib(0x7fff_fffe)).isZero();
        if (Arch.isUsable()) {
            ResourceUsage self = ResourceUsage.self();
            assertThat(self.userMicros() + self.systemMicros()).isPositive();
            assertThat(self.minus(self)).isEqualTo(ResourceUsage.NONE.withPeak(self.peakRssKib()));
        }
    }

    @Test
    void shouldStayUntoldWhateverIsTakenOff() {
        assertThat(ResourceUsage.UNTOLD.minus(new ResourceUsage(1, 2, 3, 4, 5)))
                .isEqualTo(ResourceUsage.UNTOLD);
    }
}
