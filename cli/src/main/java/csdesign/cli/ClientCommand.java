// SPDX-License-Identifier: MIT
package csdesign.cli;

import csdesign.client.Agent;
import csdesign.client.Client;
import csdesign.client.LiveLine;
import csdesign.client.Load;
import csdesign.client.Progress;
import csdesign.client.Result;
import csdesign.kit.Nullable;
import csdesign.kit.Stop;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `csdesign client`: asks a server for bytes, and says how that went.
@Command(name = "client", description = {
        "Sends a decimal count, reads that many bytes, and checks what comes.",
        "",
        "Latency counts from before connect to the last byte where each request has its own"
                + " connection, from before send with --keep-alive.",
        ""
}, footer = {
        "",
        "Exit codes: 0 all was right, 1 wrong or incomplete answers, 2 bad usage,"
                + " 130 interrupted (the totals so far are printed)."
}, sortOptions = false)
final class ClientCommand implements Callable<Integer> {
    private static final int RIGHT = 0;
    private static final int WRONG = 1;
    private static final int INTERRUPTED = 130;
    private static final double DAY_SECONDS = 86_400;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Option(names = {"-i",
            "--host"}, paramLabel = "HOST", defaultValue = "127.0.0.1", description = "the server's name or address (default: ${DEFAULT-VALUE})")
    private String host = "";

    @Option(names = {"-p",
            "--port"}, paramLabel = "PORT", defaultValue = "2000", description = "the server's port (default: ${DEFAULT-VALUE})")
    private int port;

    @Option(names = {"-c",
            "--child-num"}, paramLabel = "CLIENTS", defaultValue = "5", description = "how many clients ask at the same time (default: ${DEFAULT-VALUE})")
    private int clients;

    @Option(names = {"-t",
            "--con-num"}, paramLabel = "N", description = "how many connections each client makes, or requests with --keep-alive"
                    + " (default: 500)")
    private @Nullable Integer requestsPerClient;

    @Option(names = {"-b",
            "--bytes"}, paramLabel = "BYTES", defaultValue = "3000", description = "how many bytes each request asks for (default: ${DEFAULT-VALUE})")
    private long bytes;

    @Option(names = "--engine", paramLabel = "ENGINE", defaultValue = "threads", description = "threads: a thread for each client, on any system; epoll: one thread for"
            + " all, thousands of clients, Linux only (default: ${DEFAULT-VALUE})")
    private Load.Engine engine = Load.Engine.THREADS;

    @Option(names = "--keep-alive", description = "each client makes all its requests on one connection")
    private boolean keepAlive;

    @Option(names = "--duration", paramLabel = "SECONDS", description = "make requests for this long, instead of -t")
    private @Nullable Double durationSeconds;

    @Option(names = "--warmup", paramLabel = "SECONDS", description = "before, make requests for this long that are not counted; their errors"
            + " are; only with --duration")
    private @Nullable Double warmupSeconds;

    @Option(names = "--source-addresses", paramLabel = "N", description = "spread connections over N addresses of 127.0.0.0/8; 1 is off. One"
            + " address has 28,232 ports, and a closed connection keeps its own for 60 s"
            + " of TIME_WAIT: 470 a second. Only with --engine epoll and a server in"
            + " 127.0.0.0/8 (default: 64 there with a connection for each request, or with"
            + " more than 20,000 clients; otherwise 1)")
    private @Nullable Integer sourceAddresses;

    @Option(names = "--verify", description = "check each byte, against what `csdesign serve` sends at its place")
    private boolean verify;

    @Option(names = "--line-end", description = "send a line end after the count")
    private boolean lineEnd;

    @Option(names = "--timeout", paramLabel = "SECONDS", defaultValue = "30", description = "an answer that takes longer is an error (default: ${DEFAULT-VALUE})")
    private double timeoutSeconds;

    @Option(names = "--json", description = "print the result as one line of JSON")
    private boolean json;

    /// For the bench: see [Agent].
    @Option(names = "--agent", hidden = true)
    private boolean agent;

    @Override
    public Integer call() throws IOException {
        if (agent) {
            Agent.serve(System.in, System.out);
            return RIGHT;
        }
        Progress progress = new Progress();
        try {
            Load load = load();
            Stop stop = new Stop(0);
            stop.onSignals();
            try (Stop.Watching _ = stop.watch(progress::stop)) {
                return report(run(load, progress), progress.isStopped());
            }
        } catch (IllegalArgumentException wrong) {
            throw new ParameterException(
                    spec.commandLine(), String.valueOf(wrong.getMessage()), wrong);
        }
    }

    private Load load() {
        if (durationSeconds != null && requestsPerClient != null) {
            throw new IllegalArgumentException(
                    "--duration " + durationSeconds + " and --con-num " + requestsPerClient
                            + " exclude each other: give one of them");
        }
        if (requestsPerClient != null && requestsPerClient < 1) {
            throw new IllegalArgumentException(
                    "--con-num is " + requestsPerClient + ": must be 1 or more");
        }
        if (sourceAddresses != null && sourceAddresses < 1) {
            throw new IllegalArgumentException(
                    "--source-addresses is " + sourceAddresses + ": must be 1 (off) or more");
        }
        boolean timed = durationSeconds != null;
        int requests = requestsPerClient != null
                ? requestsPerClient
                : timed ? 0 : Load.DEFAULT.requestsPerClient();
        return new Load(
                host,
                port,
                engine,
                clients,
                keepAlive,
                requests,
                millis(durationSeconds, "--duration"),
                millis(warmupSeconds, "--warmup"),
                bytes,
                lineEnd,
                verify,
                sourceAddresses == null ? 0 : sourceAddresses,
                millis(timeoutSeconds, "--timeout"));
    }

    private static long millis(@Nullable Double seconds, String what) {
        if (seconds == null) {
            return 0;
        }
        if (!(seconds >= 0.001 && seconds <= DAY_SECONDS)) {
            throw new IllegalArgumentException(
                    what + " is " + seconds + ": must be from 0.001 to 86400 seconds");
        }
        return Math.round(seconds * 1000);
    }

    private static Result run(Load load, Progress progress) throws IOException {
        if (!LiveLine.isTerminal()) {
            return Client.run(load, progress);
        }
        try (LiveLine _ = LiveLine.show(progress)) {
            return Client.run(load, progress);
        }
    }

    private int report(Result result, boolean interrupted) {
        PrintWriter out = spec.commandLine().getOut();
        out.println(json ? result.json() : result.text());
        out.flush();
        if (interrupted) {
            return INTERRUPTED;
        }
        return result.allRight() ? RIGHT : WRONG;
    }
}
