// SPDX-License-Identifier: MIT
package csdesign.cli;

import csdesign.design.Catalog;
import csdesign.design.Design;
import csdesign.kit.Limits;
import csdesign.kit.Server;
import csdesign.service.Bytes;
import csdesign.service.Echo;
import csdesign.service.Service;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `csdesign serve DESIGN`: runs one design until Ctrl-C, then says who did what and what it cost.
@Command(name = "serve", description = {
        "Serve with one design until SIGTERM, SIGINT or SIGHUP; then say who did what and what it cost.",
        "A second signal ends the grace at once. Exit code 1: the stop cut a client that was owed an answer."
}, sortOptions = false)
final class ServeCommand implements Callable<Integer> {
    enum ServiceName {
        BYTES,
        ECHO
    }

    @Parameters(paramLabel = "DESIGN", description = "One of those that `csdesign designs` lists.")
    private String slug;

    @Option(names = {"-i",
            "--host"}, defaultValue = "127.0.0.1", description = "Where to listen (default: ${DEFAULT-VALUE}); 0.0.0.0 for every interface.")
    private String host;

    @Option(names = {"-p",
            "--port"}, preprocessor = Numbers.Reader.class, description = "Where to listen, ${bundle:--port}; 0 lets the kernel choose.")
    private int port = Server.DEFAULT_PORT;

    @Option(names = {"-n",
            "--workers"}, preprocessor = Numbers.Reader.class, description = "Processes or threads of a pool design, ${bundle:--workers}; no more than --max-connections.")
    private int workers = Server.DEFAULT_WORKERS;

    @Option(names = "--service", defaultValue = "BYTES", description = "What is served: bytes or echo (default: bytes).")
    private ServiceName service;

    @ArgGroup(exclusive = false, heading = "The service bytes:%n")
    private BytesOptions bytes = new BytesOptions();

    @ArgGroup(exclusive = false, heading = "Limits:%n")
    private LimitOptions limits = new LimitOptions();

    @Option(names = "--control", description = "Answer `cost` on standard input with one line of JSON; stop at its end.")
    private boolean control;

    @Spec
    private CommandSpec spec;

    private static final class BytesOptions {
        @Option(names = "--once", description = "Close the connection after its first answer.")
        private boolean once;

        @Option(names = "--strict", description = "Every request must end with a line end.")
        private boolean strict;

        @Option(names = "--wait", paramLabel = "MS", preprocessor = Numbers.Reader.class, description = "How long every answer waits first, as for a database, ${bundle:--wait}.")
        private long waitMillis = Bytes.Options.DEFAULT.waitMillis();

        @Option(names = "--hash", paramLabel = "KIB", preprocessor = Numbers.Reader.class, description = "Over how much every answer first computes a checksum, ${bundle:--hash}.")
        private int hashKib = Bytes.Options.DEFAULT.hashKib();

        @Option(names = "--max-answer-bytes", paramLabel = "N", preprocessor = Numbers.Reader.class, description = "The largest count that is answered, ${bundle:--max-answer-bytes}.")
        private long maxAnswerBytes = Bytes.Options.DEFAULT.maxAnswerBytes();

        @Option(names = "--max-request-bytes", paramLabel = "N", preprocessor = Numbers.Reader.class, description = "How many digits a request may have, ${bundle:--max-request-bytes}.")
        private int maxRequestBytes = Bytes.Options.DEFAULT.maxRequestBytes();
    }

    private static final class LimitOptions {
        @Option(names = "--backlog", paramLabel = "N", preprocessor = Numbers.Reader.class, description = "How many connections may wait to be accepted, ${bundle:--backlog}.")
        private int backlog = Limits.DEFAULT.backlog();

        @Option(names = "--max-connections", paramLabel = "N", preprocessor = Numbers.Reader.class, description = "How many are served at once, ${bundle:--max-connections}; the others wait.")
        private int maxConnections = Limits.DEFAULT.maxConnections();

