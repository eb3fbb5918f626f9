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
        "Serve with one design until SIGINT or SIGTERM; then say who did what and what it cost.",
        "A second signal ends the grace at once."
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
            "--port"}, defaultValue = "2000", description = "0 to 65535; 0 lets the kernel choose (default: ${DEFAULT-VALUE}).")
    private int port;

    @Option(names = {"-n",
            "--workers"}, defaultValue = "10", description = "Processes or threads of a pool design, 1 to 256; no more than --max-connections (default: ${DEFAULT-VALUE}).")
    private int workers;

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

        @Option(names = "--wait", paramLabel = "MS", description = "Every answer waits so many milliseconds first, as for a database.")
        private long waitMillis = Bytes.Options.DEFAULT.waitMillis();

        @Option(names = "--hash", paramLabel = "KIB", description = "Every answer first computes a checksum over so many KiB.")
        private int hashKib = Bytes.Options.DEFAULT.hashKib();

        @Option(names = "--max-answer-bytes", paramLabel = "N", description = "The largest count that is answered (default: 1073741824).")
        private long maxAnswerBytes = Bytes.Options.DEFAULT.maxAnswerBytes();

        @Option(names = "--max-request-bytes", paramLabel = "N", description = "How many digits a request may have (default: 32).")
        private int maxRequestBytes = Bytes.Options.DEFAULT.maxRequestBytes();
    }

    private static final class LimitOptions {
        @Option(names = "--backlog", paramLabel = "N", description = "How many connections may wait to be accepted (default: 4096).")
        private int backlog = Limits.DEFAULT.backlog();

        @Option(names = "--max-connections", paramLabel = "N", description = "How many are served at once; the others wait (default: 10000).")
        private int maxConnections = Limits.DEFAULT.maxConnections();

        @Option(names = "--max-children", paramLabel = "N", description = "How many processes serve at once in a design with one for each client; the other clients wait (default: 256; 4 where each is a JVM).")
        private int maxChildren = Limits.DEFAULT.maxChildren();

        @Option(names = "--queue", paramLabel = "N", description = "prethreaded-handoff: how many accepted connections may wait for a thread (default: 64).")
        private int queue = Limits.DEFAULT.queue();

        @Option(names = "--idle-timeout", paramLabel = "SECONDS", description = "How long a client may do nothing (default: 60).")
        private double idleSeconds = Limits.DEFAULT.idleMillis() / 1e3;

        @Option(names = "--request-timeout", paramLabel = "SECONDS", description = "When a request must be complete, from its first byte (default: 20).")
        private double requestSeconds = Limits.DEFAULT.requestMillis() / 1e3;

        @Option(names = "--grace", paramLabel = "SECONDS", description = "How long those in flight may go on after a stop (default: 10).")
        private double graceSeconds = Limits.DEFAULT.graceMillis() / 1e3;
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
        InetSocketAddress where = new InetSocketAddress(
                address(), range("--port", port, 0, 65_535));
        Service spoken = service();
        // Each worker of a pool serves one client: more of them would serve too many.
        int most = Math.min(
                range("--workers", workers, 1, Server.MOST_WORKERS), limits.maxConnections());
        Design.run(
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
        return 0;
    }

    private Service service() {
        try {
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
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
    }

    private Limits limits() {
        try {
            return new Limits(
                    limits.backlog,
                    limits.maxConnections,
                    Math.round(limits.idleSeconds * 1e3),
                    Math.round(limits.requestSeconds * 1e3),
                    Math.round(limits.graceSeconds * 1e3),
                    limits.maxChildren,
                    limits.queue);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
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

    private int range(String option, int value, int least, int most) {
        if (value < least || value > most) {
            throw new ParameterException(
                    spec.commandLine(),
                    option + " is " + value + ": must be " + least + " to " + most);
        }
        return value;
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
