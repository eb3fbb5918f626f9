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

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Option(names = {"-i",
            "--host"}, paramLabel = "HOST", defaultValue = "127.0.0.1", description = "the server's name or address (default: ${DEFAULT-VALUE})")
    private String host = "";

    @Option(names = {"-p",
            "--port"}, paramLabel = "PORT", preprocessor = Numbers.Reader.class, description = "the server's port, ${bundle:--port}")
    private int port = Load.DEFAULT.port();

    @Option(names = {"-c",
            "--child-num"}, paramLabel = "CLIENTS", preprocessor = Numbers.Reader.class, description = "how many clients ask at the same time, ${bundle:--child-num}; ${bundle:--child-num with --engine threads} with --engine threads")
    private int clients = Load.DEFAULT.clients();

    @Option(names = {"-t",
            "--con-num"}, paramLabel = "N", preprocessor = Numbers.Reader.class, description = "how many connections each client makes, or requests with --keep-alive,"
                    + " ${bundle:--con-num}")
    private @Nullable Integer requestsPerClient;

    @Option(names = {"-b",
            "--bytes"}, paramLabel = "BYTES", preprocessor = Numbers.Reader.class, description = "how many bytes each request asks for, ${bundle:--bytes}")
    private long bytes = Load.DEFAULT.bytesPerRequest();

    @Option(names = "--engine", paramLabel = "ENGINE", defaultValue = "threads", description = "threads: a thread for each client, on any system; epoll: one thread for"
            + " all, thousands of clients, Linux only (default: ${DEFAULT-VALUE})")
    private Load.Engine engine = Load.Engine.THREADS;

    @Option(names = "--keep-alive", description = "each client makes all its requests on one connection")
    private boolean keepAlive;

    @Option(names = "--duration", paramLabel = "SECONDS", preprocessor = Numbers.Reader.class, description = "make requests for this long, instead of -t, ${bundle:--duration}")
    private @Nullable Long durationMillis;

    @Option(names = "--warmup", paramLabel = "SECONDS", preprocessor = Numbers.Reader.class, description = "before, make requests for this long that are not counted; their errors"
            + " are; only with --duration, ${bundle:--warmup}")
    private long warmupMillis = Load.DEFAULT.warmupMillis();

    @Option(names = "--source-addresses", paramLabel = "N", preprocessor = Numbers.Reader.class, description = "spread connections over N addresses of 127.0.0.0/8, ${bundle:--source-addresses}; 1 is off. One"
            + " address has 28,232 ports, and a closed connection keeps its own for 60 s"
            + " of TIME_WAIT: 470 a second. Only with --engine epoll and a server in"
            + " 127.0.0.0/8 (default: 64 there with a connection for each request, or with"
            + " more than 20,000 clients; otherwise 1)")
    private @Nullable Integer sourceAddresses;

    @Option(names = "--verify", description = "check each byte, against what `csdesign serve` sends at its place")
    private boolean verify;

    @Option(names = "--line-end", description = "send a line end after the count")
    private boolean lineEnd;

    @Option(names = "--timeout", paramLabel = "SECONDS", preprocessor = Numbers.Reader.class, description = "an answer that takes longer is an error, ${bundle:--timeout}")
    private long timeoutMillis = Load.DEFAULT.timeoutMillis();

    @Option(names = "--max-errors", paramLabel = "N", preprocessor = Numbers.Reader.class, description = "give up after so many errors, ${bundle:--max-errors}")
    private @Nullable Integer maxErrors;

    @Option(names = "--json", description = "print the result as one line of JSON")
    private boolean json;

    /// For the bench: see [Agent].
    @Option(names = "--agent", hidden = true)
    private boolean agent;

    /// Tells it the ranges of its numbers.
    static void describe(CommandSpec client) {
        new Numbers()
                .with(Load.PORT, Load.DEFAULT.port())
                .with(Load.CLIENTS, Load.DEFAULT.clients())
                .with(Load.Engine.THREADS.clients())
                .with(Load.REQUESTS, Load.DEFAULT.requestsPerClient())
                .with(Load.BYTES, Load.DEFAULT.bytesPerRequest())
                .with(Load.DURATION)
                .with(Load.WARMUP, Load.DEFAULT.warmupMillis())
                .with(Load.SOURCE_ADDRESSES)
                .with(Load.TIMEOUT, Load.DEFAULT.timeoutMillis())
                .with(
                        Load.MAX_ERRORS,
                        Load.USUAL_ERRORS + ", or one for each client where that is more; sooner"
                                + " when in 10 seconds every client met an error and none an"
                                + " answer")
                .describe(client);
    }

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
        if (durationMillis != null && requestsPerClient != null) {
            throw new IllegalArgumentException(
                    "--duration " + Load.DURATION.text(durationMillis) + " and --con-num "
                            + requestsPerClient
                            + " exclude each other: give one of them");
        }
        Load load = Load.to(host, port)
                .engine(engine)
                .clients(clients)
                .bytes(bytes)
                .keepAlive(keepAlive)
                .lineEnd(lineEnd)
                .verify(verify)
                .sourceAddresses(sourceAddresses == null ? 0 : sourceAddresses)
                .timeout(timeoutMillis)
                .maxErrors(maxErrors == null ? 0 : maxErrors);
        if (requestsPerClient != null) {
            load = load.requests(requestsPerClient);
        }
        if (durationMillis != null) {
            load = load.duration(durationMillis);
        }
        return load.warmup(warmupMillis);
    }

    private Result run(Load load, Progress progress) throws IOException {
        String name = "csdesign client: ";
        if (!LiveLine.isTerminal()) {
            PrintWriter err = spec.commandLine().getErr();
            progress.onNews(news -> {
                err.println(name + news);
                err.flush();
            });
            return Client.run(load, progress);
        }
        try (LiveLine live = LiveLine.show(progress)) {
            progress.onNews(news -> live.say(name + news));
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
