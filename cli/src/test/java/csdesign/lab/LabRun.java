// SPDX-License-Identifier: MIT
package csdesign.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.StreamSupport;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// One run of `csdesign lab NAME --auto --json`, as a user would do it: the jar, in a process of its own.
///
/// @param exitCode of the command
/// @param run what it printed
/// @param ordinary the same by an ordinary user at the same time, where the tests are root's: without capabilities,
///     so in the network that all share, beside other traffic
record LabRun(int exitCode, JsonNode run, Optional<LabRun> ordinary) {
    /// Runs a lab as the user of the tests, and as an ordinary one.
    ///
    /// @param arguments its name, and options after it
    static LabRun of(String... arguments) throws IOException, InterruptedException {
        if (!OrdinaryUser.isThere()) {
            return alone(arguments);
        }
        try (OtherTraffic _ = new OtherTraffic()) {
            Process ordinary = start(OrdinaryUser.command(), OrdinaryUser.jar(), arguments);
            try {
                LabRun own = alone(arguments);
                return new LabRun(own.exitCode, own.run, Optional.of(end(ordinary)));
            } finally {
                ordinary.destroyForcibly();
            }
        }
    }

    /// Runs a lab as the user of the tests alone.
    static LabRun alone(String... arguments) throws IOException, InterruptedException {
        return end(start(List.of(), System.getProperty("csdesign.jar"), arguments));
    }

    /// Runs a lab as an ordinary user alone, in the network of the calling thread.
    static LabRun byAnOrdinaryUser(String... arguments) throws IOException, InterruptedException {
        return end(start(OrdinaryUser.command(), OrdinaryUser.jar(), arguments));
    }

    private static Process start(List<String> user, String jar, String... arguments)
            throws IOException {
        List<String> words = new ArrayList<>(user);
        words.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1", // as the launcher does for labs
                "-jar",
                jar,
                "lab"));
        words.addAll(List.of(arguments));
        words.addAll(List.of("--auto", "--json"));
        return new ProcessBuilder(words).redirectErrorStream(true).start();
    }

    private static LabRun end(Process process) throws IOException, InterruptedException {
        process.getOutputStream().close();
        String printed = new String(
                process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int code = process.waitFor();
        assertThat(printed).as("what the lab printed").startsWith("{");
        return new LabRun(code, JsonMapper.shared().readTree(printed), Optional.empty());
    }

    /// That all claims were shown, but for those that this user or kernel cannot show; and all but those that need
    /// privileges by an ordinary user too.
    void assertShown() {
        assertThat(exitCode).as("%s", run.get("verdicts").toPrettyString()).isZero();
        assertThat(stream("verdicts")).isNotEmpty()
                .noneMatch(verdict -> verdict.get("verdict").asString().equals("not_shown"));
        ordinary.ifPresent(LabRun::assertShown);
        ordinary.ifPresent(user -> assertThat(user.stream("verdicts"))
                .filteredOn(one -> one.get("verdict").asString().equals("not_here"))
                .filteredOn(one -> verdict(one.get("claim").asString()).equals("shown"))
                .allMatch(one -> one.get("evidence").asString().contains("run it as root")));
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
