// SPDX-License-Identifier: MIT
package csdesign.cli;

import csdesign.design.Catalog;
import csdesign.design.Design;
import csdesign.kit.Limits;
import csdesign.kit.Server;
import csdesign.kit.Stop;
import csdesign.service.Bytes;
import csdesign.service.Echo;
import csdesign.service.Service;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
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
    /// The one that can choose between waking one and waking all.
    private static final String EXCLUSIVE_DESIGN = "prefork-epoll";

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

    @Option(names = "--exclusive", description = "prefork-epoll: EPOLLEXCLUSIVE, one worker is woken and not all.")
    private boolean exclusive;

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

        @Option(names = "--max-children", paramLabel = "N", preprocessor = Numbers.Reader.class, description = "How many processes serve at once in a design with one for each client, ${bundle:--max-children}; the other clients wait.")
        private int maxChildren = Limits.DEFAULT.maxChildren();

        @Option(names = "--queue", paramLabel = "N", preprocessor = Numbers.Reader.class, description = "prethreaded-handoff: how many accepted connections may wait for a thread, ${bundle:--queue}.")
        private int queue = Limits.DEFAULT.queue();

        @Option(names = "--idle-timeout", paramLabel = "SECONDS", preprocessor = Numbers.Reader.class, description = "How long a client may do nothing, ${bundle:--idle-timeout}.")
        private long idleMillis = Limits.DEFAULT.idleMillis();

        @Option(names = "--request-timeout", paramLabel = "SECONDS", preprocessor = Numbers.Reader.class, description = "When a request must be complete, from its first byte, ${bundle:--request-timeout}.")
        private long requestMillis = Limits.DEFAULT.requestMillis();

        @Option(names = "--grace", paramLabel = "SECONDS", preprocessor = Numbers.Reader.class, description = "How long those in flight may go on after a stop, ${bundle:--grace}.")
        private long graceMillis = Limits.DEFAULT.graceMillis();
    }

    /// Tells it the ranges of its numbers.
    static void describe(CommandSpec serve) {
        new Numbers()
                .with(Server.PORT, Server.DEFAULT_PORT)
                .with(Server.WORKERS, Server.DEFAULT_WORKERS)
                .with(Bytes.Options.WAIT, Bytes.Options.DEFAULT.waitMillis())
                .with(Bytes.Options.HASH, Bytes.Options.DEFAULT.hashKib())
                .with(Bytes.Options.MAX_ANSWER, Bytes.Options.DEFAULT.maxAnswerBytes())
                .with(Bytes.Options.MAX_REQUEST, Bytes.Options.DEFAULT.maxRequestBytes())
                .with(Limits.BACKLOG, Limits.DEFAULT.backlog())
                .with(Limits.CONNECTIONS, Limits.DEFAULT.maxConnections())
                .with(Limits.CHILDREN, "0, for 256, or 4 where each is a JVM")
                .with(Limits.QUEUE, Limits.DEFAULT.queue())
                .with(Limits.IDLE, Limits.DEFAULT.idleMillis())
                .with(Limits.REQUEST, Limits.DEFAULT.requestMillis())
                .with(Limits.GRACE, Limits.DEFAULT.graceMillis())
                .describe(serve);
    }

    @Override
    public Integer call() throws IOException {
        Catalog.Entry entry = Catalog.find(slug).orElseThrow(this::unknownDesign);
        if (!entry.needs().areMetHere()) {
            throw new UnsupportedOperationException(
                    slug + " needs " + entry.needs().words() + "; this is "
                            + System.getProperty("os.name") + " on " + System.getProperty("os.arch")
                            + ". `csdesign designs` lists those that run here");
        }
        if (exclusive && !entry.slug().equals(EXCLUSIVE_DESIGN)) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--exclusive with " + entry.slug()
                            + ": nobody waits in epoll for a shared socket"
                            + " there; it is for " + EXCLUSIVE_DESIGN);
        }
        Limits limits = limits();
        InetSocketAddress where = new InetSocketAddress(address(), port);
        Service spoken = service();
        // Each worker of a pool serves one client: more of them would serve too many.
        int most = Math.min(workers, limits.maxConnections());
        return Design.run(
                entry.design(),
                () -> new Server(
                        entry.slug(),
                        where,
                        most,
                        exclusive,
                        control,
                        limits,
                        spoken,
                        entry.scoreboard(most),
                        new Stop(limits.graceMillis()),
                        System.out));
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
        return new Limits(
                limits.backlog,
                limits.maxConnections,
                limits.idleMillis,
                limits.requestMillis,
                limits.graceMillis,
                limits.maxChildren,
                limits.queue);
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
                                .map(Catalog.Entry::slug)
                                .collect(Collectors.joining(", ")));
    }
}
