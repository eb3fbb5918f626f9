// SPDX-License-Identifier: MIT
package csdesign.harness;

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
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// A server as a user starts it: a process of its own, or several where it starts others,
/// known by what it prints and by what the kernel says of all of them under `/proc`.
/// Whatever happens, [#close] leaves no process behind.
public final class ServerProcess implements AutoCloseable {
    /// How long anything that must happen may take. Far above what it takes on a busy
    /// machine: only a failure waits that long.
    public static final Duration PATIENCE = Duration.ofSeconds(20);

    /// Well within the default grace of 10 s: a server that sits its grace out is late.
    public static final Duration PROMPT = Duration.ofSeconds(5);

    /// `USER_HZ`, the unit of the CPU times in `/proc/PID/stat`: 100 on every Linux.
    public static final int TICKS_PER_SECOND = 100;

    private static final Pattern LISTENING = Pattern
            .compile("listening on 127\\.0\\.0\\.1:(\\d+) \\(([a-z0-9-]+), pid (\\d+)\\)");
    private static final Pattern WORKER = Pattern
            .compile("worker (\\d+) \\(pid (\\d+)\\): (\\d+) connections");
    private static final Pattern IGNORED_SIGNALS = Pattern
            .compile("(?m)^SigIgn:\\s+([0-9a-f]{16})$");
    private static final int SIGHUP = 1;
    private static final int SIGINT = 2;
    private static final Pattern CPU_TIMES = Pattern
            .compile("\\) \\w(?: -?\\d+){10} (\\d+) (\\d+) (-?\\d+) (-?\\d+)");
    private static final Pattern DESCRIPTOR_LIMITS = Pattern
            .compile("(?m)^Max open files +(\\S+) +(\\S+)");
    private static final Pattern SWITCHES = Pattern
            .compile("(?m)^(?:non)?voluntary_ctxt_switches:\\s+(\\d+)$");

    private static final String NO_SUCH_PROCESS = "No such process";
    private static final Pattern PSS = Pattern.compile("(?m)^Pss:\\s+(\\d+) kB$");

    /// All that were started and not closed yet.
    private static final Set<ServerProcess> OPEN = ConcurrentHashMap.newKeySet();

    static {
        // Tests that are broken off by a signal leave no server behind.
        Runtime.getRuntime().addShutdownHook(
                new Thread(() -> OPEN.forEach(ServerProcess::kill)));
    }

    private final Process process;
    private final List<String> out = new CopyOnWriteArrayList<>();
    private final List<String> err = new CopyOnWriteArrayList<>();
    private final Thread outPump;
    private final Thread errPump;
    private List<ProcessHandle> stopped = List.of();
    private int port;

    /// A command line to be started.
    ///
    /// @param words the program and its arguments
    public record Command(List<String> words) {
        /// `java --enable-native-access=ALL-UNNAMED -jar csdesign.jar serve SLUG -p 0
        /// OPTIONS`.
        public static Command of(String slug, List<String> options) {
            return jvm(
                    List.of("--enable-native-access=ALL-UNNAMED", "-jar", jar()), slug, options);
        }

        /// The same started by its class: the jar's manifest, which allows native access,
        /// does not count then.
        public static Command withoutNativeAccess(String slug, List<String> options) {
            return jvm(List.of("-cp", jar(), "csdesign.cli.Main"), slug, options);
        }

        private static Command jvm(List<String> program, String slug, List<String> options) {
            List<String> words = new ArrayList<>(withoutCapability());
            words.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
            // It starts in half the time, and there are hundreds of starts.
            words.add("-XX:TieredStopAtLevel=1");
            words.add("-XX:CompileThresholdScaling=50"); // most end before compiling pays
            words.add("-XX:+UseSerialGC");
            words.addAll(Archive.FLAGS);
            words.addAll(program);
            words.addAll(List.of("serve", slug, "-p", "0"));
            words.addAll(options);
            return new Command(words);
        }

        /// On this port, and not on a free one.
        public Command onPort(int port) {
            List<String> same = new ArrayList<>(words);
            same.set(same.indexOf("-p") + 1, Integer.toString(port));
            return new Command(same);
        }