        @Option(names = "--idle-timeout", paramLabel = "SECONDS", preprocessor = Numbers.Reader.class, description = "How long a client may do nothing, ${bundle:--idle-timeout}.")
        private long idleMillis = Limits.DEFAULT.idleMillis();

        @Option(names = "--request-timeout", paramLabel = "SECONDS", preprocessor = Numbers.Reader.class, description = "When a request must be complete, from its first byte, ${bundle:--request-timeout}.")
        private long requestMillis = Limits.DEFAULT.requestMillis();

        @Option(names = "--grace", paramLabel = "SECONDS", preprocessor = Numbers.Reader.class, description = "How long those in flight may go on after a stop, ${bundle:--grace}.")
        private long graceMillis = Limits.DEFAULT.graceMillis();
    }

    /// Tells it the ranges of its numbers, and the options that only some designs have.
    ///
    /// @param serve the command
    /// @param arguments that it will be given: where they name a design, help shows the options
    ///     of that one and of no other
    static void describe(CommandSpec serve, List<String> arguments) {
        Numbers numbers = new Numbers()
                .with(Server.PORT, Server.DEFAULT_PORT)
                .with(Server.WORKERS, Server.DEFAULT_WORKERS)
                .with(Bytes.Options.WAIT, Bytes.Options.DEFAULT.waitMillis())
                .with(Bytes.Options.HASH, Bytes.Options.DEFAULT.hashKib())
                .with(Bytes.Options.MAX_ANSWER, Bytes.Options.DEFAULT.maxAnswerBytes())
                .with(Bytes.Options.MAX_REQUEST, Bytes.Options.DEFAULT.maxRequestBytes())
                .with(Limits.BACKLOG, Limits.DEFAULT.backlog())
                .with(Limits.CONNECTIONS, Limits.DEFAULT.maxConnections())
                .with(Limits.IDLE, Limits.DEFAULT.idleMillis())
                .with(Limits.REQUEST, Limits.DEFAULT.requestMillis())
                .with(Limits.GRACE, Limits.DEFAULT.graceMillis());
        OwnOptions.describe(serve, numbers, arguments);
        numbers.describe(serve);
    }

    @Override
    public Integer call() throws IOException {
        Design design = Catalog.find(slug).orElseThrow(this::unknownDesign);
        Limits within = limits();
        return design.run(
                Server.local(design.slug(), port)
                        .withAddress(new InetSocketAddress(address(), port))
                        // Each worker of a pool serves one client: more would serve too many.
                        .withWorkers(Math.min(workers, within.maxConnections()))
                        .withControl(control)
                        .withLimits(within)
                        .withSettings(OwnOptions.of(spec, design))
                        .withService(service()));
    }

    private Service service() {
        return switch (service) {
            case BYTES -> new Bytes(
                    new Bytes.Options(
                            bytes.maxAnswerBytes,
                            bytes.maxRequestBytes,
                            bytes.strict,
                            bytes.once,
                            bytes.waitMillis,
                            bytes.hashKib));
            case ECHO -> new Echo();
        };
    }

    private Limits limits() {
        return Limits.DEFAULT
                .withBacklog(limits.backlog)
                .withMaxConnections(limits.maxConnections)
                .withIdleMillis(limits.idleMillis)
                .withRequestMillis(limits.requestMillis)
                .withGraceMillis(limits.graceMillis);
    }

    private InetAddress address() {
        try {
            return InetAddress.getByName(host);
        } catch (UnknownHostException e) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--host is '" + host + "': no such address; give an IP address or a name of"
                            + " this machine, for example 127.0.0.1",
                    e);
        }
    }

    private ParameterException unknownDesign() {
        return new ParameterException(
                spec.commandLine(),
                "no design '" + slug + "'; there are "
                        + Catalog.ENTRIES.stream()
                                .map(Design::slug)
                                .collect(Collectors.joining(", ")));
    }
}
