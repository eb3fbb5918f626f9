// SPDX-License-Identifier: MIT
package csdesign.lab;

import static org.assertj.core.api.Assertions.assertThat;

import csdesign.posix.Arch;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Each lab again and again, with every processor busy: the verdicts stay what they were.
@Tag("soak")
class LabSoakIT {
    private static final int TIMES = 20;
    private static final List<Process> LOAD = new ArrayList<>();

    static Stream<String> labs() {
        return Labs.ENTRIES.stream().filter(_ -> Arch.isSupported()).map(Labs.Entry::slug);
    }

    @BeforeAll
    static void load() throws Exception {
        for (int i = 0; i < Runtime.getRuntime().availableProcessors(); i++) {
            LOAD.add(new ProcessBuilder("sh", "-c", "while :; do :; done").start());
        }
    }

    @AfterAll
    static void unload() {
        LOAD.forEach(Process::destroyForcibly);
    }

    @ParameterizedTest
    @MethodSource("labs")
    void shouldGiveTheSameVerdictsEachTimeUnderLoad(String lab) throws Exception {
        List<List<String>> verdicts = new ArrayList<>();
        for (int i = 0; i < TIMES; i++) {
            LabRun run = LabRun.of(lab);
            run.assertShown();
            verdicts.add(StreamSupport.stream(run.run().get("verdicts").spliterator(), false)
                    .map(one -> one.get("claim").asString() + " " + one.get("verdict").asString())
                    .toList());
        }
        assertThat(verdicts).hasSize(TIMES).containsOnly(verdicts.getFirst());
    }
}
