// SPDX-License-Identifier: MIT
package csdesign.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// A server as a user starts it: a process of its own, known by what it prints and by
/// what the kernel says of it under `/proc`. Whatever happens, [#close] leaves no process
/// behind.
final class ServerProcess implements AutoCloseable {
    /// How long anything that must happen may take. Far above what it takes on a busy
    /// machine: only a failure waits that long.
    static final Duration PATIENCE = Duration.ofSeconds(20);

    /// `USER_HZ`, the unit of the CPU times in `/proc/PID/stat`: 100 on every Linux.
    static final int TICKS_PER_SECOND = 100;

    private static final Pattern LISTENING = Pattern
            .compile("listening on 127\\.0\\.0\\.1:(\\d+) \\(([a-z0-9-]+), pid (\\d+)\\)");
    private static final Pattern WORKER = Pattern
            .compile("worker \\d+ \\(pid \\d+\\): (\\d+) connections");
    private static final Pattern IGNORED_SIGNALS = Pattern
            .compile("(?m)^SigIgn:\\s+([0-9a-f]{16})$");
    private static final long SIGINT_BIT = 1 << (2 - 1);
    private static final Pattern CPU_TIMES = Pattern
            .compile("\\) \\w(?: -?\\d+){10} (\\d+) (\\d+)");
    private static final Pattern DESCRIPTOR_LIMITS = Pattern
            .compile("(?m)^Max open files +(\\S+) +(\\S+)");
    private static final Pattern SWITCHES = Pattern
            .compile("(?m)^(?:non)?voluntary_ctxt_switches:\\s+(\\d+)$");

    private final Process process;
    private final List<String> out = new CopyOnWriteArrayList<>();
    private final List<String> err = new CopyOnWriteArrayList<>();
    private final Thread outPump;
    private final Thread errPump;
    private int port;

    /// A command line to be started.
    ///
    /// @param words the program and its arguments
    record Command(List<String> words) {
        /// `java --enable-native-access=ALL-UNNAMED -jar csdesign.jar serve SLUG -p 0
        /// OPTIONS`.
        static Command of(String slug, String... options) {
            return jvm(
                    List.of("--enable-native-access=ALL-UNNAMED", "-jar", jar()), slug, options);
        }

        /// The same started by its class: the jar's manifest, which allows native access,
        /// does not count then.
        static Command withoutNativeAccess(String slug, String... options) {
            return jvm(List.of("-cp", jar(), "csdesign.cli.Main"), slug, options);
        }

        private static Command jvm(List<String> program, String slug, String... options) {
            List<String> words = new ArrayList<>();
            words.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
            // It starts in half the time, and there are hundreds of starts.
            words.add("-XX:TieredStopAtLevel=1");
            words.add("-XX:+UseSerialGC");
            words.addAll(program);
            words.addAll(List.of("serve", slug, "-p", "0"));
            words.addAll(List.of(options));
            return new Command(words);
        }

        /// On this port, and not on a free one.
        Command onPort(int port) {
            List<String> same = new ArrayList<>(words);
            same.set(same.indexOf("-p") + 1, Integer.toString(port));
            return new Command(same);
        }

        /// With a flag more for the JVM.
        Command withFlag(String flag) {
            List<String> more = new ArrayList<>(words);
            more.add(1, flag);
            return new Command(more);
        }

        /// With a limit on descriptors, hard and soft, as `ulimit -n` sets it.
        Command withDescriptors(int most) {
            List<String> more = new ArrayList<>(
                    List.of("sh", "-c", "ulimit -n " + most + " && exec \"$@\"", "sh"));
            more.addAll(words);
            return new Command(more);
        }

        private static String jar() {
            String jar = System.getProperty("csdesign.jar");
            if (jar == null || !new File(jar).isFile()) {
                throw new IllegalStateException(
                        "csdesign.jar is " + jar + ": must name the built jar (mvn verify does)");
            }
            return jar;
        }
    }

    private ServerProcess(Command command) throws IOException {
        process = new ProcessBuilder(command.words()).start();
        outPump = pump(process.getInputStream(), out);
        errPump = pump(process.getErrorStream(), err);
    }

    /// Starts a design on a free port and waits until it accepts.
    static ServerProcess start(String slug, String... options) {
        return start(slug, Command.of(slug, options));
    }

