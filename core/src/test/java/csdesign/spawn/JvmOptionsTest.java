// SPDX-License-Identifier: MIT
package csdesign.spawn;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What an environment sets for every JVM, and what of it a child gets.
class JvmOptionsTest {
    private static JavaProgram program(List<String> flags, String... environment) {
        return new JavaProgram("java", flags, List.of(environment), "a.jar", "Main");
    }

    @Test
    void shouldReadTheVariablesThatAJvmReadsAndNoOther() {
        JvmOptions options = JvmOptions.of(
                Map.of(
                        "_JAVA_OPTIONS", "-Xint",
                        "JAVA_TOOL_OPTIONS", " ",
                        "JAVA_OPTIONS", "-Xcomp",
                        "JDK_JAVA_OPTIONS", "'-Da=b c'\t-Dd=\"e f\" -Xmx1g\n"));
        assertThat(options.words()).containsExactly("-Da=b c", "-Dd=e f", "-Xmx1g", "-Xint");
        assertThat(options.only(word -> !word.startsWith("-X")).variables())
                .containsExactly(Map.entry("JDK_JAVA_OPTIONS", "'-Da=b c' -Dd=\"e f\""));
        assertThat(JvmOptions.of(Map.of("_JAVA_OPTIONS", "-Xint")))
                .hasToString("_JAVA_OPTIONS=-Xint");
    }

    @ParameterizedTest
    @ValueSource(strings = {
            "-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=5005",
            "-agentpath:/jdk/lib/libjdwp.so=transport=dt_socket,server=y",
            "-Xrunjdwp:transport=dt_socket,address=5005,server=y",
            "-Dcom.sun.management.jmxremote.port=9010",
            "-Dcom.sun.management.jmxremote.rmi.port=9010",
            "-Dcom.sun.management.config.file=jmx.properties",
            "-XX:StartFlightRecording=duration=60s,filename=one.jfr",
            "-XX:StartFlightRecording:filename=/tmp/one.jfr",
            "-Xlog:gc*:file=gc.log", "-Xlog:gc:gc.log:time", "-Xloggc:gc.log",
            "-XX:ArchiveClassesAtExit=a.jsa", "-XX:AOTCacheOutput=a.aot"
    })
    void shouldKeepFromChildrenWhatOnlyOneProcessCanHave(String option) {
        assertThat(JvmOptions.isForOne(option)).isTrue();
        JavaProgram left = program(
                List.of(option, "-Xint"), "HOME=/h", "JAVA_TOOL_OPTIONS=-Da=1 " + option,
                "_JAVA_OPTIONS=" + option)
                .only(word -> !JvmOptions.isForOne(word));
        assertThat(left.flags()).containsExactly("-Xint");
        assertThat(left.environment()).containsExactly("HOME=/h", "JAVA_TOOL_OPTIONS=-Da=1");
    }

    @ParameterizedTest
    @ValueSource(strings = {
            "-Xlog:disable", "-Xlog:all=error:stderr", "-Xlog:gc", "-Xlog:gc*:stdout:time",
            "-Xlog:gc::time", "-Xlog:gc:file=gc.%p.log", "-Xloggc:%t.log", "-XX:+UseZGC",
            "-XX:StartFlightRecording=filename=%p.jfr", "-XX:SharedArchiveFile=a.jsa",
            "-Dcom.sun.management.jmxremote.authenticate=false", "-agentlib:other=jdwp"
    })
    void shouldGiveChildrenEverythingElse(String option) {
        assertThat(JvmOptions.isForOne(option)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {
            "-XX:+UseG1GC", "-XX:+UseZGC", "-XX:+UseParallelGC", "-XX:+UseShenandoahGC",
            "-XX:Flags=some", "-XX:VMOptionsFile=some", "@some"
    })
    void shouldLeaveTheCollectorToTheUser(String option) {
        for (String variable : JvmOptions.VARIABLES) {
            assertThat(
                    program(List.of(), variable + "=-Da=1 " + option).collectingSerially().flags())
                    .isEmpty();
        }
        assertThat(program(List.of(option)).collectingSerially().flags()).containsExactly(option);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-XX:+DisableExplicitGC", "-Xlog:gc", "-XX:+PrintGC", "-Xmx1g",
            "-Dx=GC"})
    void shouldCollectSeriallyWhereTheUserHasNotChosen(String option) {
        assertThat(program(List.of(), "JAVA_TOOL_OPTIONS=" + option).collectingSerially().flags())
                .containsExactly("-XX:+UseSerialGC");
    }

    @ParameterizedTest
    @ValueSource(strings = {
            "-Xint", "-Xcomp", "-Xmx1g", "-Xms1g", "-Xmn1m", "-XX:MaxHeapSize=1g", "-XX:NewSize=1m",
            "-XX:MaxRAMPercentage=50", "-XX:NewRatio=2", "-XX:+UseG1GC"
    })
    void shouldKnowWhatDecidesAHeapOrACompiler(String option) {
        assertThat(JvmOptions.decides(option)).isTrue();
        assertThat(JvmOptions.decides("-Da=" + option)).isFalse();
    }

    @Test
    void shouldSetAVariableOnce() {
        assertThat(program(List.of(), "A=1", "AB=2").withVariable("A", "3").environment())
                .containsExactly("AB=2", "A=3");
    }
}