        /// With a flag more for the JVM.
        public Command withFlag(String flag) {
            List<String> more = new ArrayList<>(words);
            more.add(withoutCapability().size() + 1, flag);
            return new Command(more);
        }

        /// With a limit on descriptors, hard and soft, as `ulimit -n` sets it.
        public Command withDescriptors(int most) {
            List<String> more = new ArrayList<>(
                    List.of("sh", "-c", "ulimit -n " + most + " && exec \"$@\"", "sh"));
            more.addAll(words);
            return new Command(more);
        }

        /// With another word for one of these.
        public Command inPlaceOf(String word, String other) {
            return new Command(
                    words.stream().map(each -> each.equals(word) ? other : each).toList());
        }

        /// Started by another program, whose last arguments are these.
        public Command behind(String... program) {
            List<String> more = new ArrayList<>(List.of(program));
            more.addAll(words);
            return new Command(more);
        }

        /// With SIGTERM ignored, and every signal blocked that can be: as a parent may leave it.
        public Command deafToSignals() {
            List<String> more = new ArrayList<>();
            if (CAN_BLOCK_SIGNALS) {
                more.addAll(List.of("env", "--block-signal"));
            }
            more.addAll(List.of("sh", "-c", "trap '' TERM && exec \"$@\"", "sh"));
            more.addAll(words);
            return new Command(more);
        }