    /// Starts it by this command and waits until it accepts.
    static ServerProcess start(String slug, Command command) {
        ServerProcess server = launch(command);
        try {
            await("the listening line").atMost(PATIENCE)
                    .pollInterval(Duration.ofMillis(10))
                    .until(() -> !server.out.isEmpty() || !server.isAlive());
            if (server.out.isEmpty()) {
                server.join();
                throw new AssertionError(command + " ended before it listened: " + server.err);
            }
            Matcher line = LISTENING.matcher(server.out.getFirst());
            assertThat(line.matches()).as("the first line: %s", server.out.getFirst()).isTrue();
            server.port = Integer.parseInt(line.group(1));
            assertThat(line.group(2)).isEqualTo(slug);
            assertThat(Long.parseLong(line.group(3))).isEqualTo(server.pid());
            return server;
        } catch (RuntimeException | Error failed) {
            server.close();
            throw failed;
        }
    }

    /// Starts it by a command that may end before it accepts.
    static ServerProcess launch(Command command) {
        try {
            return new ServerProcess(command);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Where it listens, on 127.0.0.1.
    int port() {
        return port;
    }

    long pid() {
        return process.pid();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /// Every line that it printed on stdout up to now.
    List<String> out() {
        return out;
    }

    /// Every line that it printed on stderr up to now.
    List<String> err() {
        return err;
    }

    /// SIGTERM.
    void terminate() {
        process.toHandle().destroy();
    }

    /// Any signal, by its name without SIG.
    void signal(String name) throws IOException, InterruptedException {
        // The shell's own kill: not every system has /bin/kill.
        Process kill = new ProcessBuilder("sh", "-c", "kill -" + name + " " + pid()).start();
        assertThat(kill.waitFor()).as("kill -%s", name).isZero();
    }

    /// Waits until no signal is on its way. Two that wait together are one: the kernel
    /// keeps no count.
    void awaitSignalDelivered() {
        Pattern none = Pattern.compile("(?m)^ShdPnd:\\s+0+$");
        await("the signal to be delivered").atMost(PATIENCE)
                .until(() -> none.matcher(read(proc("status"))).find());
    }

    /// Whether it was started with SIGINT ignored, as a shell starts what runs in its background.
    /// A JVM honours that: nothing in it can handle the signal then.
    boolean ignoresInterrupt() {
        Matcher ignored = IGNORED_SIGNALS.matcher(read(proc("status")));
        assertThat(ignored.find()).as("SigIgn").isTrue();
        return (Long.parseUnsignedLong(ignored.group(1), 16) & SIGINT_BIT) != 0;
    }

    /// SIGSTOP, and waits until every thread has stopped. Connections pile up in the
    /// backlog then, as they do while a busy server is elsewhere.
    void freeze() throws IOException, InterruptedException {
        signal("STOP");
        await("all threads stopped").atMost(PATIENCE).until(this::everyThreadIsStopped);
    }

    /// SIGCONT.
    void thaw() throws IOException, InterruptedException {
        signal("CONT");
    }

    /// Waits for its end, and for the last of its output.
    ///
    /// @return the exit code
    int awaitExit(Duration most) throws InterruptedException {
        assertThat(process.waitFor(most.toMillis(), TimeUnit.MILLISECONDS))
                .as("ended within %s; stdout %s, stderr %s", most, out, err)
                .isTrue();
        join();
        return process.exitValue();
    }

    /// SIGTERM, and waits for an end as it should be: exit 0, and nothing ever said on
    /// stderr.
    void stopQuietly() throws InterruptedException {
        terminate();
        assertThat(awaitExit(PATIENCE)).as("exit code").isZero();
        assertThat(err).as("stderr").isEmpty();
    }

    /// How many connections its distribution names, all workers together. After its end.
    long distributionSum() {
        List<Matcher> workers = out.stream().map(WORKER::matcher).filter(Matcher::matches).toList();
        assertThat(workers).as("lines of the distribution in %s", out).isNotEmpty();
        return workers.stream().mapToLong(worker -> Long.parseLong(worker.group(1))).sum();
    }

    /// Writes a line to its standard input: see `--control`.
    void tell(String line) throws IOException {
        Writer in = process.outputWriter(StandardCharsets.UTF_8);
        in.write(line + "\n");
        in.flush();
    }

    /// Ends its standard input.
    void endInput() throws IOException {
        process.getOutputStream().close();
    }

    /// The number of descriptors that it holds.
    int descriptors() {
        return openDescriptors().size();
    }

    /// The numbers of the descriptors that it holds.
    List<Integer> openDescriptors() {
        try (Stream<Path> entries = Files.list(proc("fd"))) {
            return entries.map(entry -> Integer.valueOf(entry.getFileName().toString())).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The soft limit on its descriptors.
    long softDescriptorLimit() {
        return descriptorLimit(proc("limits"), 1);
    }

    /// The hard limit on descriptors of this JVM and of whatever it starts.
    static long hardDescriptorLimit() {
        return descriptorLimit(Path.of("/proc/self/limits"), 2);
    }

    private static long descriptorLimit(Path limits, int column) {
        Matcher matcher = DESCRIPTOR_LIMITS.matcher(read(limits));
        assertThat(matcher.find()).as("%s", limits).isTrue();
        String limit = matcher.group(column);
        return limit.equals("unlimited") ? Long.MAX_VALUE : Long.parseLong(limit);
    }

    /// CPU time spent so far, user and system, in ticks: see [#TICKS_PER_SECOND].
    long cpuTicks() {
        // proc_pid_stat(5): field 2 is the name in brackets; utime and stime are 14 and 15.
        Matcher times = CPU_TIMES.matcher(read(proc("stat")));
        assertThat(times.find()).as("/proc/PID/stat").isTrue();
        return Long.parseLong(times.group(1)) + Long.parseLong(times.group(2));
    }

    /// Context switches so far of all threads that still live, both kinds.
    long contextSwitches() {
        return tasks("status").stream()
                .flatMap(status -> SWITCHES.matcher(status).results())
                .mapToLong(result -> Long.parseLong(result.group(1)))
                .sum();
    }

    /// Resident memory, in KiB.
    long residentKib() {
        Matcher line = Pattern.compile("(?m)^VmRSS:\\s+(\\d+) kB$").matcher(read(proc("status")));
        assertThat(line.find()).as("VmRSS").isTrue();
        return Long.parseLong(line.group(1));
    }

    /// Waits until the server has read all that this client has sent so far.
    void awaitRead(Client client) {
        await("the server to read").atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(2))
                .pollDelay(Duration.ZERO)
                .until(() -> unreadBytes(client) == 0);
    }

    /// Bytes of this client that wait in the kernel for the server to read them, as
    /// `/proc/net` tells.
    private long unreadBytes(Client client) {
        // proc_pid_net(5): "sl: LOCAL:PORT REMOTE:PORT st TX_QUEUE:RX_QUEUE ...". The JDK listens
        // with an IPv6 socket on IPv4 addresses too: those connections are in the other file.
        Pattern line = Pattern.compile(
                String.format(
                        "0100007F:%04X [0-9A-F]*0100007F:%04X \\w\\w \\w{8}:(\\w{8})",
                        port,
                        client.localPort()));
        for (String file : List.of("/proc/net/tcp", "/proc/net/tcp6")) {
            Matcher matcher = line.matcher(read(Path.of(file)));
            if (matcher.find()) {
                return Long.parseLong(matcher.group(1), 16);
            }
        }
        throw new AssertionError("no connection from port " + client.localPort());
    }

    private boolean everyThreadIsStopped() {
        return tasks("stat").stream()
                .allMatch(stat -> stat.charAt(stat.lastIndexOf(')') + 2) == 'T');
    }

    private List<String> tasks(String file) {
        try (Stream<Path> tasks = Files.list(proc("task"))) {
            return tasks.map(task -> read(task.resolve(file))).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Path proc(String file) {
        return Path.of("/proc", Long.toString(pid()), file);
    }

    private static String read(Path file) {
        try {
            return Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (NoSuchFileException threadEnded) {
            return "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Thread pump(InputStream from, List<String> to) {
        return Thread.ofVirtual().start(() -> {
            try (BufferedReader lines = new BufferedReader(
                    new InputStreamReader(from, StandardCharsets.UTF_8))) {
                lines.lines().forEach(to::add);
            } catch (IOException | UncheckedIOException ended) {
                to.add("(output lost: " + ended.getMessage() + ")");
            }
        });
    }

    /// Waits for the last of its output.
    private void join() {
        try {
            outPump.join();
            errPump.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        // SIGKILL ends a frozen process too.
        process.destroyForcibly();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        join();
    }
}
