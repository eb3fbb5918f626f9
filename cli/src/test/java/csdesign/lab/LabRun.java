// SPDX-License-Identifier: MIT
package csdesign.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.StreamSupport;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// One run of `csdesign lab NAME --auto --json`, as a user would do it: the jar, in a process of its own.
///
/// @param exitCode of the command
/// @param run what it printed
record LabRun(int exitCode, JsonNode run) {
    /// Runs a lab.
    ///
    /// @param arguments its name, and options after it
    static LabRun of(String... arguments) throws IOException, InterruptedException {
        List<String> words = new ArrayList<>(
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1", // as the launcher does for labs
                        "-jar",
                        System.getProperty("csdesign.jar"),
                        "lab"));
        words.addAll(List.of(arguments));
        words.addAll(List.of("--auto", "--json"));
        Process process = new ProcessBuilder(words).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String printed = new String(
                process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int code = process.waitFor();
        assertThat(printed).as("what the lab printed").startsWith("{");
        return new LabRun(code, JsonMapper.shared().readTree(printed));
    }

    /// That all claims were shown, but for those that this user or kernel cannot show.
    void assertShown() {
        assertThat(exitCode).as("%s", run.get("verdicts").toPrettyString()).isZero();
        assertThat(stream("verdicts")).isNotEmpty()
                .noneMatch(verdict -> verdict.get("verdict").asString().equals("not_shown"));
    }

    /// What became of a claim.
    ///
    /// @return `shown`, `not_shown` or `not_here`
    String verdict(String claim) {
        return judgement(claim).get("verdict").asString();
    }

    /// What was said of a claim.
    String evidence(String claim) {
        return judgement(claim).get("evidence").asString();
    }

    private JsonNode judgement(String claim) {
        return one(stream("verdicts").stream()
                .filter(verdict -> verdict.get("claim").asString().equals(claim)).toList(), claim);
    }

    /// The values of a step, wherever it was made; one for each time.
    List<JsonNode> values(String what) {
        return stream("steps").stream()
                .filter(step -> step.get("what").asString().equals(what))
                .map(step -> step.get("value"))
                .toList();
    }

    /// The value of a step under a heading that begins so.
    JsonNode value(String part, String what) {
        return one(stream("steps").stream()
                .filter(step -> step.get("part").asString().startsWith(part))
                .filter(step -> step.get("what").asString().equals(what))
                .map(step -> step.get("value"))
                .toList(), part + ": " + what);
    }

    /// The rows of a table under a heading that begins so.
    List<JsonNode> rows(String part) {
        return stream("steps").stream()
                .filter(step -> step.get("part").asString().startsWith(part))
                .filter(step -> step.get("what").asString().equals("row"))
                .map(step -> step.get("value"))
                .toList();
    }

    private static JsonNode one(List<JsonNode> found, String what) {
        assertThat(found).as("%s", what).hasSize(1);
        return found.getFirst();
    }

    private List<JsonNode> stream(String member) {
        return StreamSupport.stream(run.get(member).spliterator(), false).toList();
    }
}