        /// `-Dcsdesign.contract.without=net_admin` takes a capability away from all servers, where
        /// there is one to take: of an ordinary user's they have none.
        private static List<String> withoutCapability() {
            String name = System.getProperty("csdesign.contract.without", "");
            return name.isEmpty() || !"root".equals(System.getProperty("user.name"))
                    ? List.of()
                    : List.of("setpriv", "--bounding-set=-" + name, "--inh-caps=-" + name);
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

    /// Since GNU coreutils 8.31; other systems have an env without it.
    private static final boolean CAN_BLOCK_SIGNALS = succeeds("env", "--block-signal", "true");

    private static boolean succeeds(String... command) {
        try {
            return new ProcessBuilder(command).start().waitFor() == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private ServerProcess(Command command) throws IOException {
        process = new ProcessBuilder(command.words()).start();
        outPump = pump(process.getInputStream(), out);
        errPump = pump(process.getErrorStream(), err);
    }

    /// Starts a design by this command and waits until it accepts.
    public static ServerProcess start(String slug, Command command) {
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
    public static ServerProcess launch(Command command) {
        try {
            ServerProcess server = new ServerProcess(command);
            OPEN.add(server);
            return server;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Where it listens, on 127.0.0.1.
    public int port() {
        return port;
    }

    public long pid() {
        return process.pid();
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /// Every line that it printed on stdout up to now.
    public List<String> out() {
        return out;
    }

    /// Every line that it printed on stderr up to now.
    public List<String> err() {
        return err;
    }

    /// The process that was started and all that it has started, which live.
    public List<ProcessHandle> processes() {
        List<ProcessHandle> all = new ArrayList<>(List.of(process.toHandle()));
        process.descendants().filter(started -> !isGone(started)).forEach(all::add);
        return all;
    }

    /// The processes that it has started, which live.
    public List<ProcessHandle> workers() {
        return process.children().filter(started -> !isGone(started)).toList();
    }

    /// Whether a process has ended. One whose parent has not yet heard of it is gone, too.
    public static boolean isGone(ProcessHandle process) {
        String stat = read(proc(process, "stat"));
        return stat.isEmpty() || "ZX".indexOf(state(stat)) >= 0;
    }

    /// Whether a process has ended and its parent has not yet heard of it.
    public static boolean isZombie(ProcessHandle process) {
        String stat = read(proc(process, "stat"));
        return !stat.isEmpty() && state(stat) == 'Z';
    }

    /// SIGTERM.
    public void terminate() {
        stopped = processes();
        process.toHandle().destroy();
    }

    /// Any signal to the process that was started, by its name without SIG.
    public void signal(String name) throws IOException, InterruptedException {
        stopped = processes();
        signal(name, List.of(process.toHandle()));
    }

    /// Any signal to all its processes at once, as a terminal sends it.
    public void signalAll(String name) throws IOException, InterruptedException {
        stopped = processes();
        signal(name, stopped);
    }

    /// Any signal to some of its processes.
    public static void signal(String name, List<ProcessHandle> processes)
            throws IOException, InterruptedException {
        String pids = processes.stream().map(process -> " " + process.pid())
                .collect(Collectors.joining());
        // The shell's own kill: not every system has /bin/kill.
        Process kill = new ProcessBuilder("sh", "-c", "kill -" + name + pids).start();
        assertThat(kill.waitFor()).as("kill -%s%s", name, pids).isZero();
    }

    /// The same to those that have not ended by themselves meanwhile.
    public static void signalThoseLeft(String name, List<ProcessHandle> processes)
            throws IOException, InterruptedException {
        for (ProcessHandle process : processes) {
            int code = new ProcessBuilder("sh", "-c", "kill -" + name + " " + process.pid())
                    .redirectErrorStream(true)
                    .start()
                    .waitFor();
            assertThat(code == 0 || isGone(process)).as("kill -%s %s", name, process).isTrue();
        }
    }

    /// Waits until no signal is on its way. Two that wait together are one: the kernel
    /// keeps no count.
    public void awaitSignalDelivered() {
        Pattern none = Pattern.compile("(?m)^ShdPnd:\\s+0+$");
        await("the signal to be delivered").atMost(PATIENCE)
                .until(() -> none.matcher(read(proc(process.toHandle(), "status"))).find());
    }

    /// Whether this JVM was started with SIGINT ignored, as a shell starts what runs in its
    /// background, and so whatever it starts. The server honours that.
    public static boolean ignoresInterrupt() {
        return ignores(SIGINT);
    }

    /// The same of SIGHUP, as nohup starts programs.
    public static boolean ignoresHangup() {
        return ignores(SIGHUP);
    }

    private static boolean ignores(int signal) {
        Matcher ignored = IGNORED_SIGNALS.matcher(read(Path.of("/proc/self/status")));
        assertThat(ignored.find()).as("SigIgn").isTrue();
        return ((Long.parseUnsignedLong(ignored.group(1), 16) >> (signal - 1)) & 1) != 0;
    }

    /// SIGSTOP, and waits until every thread has stopped. Connections pile up in the
    /// backlog then, as they do while a busy server is elsewhere.
    public void freeze() throws IOException, InterruptedException {
        freeze(List.of(process.toHandle())); // first who could start others
        freeze(processes());
    }

    private static void freeze(List<ProcessHandle> processes)
            throws IOException, InterruptedException {
        signal("STOP", processes);
        await("all threads stopped").atMost(PATIENCE)
                .until(() -> processes.stream()
                        .filter(each -> !isGone(each)) // one that ended before it heard of it
                        .flatMap(each -> tasks(each, "stat").stream())
                        .allMatch(ServerProcess::isStopped));
    }

    /// SIGCONT.
    public void thaw() throws IOException, InterruptedException {
        signal("CONT", processes());
    }

    /// Waits for its end, for the last of its output, and for the end of whatever it had
    /// started when it was told to stop.
    ///
    /// @return the exit code
    public int awaitExit(Duration most) throws InterruptedException {
        assertThat(process.waitFor(most.toMillis(), TimeUnit.MILLISECONDS))
                .as("ended within %s; stdout %s, stderr %s", most, out, err)
                .isTrue();
        await("no process left").atMost(PATIENCE)
                .until(() -> stopped.stream().allMatch(ServerProcess::isGone));
        join();
        return process.exitValue();
    }

    /// SIGTERM, and waits for an end as it should be: exit 0, and nothing ever said on
    /// stderr.
    public void stopQuietly() throws InterruptedException {
        terminate();
        assertThat(awaitExit(PATIENCE)).as("exit code").isZero();
        assertThat(err).as("stderr").isEmpty();
    }

    /// Waits for the end that a stop must have: in time, with exit code 0, nothing said on stderr,
    /// and so many connections counted.
    public void expectQuietEnd(int connections) throws InterruptedException {
        assertThat(awaitExit(PROMPT)).isZero();
        assertThat(err).isEmpty();
        assertThat(distributionSum()).isEqualTo(connections);
    }

    /// How many connections its distribution names, all workers together. After its end.
    public long distributionSum() {
        return distribution().stream().mapToLong(Share::connections).sum();
    }

    /// What a worker has done.
    ///
    /// @param worker its number
    /// @param pid of its process
    /// @param connections that it has served
    public record Share(int worker, long pid, long connections) {}

    /// How many connections each worker served, as the server prints it at its end.
    public List<Share> distribution() {
        List<Share> shares = out.stream()
                .map(WORKER::matcher)
                .filter(Matcher::matches)
                .map(line -> new Share(
                        Integer.parseInt(line.group(1)),
                        Long.parseLong(line.group(2)),
                        Long.parseLong(line.group(3))))
                .toList();
        assertThat(shares).as("lines of the distribution in %s", out).isNotEmpty();
        return shares;
    }

    /// Writes a line to its standard input: see `--control`.
    public void tell(String line) throws IOException {
        Writer in = process.outputWriter(StandardCharsets.UTF_8);
        in.write(line + "\n");
        in.flush();
    }

    /// Ends its standard input.
    public void endInput() throws IOException {
        process.getOutputStream().close();
    }

    /// The number of descriptors that all its processes hold together.
    public int descriptors() {
        return processes().stream().mapToInt(process -> openDescriptors(process).size()).sum();
    }

    /// The numbers of the descriptors that the process that was started holds.
    public List<Integer> openDescriptors() {
        return openDescriptors(process.toHandle());
    }

    /// The numbers of those on which the process that was started listens.
    public List<Integer> listeningDescriptors() {
        // See [#connection]. 0A is LISTEN.
        Pattern line = Pattern.compile(
                String.format(
                        " [0-9A-F]+:%04X [0-9A-F]+:0000 0A \\w{8}:\\w{8} \\S+ \\S+ +\\d+ +\\d+ (\\d+)",
                        port));
        Set<Path> listening = Stream.of("/proc/net/tcp", "/proc/net/tcp6")
                .flatMap(file -> line.matcher(read(Path.of(file))).results())
                .map(result -> Path.of("socket:[" + result.group(1) + "]"))
                .collect(Collectors.toSet());
        return descriptorFiles(process.toHandle()).stream()
                .filter(file -> listening.contains(target(file)))
                .map(file -> Integer.valueOf(file.getFileName().toString()))
                .toList();
    }

    /// The numbers of the descriptors that a process holds.
    public static List<Integer> openDescriptors(ProcessHandle process) {
        return descriptorFiles(process).stream()
                .map(entry -> Integer.valueOf(entry.getFileName().toString()))
                .toList();
    }

    private static List<Path> descriptorFiles(ProcessHandle process) {
        try (Stream<Path> entries = Files.list(proc(process, "fd"))) {
            return entries.toList();
        } catch (IOException | UncheckedIOException e) {
            if (isGone(process)) {
                return List.of();
            }
            throw new AssertionError("descriptors of " + process.pid(), e);
        }
    }

    /// The worker that holds this client's connection.
    public ProcessHandle workerOf(Client client) {
        Path socket = Path.of("socket:[" + connection(client).inode + "]");
        List<ProcessHandle> holders = workers().stream()
                .filter(worker -> descriptorFiles(worker).stream()
                        .anyMatch(file -> socket.equals(target(file))))
                .toList();
        assertThat(holders).as("who holds %s", socket).hasSize(1);
        return holders.getFirst();
    }

    private static Path target(Path link) {
        try {
            return Files.readSymbolicLink(link);
        } catch (IOException closed) {
            return link;
        }
    }

    /// The soft limit on its descriptors.
    public long softDescriptorLimit() {
        return descriptorLimit(proc(process.toHandle(), "limits"), 1);
    }

    /// The hard limit on descriptors of this JVM and of whatever it starts.
    public static long hardDescriptorLimit() {
        return descriptorLimit(Path.of("/proc/self/limits"), 2);
    }

    private static long descriptorLimit(Path limits, int column) {
        Matcher matcher = DESCRIPTOR_LIMITS.matcher(read(limits));
        assertThat(matcher.find()).as("%s", limits).isTrue();
        String limit = matcher.group(column);
        return limit.equals("unlimited") ? Long.MAX_VALUE : Long.parseLong(limit);
    }

    /// CPU time that its processes have spent so far, user and system, in ticks: see
    /// [#TICKS_PER_SECOND].
    public long cpuTicks() {
        long ticks = 0;
        for (ProcessHandle each : processes()) {
            // proc_pid_stat(5): field 2 is the name in brackets; utime and stime are 14 and 15,
            // those of children that have ended 16 and 17.
            Matcher times = CPU_TIMES.matcher(read(proc(each, "stat")));
            if (times.find()) {
                for (int i = 1; i <= 4; i++) {
                    ticks += Long.parseLong(times.group(i));
                }
            }
        }
        return ticks;
    }

    /// Context switches so far of all threads that still live, both kinds.
    public long contextSwitches() {
        return processes().stream()
                .flatMap(each -> tasks(each, "status").stream())
                .flatMap(status -> SWITCHES.matcher(status).results())
                .mapToLong(result -> Long.parseLong(result.group(1)))
                .sum();
    }

    /// Resident memory of all its processes in KiB. What they share counts once.
    public long residentKib() {
        return processes().stream()
                .flatMap(each -> PSS.matcher(read(proc(each, "smaps_rollup"))).results())
                .mapToLong(result -> Long.parseLong(result.group(1)))
                .sum();
    }

    /// Waits until the server has read all that this client has sent so far.
    public void awaitRead(Client client) {
        await("the server to read").atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(2))
                .pollDelay(Duration.ZERO)
                .until(() -> connection(client).unread == 0);
    }

    /// The server's end of a connection, as `/proc/net` tells.
    ///
    /// @param unread bytes that wait in the kernel for the server to read them
    /// @param inode what `/proc/PID/fd` calls it; 0 before it is accepted
    private record Connection(long unread, long inode) {}

    private Connection connection(Client client) {
        // proc_pid_net(5): "sl: LOCAL:PORT REMOTE:PORT st TX_QUEUE:RX_QUEUE tr:tm->when retrnsmt
        // uid timeout inode". The JDK listens with an IPv6 socket on IPv4 addresses too: those
        // connections are in the other file.
        Pattern line = Pattern.compile(
                String.format(
                        "0100007F:%04X [0-9A-F]*0100007F:%04X \\w\\w \\w{8}:(\\w{8})"
                                + " \\S+ \\S+ +\\d+ +\\d+ (\\d+)",
                        port,
                        client.localPort()));
        for (String file : List.of("/proc/net/tcp", "/proc/net/tcp6")) {
            Matcher matcher = line.matcher(read(Path.of(file)));
            if (matcher.find()) {
                return new Connection(
                        Long.parseLong(matcher.group(1), 16), Long.parseLong(matcher.group(2)));
            }
        }
        throw new AssertionError("no connection from port " + client.localPort());
    }

    /// proc_pid_stat(5): a letter, after the name in parentheses.
    private static char state(String stat) {
        return stat.charAt(stat.lastIndexOf(')') + 2);
    }

    private static boolean isStopped(String stat) {
        return stat.isEmpty() || state(stat) == 'T';
    }

    private static List<String> tasks(ProcessHandle process, String file) {
        try (Stream<Path> tasks = Files.list(proc(process, "task"))) {
            return tasks.map(task -> read(task.resolve(file))).toList();
        } catch (NoSuchFileException ended) {
            return List.of();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path proc(ProcessHandle process, String file) {
        return Path.of("/proc", Long.toString(process.pid()), file);
    }

    private static String read(Path file) {
        try {
            return Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (NoSuchFileException ended) {
            return "";
        } catch (IOException e) {
            if (String.valueOf(e.getMessage()).endsWith(NO_SUCH_PROCESS)) {
                return ""; // it ended after the file was opened
            }
            throw new UncheckedIOException(e);
        }
    }

    /// Not a virtual thread: while it waits in read(2) it keeps a carrier, of which there are as
    /// many as processors. The pumps of one server could then starve those of the next.
    private static Thread pump(InputStream from, List<String> to) {
        return Thread.ofPlatform().daemon().start(() -> {
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

    /// By SIGKILL, which ends a frozen process too.
    private void kill() {
        List<ProcessHandle> left = processes();
        process.destroyForcibly();
        left.forEach(ProcessHandle::destroyForcibly);
    }

    @Override
    public void close() {
        kill();
        OPEN.remove(this);
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        join();
    }
}
