// SPDX-License-Identifier: MIT
package csdesign.bench;

import csdesign.cost.Costs;
import csdesign.evidence.ResourceUsage;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;

/// A server in its own process, which tells its costs when it is asked.
final class ServerProcess {
    private static final Pattern LISTENING = Pattern
            .compile("listening on .*:(\\d+) \\(.*, pid (\\d+)\\)");

    /// How long a server may take to accept, and each of its workers more: hundreds of JVMs on
    /// one core take minutes.
    private static final long START_MILLIS = 20_000;
    private static final long WORKER_MILLIS = 2_000;

    private static final long COST_MILLIS = 10_000;

    private final BenchProcess process;
    private final int port;
    private final long pid;
    private final Target.Kind kind;
    private final double startupMillis;

    private ServerProcess(
            BenchProcess process, int port, long pid, Target.Kind kind, double startupMillis) {
        this.process = process;
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
    static ServerProcess listening(BenchProcess process, Target.Kind kind, int workers,
            long startNanos)
            throws InterruptedException, BenchException {
        String line = process.line(START_MILLIS + workers * WORKER_MILLIS, "where it listens");
        double startupMillis = (System.nanoTime() - startNanos) / 1e6;
        Matcher said = LISTENING.matcher(line);
        if (!said.matches()) {
            throw new BenchException("expected \"listening on HOST:PORT (NAME, pid N)\": " + line);
        }
        return new ServerProcess(process, Integer.parseInt(said.group(1)),
                Long.parseLong(said.group(2)), kind,
                startupMillis);
    }

    int port() {
        return port;
    }

    /// How long it took from the start of its process until it said that it accepts.
    double startupMillis() {
        return startupMillis;
    }

    BenchProcess process() {
        return process;
    }

    /// What it has done and cost since its start.
    ///
    /// @throws BenchException when it does not tell
    Costs costs() throws InterruptedException, BenchException {
        process.say("cost");
        String line = process.line(COST_MILLIS, "its costs");
        Costs costs;
        try {
            costs = Json.WHOLE.readValue(line, Costs.class);
        } catch (JacksonException e) {
            throw new BenchException(
                    "expected costs as JSON, with -1 for what is not told: " + line + " ("
                            + e.getOriginalMessage() + ")");
        }
        // getrusage(2) tells a peak that execve(2) carries over: a program started by a large JVM
        // would seem as large. Designs look into proc(5) themselves, for their workers too.
        long own = kind == Target.Kind.PEER ? ResourceUsage.peakRssKib(pid) : 0;
        return own == 0 ? costs : costs.withPeakRss(own);
    }
}
