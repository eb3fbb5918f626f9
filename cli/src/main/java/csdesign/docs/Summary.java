// SPDX-License-Identifier: MIT
package csdesign.docs;

import csdesign.bench.Metric;
import csdesign.bench.Results.Row;
import csdesign.bench.Spread;
import csdesign.design.Catalog;
import csdesign.design.Design;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// What the whole table says, in at most ten sentences. Each is made from the figures, names the rows
/// that it rests on, and is left out where one of them was not measured.
final class Summary {
    private static final String CONNECT = "connect";
    private static final String KEEP_ALIVE = "keep-alive";

    /// A question that two designs answer which differ in one thing.
    ///
    /// @param question what differs
    /// @param workload where it shows
    /// @param design with it
    /// @param other without it
    private record Pair(String question, String workload, String design, String other) {}

    private static final List<Pair> PAIRS = List.of(
            new Pair("A process for each client in place of a thread",
                    CONNECT, "fork-per-client", "thread-per-client"),
            new Pair("A pool of processes in place of a new process for each client",
                    CONNECT, "prefork-accept", "fork-per-client"),
            new Pair("A pool of processes in place of a pool of threads",
                    CONNECT, "prefork-accept", "prethreaded-accept"),
            new Pair("A lock on a file around accept",
                    CONNECT, "prefork-file-lock", "prefork-accept"),
            new Pair("A thread that accepts and hands over",
                    CONNECT, "prethreaded-handoff", "prethreaded-accept"),
            new Pair("One thread with epoll in place of a thread for each client",
                    KEEP_ALIVE, "epoll", "thread-per-client"));

    private final Measured measured;

    Summary(Measured measured) {
        this.measured = measured;
    }

    /// The sentences, as a numbered list.
    List<String> sentences() {
        List<String> sentences = new ArrayList<>();
        for (String workload : measured.workloads()) {
            cheapest(workload).ifPresent(sentences::add);
        }
        PAIRS.stream().flatMap(pair -> pair(pair).stream()).forEach(sentences::add);
        served().ifPresent(sentences::add);
        starts().ifPresent(sentences::add);
        List<String> lines = new ArrayList<>();
        for (String sentence : sentences) {
            lines.add(lines.size() + 1 + ". " + sentence);
        }
        return lines;
    }

    /// Which design takes the least CPU, which cannot be told from it, and which takes the most.
    private Optional<String> cheapest(String workload) {
        List<Row> rows = measured.rows(workload)
                .stream()
                .filter(row -> Measured.figure(row, Metric.CPU).isPresent())
                .sorted(Comparator.comparingDouble(row -> cpu(row).median()))
                .toList();
        if (rows.size() < 2) {
            return Optional.empty();
        }
        Row first = rows.getFirst();
        Row last = rows.getLast();
        List<String> alike = rows.stream()
                .skip(1)
                .filter(row -> !ReadAloud.isClear(cpu(row), cpu(first)))
                .map(row -> "`" + row.target() + "`")
                .toList();
        return Optional.of(
                "In `" + workload + "`, `" + first.target() + "` took the least CPU, "
                        + us(first) + " us a request, "
                        + (alike.isEmpty()
                                ? "clearly less than any other"
                                : "but its rounds overlap with those of "
                                        + String.join(", ", alike)
                                        + ", so no order among these is shown")
                        + "; `" + last.target() + "` took the most, " + us(last) + " us, "
                        + ReadAloud.verdict(cpu(last), cpu(first)) + "."
                        + rests(workload, Stream.of(first.target(), last.target())));
    }

    private Optional<String> pair(Pair pair) {
        Optional<Row> design = measured.row(pair.workload, pair.design);
        Optional<Row> other = measured.row(pair.workload, pair.other);
        if (design.flatMap(row -> Measured.figure(row, Metric.CPU)).isEmpty()
                || other.flatMap(row -> Measured.figure(row, Metric.CPU)).isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(
                pair.question + ": " + us(design.get()) + " us of CPU a request against "
                        + us(other.get()) + ", "
                        + ReadAloud.verdict(cpu(design.get()), cpu(other.get())) + "."
                        + rests(pair.workload, Stream.of(pair.design, pair.other)));
    }

    /// Which designs leave out clients that stay connected.
    private Optional<String> served() {
        List<String> some = new ArrayList<>();
        for (Row row : measured.rows(KEEP_ALIVE)) {
            long clients = row.windows().stream().mapToLong(w -> w.client().clients()).max()
                    .orElse(0);
            long served = row.windows().stream().mapToLong(w -> w.client().connectionsServed())
                    .max().orElse(0);
            if (served < clients) {
                some.add("`" + row.target() + "` " + served);
            }
        }
        return some.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        "Of clients that stay connected these designs serve some and leave the"
                                + " others waiting: " + String.join(", ", some)
                                + "; their latency is that of those served. (Rests on their rows"
                                + " of `" + KEEP_ALIVE + "`.)");
    }

    /// Which designs start fastest and slowest, and what they hold in memory.
    private Optional<String> starts() {
        List<String> designs = Catalog.ENTRIES.stream()
                .map(Design::slug)
                .filter(slug -> measured.start(slug).isPresent())
                .sorted(Comparator.comparingDouble(
                        slug -> measured.start(slug).orElseThrow().median()))
                .toList();
        List<Row> rows = measured.rows(CONNECT)
                .stream()
                .filter(row -> Measured.figure(row, Metric.PEAK_RSS).isPresent())
                .sorted(Comparator.comparingDouble(row -> rss(row)))
                .toList();
        if (designs.size() < 2 || rows.size() < 2) {
            return Optional.empty();
        }
        String fast = designs.getFirst();
        String slow = designs.getLast();
        Row small = rows.getFirst();
        Row large = rows.getLast();
        return Optional.of(
                "`" + fast + "` accepts " + start(fast) + " ms after its start and `" + slow
                        + "` " + start(slow) + " ms; `" + small.target() + "` takes "
                        + Measured.digits(rss(small)) + " MiB at its peak and `" + large.target()
                        + "` " + Measured.digits(rss(large)) + "."
                        + rests(CONNECT, Stream.of(fast, slow, small.target(), large.target())));
    }

    private String start(String design) {
        return Measured.digits(measured.start(design).orElseThrow().median());
    }

    private static double rss(Row row) {
        return Measured.figure(row, Metric.PEAK_RSS).orElseThrow().median() / 1024;
    }

    private static Spread cpu(Row row) {
        return Measured.figure(row, Metric.CPU).orElseThrow();
    }

    private static String us(Row row) {
        return Measured.digits(cpu(row).median());
    }

    private static String rests(String workload, Stream<String> designs) {
        return " (Rests on " + designs.distinct()
                .map(design -> "`" + design + "`")
                .collect(Collectors.joining(", ")) + " of `" + workload + "`.)";
    }
}
