// SPDX-License-Identifier: MIT
package csdesign.bench;

import csdesign.kit.Nullable;
import csdesign.kit.Server;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What a bench found: all that its report, its JSON and its CSV are made of.
///
/// @param format the version of this form: see [#FORMAT]
/// @param date when it began, ISO 8601 in UTC
/// @param environment where it ran
/// @param method how it was measured
/// @param interrupted why it ended before all was measured, and where; null when it did not. Then
///     the rows have the rounds that were whole
/// @param skipped which servers could not be measured here, and why
/// @param rows one for each workload and target, in the order of the report
/// @param comparisons of designs with peers, by CPU per request
public record Results(
        int format,
        String date,
        Environment environment,
        Method method,
        @Nullable String interrupted,
        List<Skipped> skipped,
        List<Row> rows,
        List<Comparison> comparisons) {
    /// The version of this form, raised when a member changes its meaning or goes. Since 2 the
    /// histograms are in a file of their own: see [LatencyHistogram].
    public static final int FORMAT = 2;

    /// How it was measured.
    ///
    /// @param command the arguments of csdesign
    /// @param jvmFlags of every process that measured or was measured
    /// @param engine of the client
    /// @param pinning which processors server and client had
    /// @param plan how much was measured
    /// @param targets which servers were measured, in the order of the first round
    public record Method(
            List<String> command,
            List<String> jvmFlags,
            String engine,
            Pinning pinning,
            Plan plan,
            List<Named> targets) {}

    /// A server that was measured.
    ///
    /// @param name the slug
    /// @param kind whose server it is
    /// @param command how it was started
    public record Named(String name, Target.Kind kind, String command) {}

    /// A server that was not.
    ///
    /// @param name the slug
    /// @param why in words
    public record Skipped(String name, String why) {}

    /// One target under one workload.
    ///
    /// @param workload its name
    /// @param target its name
    /// @param kind whose server it is
    /// @param failure why this row has no figures, or null when all was right
    /// @param figures over all windows, by [Metric#key]; empty after a failure
    /// @param notes what must be known to read the figures
    /// @param windows all of them, raw, in the order in which they were measured; none after a
    ///     failure: a run with a wrong byte has no number
    public record Row(
            String workload,
            String target,
            Target.Kind kind,
            @Nullable String failure,
            Map<String, Spread> figures,
            List<String> notes,
            List<Window> windows) {

        /// A row of what was measured.
        static Row measured(Workload workload, Target target, List<Window> windows) {
            Map<String, Spread> figures = new LinkedHashMap<>();
            for (Metric metric : Metric.values()) {
                List<Double> values = windows.stream()
                        .map(window -> window.figures().get(metric.key()))
                        .filter(value -> value != null)
                        .toList();
                if (values.size() == windows.size()) {
                    figures.put(metric.key(), Spread.of(values));
                }
            }
            return new Row(
                    workload.name(),
                    target.name(),
                    target.kind(),
                    null,
                    figures,
                    Notes.of(workload, target.suited(workload), windows),
                    List.copyOf(windows));
        }

        /// A row without figures.
        static Row failed(Workload workload, Target target, String why) {
            return new Row(
                    workload.name(),
                    target.name(),
                    target.kind(),
                    why,
                    Map.of(),
                    List.of(),
                    List.of());
        }

        /// Whether it has no figures.
        ///
        /// @return true after any error
        public boolean hasFailed() {
            return failure != null;
        }
    }

    /// Whether all was measured, and every row is right.
    ///
    /// @return false when one has failed, or there is none
    public boolean areRight() {
        return interrupted == null && !rows.isEmpty() && rows.stream().noneMatch(Row::hasFailed);
    }

    /// For a program.
    ///
    /// @return a JSON object whose members are those of this record
    public String json() {
        return Json.MAPPER.writeValueAsString(this);
    }

    /// Reads what [#json] wrote, in this version or one before it.
    ///
    /// @param json such an object
    /// @return the same results
    /// @throws IllegalArgumentException when a later version wrote it
    public static Results parse(String json) {
        JsonNode tree = Json.MAPPER.readTree(json);
        int format = tree.path("format").asInt(0);
        if (format < 1 || format > FORMAT) {
            throw new IllegalArgumentException(
                    "these results are of format " + format + ", and this csdesign reads 1 to "
                            + FORMAT + ": read them by the version that wrote them, or measure"
                            + " anew");
        }
        if (tree.at("/method/plan") instanceof ObjectNode plan && !plan.has("workers")) {
            plan.put("workers", Server.DEFAULT_WORKERS); // the first results: before it was an option
        }
        return Json.MAPPER.treeToValue(tree, Results.class);
    }
}
