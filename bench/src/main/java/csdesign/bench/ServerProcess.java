// SPDX-License-Identifier: MIT
package csdesign.bench;

import csdesign.cost.Costs;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.node.ObjectNode;

/// A server in its own process, which tells its costs when it is asked.
final class ServerProcess {
    private static final Pattern LISTENING = Pattern
            .compile("listening on .*:(\\d+) \\(.*, pid (\\d+)\\)");
    private static final Pattern HIGH_WATER = Pattern.compile("(?m)^VmHWM:\\s+(\\d+) kB$");

    /// The member of [Costs] that is no sum.
    private static final String PEAK_RSS = "peakRssKib";
    private static final String ALLOCATED = "allocatedBytes";

    /// How long a server may take to accept, and each of its workers more: hundreds of JVMs on
    /// one core take minutes.
    private static final long START_MILLIS = 20_000;
    private static final long WORKER_MILLIS = 2_000;

    private static final long COST_MILLIS = 10_000;

    private final Child child;
    private final int port;
    private final String pid;
    private final Target.Kind kind;
    private final double startupMillis;

    private ServerProcess(
            Child child, int port, String pid, Target.Kind kind, double startupMillis) {
        this.child = child;
        this.port = port;
        this.pid = pid;
        this.kind = kind;
        this.startupMillis = startupMillis;
    }

    /// Waits until it accepts.
    ///
    /// @param kind whose it is
    /// @param workers how many it may have to start first
    /// @param startNanos when it was started
    /// @throws BenchException when it does not, with what it said instead
    static ServerProcess listening(Child child, Target.Kind kind, int workers, long startNanos)
            throws InterruptedException, BenchException {
        String line = child.line(START_MILLIS + workers * WORKER_MILLIS, "where it listens");
        double startupMillis = (System.nanoTime() - startNanos) / 1e6;
        Matcher said = LISTENING.matcher(line);
        if (!said.matches()) {
            throw new BenchException("expected \"listening on HOST:PORT (NAME, pid N)\": " + line);
        }
        return new ServerProcess(child, Integer.parseInt(said.group(1)), said.group(2), kind,
                startupMillis);
    }

    int port() {
        return port;
    }

    /// How long it took from the start of its process until it said that it accepts.
    double startupMillis() {
        return startupMillis;
    }

    Child child() {
        return child;
    }

    /// What it has done and cost since its start.
    ///
    /// @throws BenchException when it does not tell
    ObjectNode costs() throws InterruptedException, BenchException {
        child.say("cost");
        String line = child.line(COST_MILLIS, "its costs");
        try {
            if (Json.MAPPER.readTree(line) instanceof ObjectNode costs && costs.has("requests")) {
                if (kind == Target.Kind.PEER) {
                    peakRssKib().ifPresent(kib -> costs.put(PEAK_RSS, kib));
                }
                return costs;
            }
        } catch (JacksonException e) {
            // as when it is some other JSON
        }
        throw new BenchException("expected costs as JSON: " + line);
    }

    /// getrusage(2) tells a peak that execve(2) carries over: a program started by a large JVM
    /// would seem as large. The VmHWM of proc(5) belongs to the program alone. Designs look
    /// there themselves, for their workers too.
    private Optional<Long> peakRssKib() {
        try {
            Matcher found = HIGH_WATER.matcher(Files.readString(Path.of("/proc", pid, "status")));
            return found.find() ? Optional.of(Long.valueOf(found.group(1))) : Optional.empty();
        } catch (IOException elsewhere) {
            return Optional.empty();
        }
    }

    /// What came to the costs in between.
    ///
    /// @param before an earlier report of the same server
    /// @param after a later one
    /// @return the difference; what a server does not tell is -1, as a C server does not tell of a
    ///     Java heap; the peak RSS is the later one
    static Costs difference(ObjectNode before, ObjectNode after) {
        ObjectNode difference = Json.MAPPER.createObjectNode();
        for (RecordComponent member : Costs.class.getRecordComponents()) {
            String name = member.getName();
            long now = after.path(name).asLong(-1);
            long then = name.equals(PEAK_RSS) ? 0 : before.path(name).asLong(-1);
            difference.put(name, now < 0 || then < 0 ? -1 : differenceOf(name, now - then));
        }
        divide(difference);
        return Json.MAPPER.treeToValue(difference, Costs.class);
    }

    /// What asking has allocated was taken off, and a window in which little else was can end below
    /// its begin.
    private static long differenceOf(String name, long difference) {
        return name.equals(ALLOCATED) ? Math.max(0, difference) : difference;
    }

    /// The kernel samples what part of the CPU time is user's, and may take some of it back: less
    /// than none in a short window. The sum is exact.
    private static void divide(ObjectNode difference) {
        long user = difference.path("userMicros").asLong();
        long system = difference.path("systemMicros").asLong();
        if (user + system >= 0) { // -2 where neither is told
            long part = Math.clamp(user, 0, user + system);
            difference.put("userMicros", part);
            difference.put("systemMicros", user + system - part);
        }
    }
}
