// SPDX-License-Identifier: MIT
package csdesign.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// `./csdesign` in a checkout of its own, with a Maven and a JDK that are scripts: they note how they are called, and the
/// Maven waits where the test lets it. So no test builds or starts a JVM.
@Timeout(60)
class LauncherIT {
    /// Prints what it is started with; makes an archive where it is asked for one.
    private static final String JAVA = """
            #!/bin/sh
            for word; do
                case $word in -XX:ArchiveClassesAtExit=*) echo archive >"${word#*=}"; exit ;; esac
                printf '%s\\n' "$word"
            done
            echo "LC_ALL=$LC_ALL"
            """;

    /// Writes half a jar, waits while there is a gate, and writes the other half: the last record of an empty zip file.
    private static final String MAVEN = """
            #!/bin/sh
            echo $$ >>"$CHECKOUT/built"
            for word; do
                case $word in -Dcsdesign.jar.name=*) jar=$CHECKOUT/cli/target/${word#*=} ;; esac
            done
            printf half >"$jar"
            while [ -e "$CHECKOUT/gate" ]; do sleep 0.05; done
            [ ! -e "$CHECKOUT/fails" ] || { echo 'X.java: no such symbol'; exit 1; }
            printf 'PK\\005\\006\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0' >"$jar"
            """;

    @TempDir
    private Path folder;

    private Path checkout;
    private Path jar;
    private Path source;
    private final List<Process> started = new ArrayList<>();

    @BeforeEach
    void makeCheckout() throws IOException {
        checkout = Files.createDirectory(folder.resolve("a b"));
        source = checkout.resolve("core/src/main/java/X.java");
        Files.createDirectories(source.getParent());
        Files.writeString(source, "class X {}");
        Files.copy(home().resolve("csdesign"), checkout.resolve("csdesign"),
                StandardCopyOption.COPY_ATTRIBUTES);
        jar = checkout.resolve("cli/target/csdesign.jar");
        script("jdk/bin/java", JAVA);
        script("jdk/bin/javac", "#!/bin/sh\n");
        Files.writeString(folder.resolve("jdk/release"), "JAVA_VERSION=\"25.0.1\"\n");
        script("bin/mvn", MAVEN);
    }

    @AfterEach
    void endAll() throws IOException {
        Files.deleteIfExists(checkout.resolve("gate"));
        for (Process process : started) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }

    private static Path home() {
        return Path.of(System.getProperty("csdesign.home"));
    }

    private void script(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
        assertThat(file.toFile().setExecutable(true)).isTrue();
    }

    /// A system that has what the launcher needs, and no more: no flock(1).
    private String minimalPath() throws IOException {
        for (String command : List.of(
                "readlink", "dirname", "locale", "grep", "head", "tail", "iconv", "find", "cat",
                "cksum", "tr", "ls", "xargs", "rm", "mv", "ln", "touch", "mkdir", "sleep", "ps",
                "sh", "bash", "busybox")) {
            script("minimal/" + command,
                    "#!/bin/sh\nPATH=" + PATH + " exec " + command + " \"$@\"\n");
        }
        return folder.resolve("minimal").toString();
    }

    private static final String PATH = "/usr/bin:/bin";

    private Process start(String path, Map<String, String> variables, String... words)
            throws IOException {
        ProcessBuilder builder = new ProcessBuilder(words).directory(folder.toFile());
        builder.environment().clear();
        builder.environment().putAll(
                Map.of(
                        "PATH", folder.resolve("bin") + ":" + path, "HOME", folder.toString(),
                        "JAVA_HOME", folder.resolve("jdk").toString(),
                        "CHECKOUT", checkout.toString()));
        builder.environment().putAll(variables);
        int number = started.size();
        builder.redirectOutput(folder.resolve("out" + number).toFile())
                .redirectError(folder.resolve("err" + number).toFile());
        started.add(builder.start());
        return started.getLast();
    }

    private Process start() throws IOException {
        return start(PATH, Map.of(), launcher());
    }

    private String launcher() {
        return checkout.resolve("csdesign").toString();
    }

    private String said(Process process, String where) throws IOException {
        return Files.readString(folder.resolve(where + started.indexOf(process)));
    }

    private void assertEnds(int code, Process process) throws Exception {
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue())
                .as("%s%s", said(process, "out"), said(process, "err")).isEqualTo(code);
    }

    private List<String> builds() throws IOException {
        Path built = checkout.resolve("built");
        return Files.exists(built) ? Files.readAllLines(built) : List.of();
    }

    private void awaitBuilds(int count) {
        await().atMost(Duration.ofSeconds(20)).until(() -> builds().size() == count);
    }

    private void awaitWaits(Process process) {
        await().atMost(Duration.ofSeconds(20))
                .until(() -> said(process, "err").contains("waits for another build"));
    }

    @ParameterizedTest
    @CsvSource({"sh, false", "sh, true", "bash, true", "busybox, true"})
    void shouldBuildOnceWhenSeveralStartTogether(String shell, boolean minimal) throws Exception {
        assumeTrue(Files.exists(Path.of("/bin", shell)), shell + " is not installed");
        String[] words = shell.equals("busybox")
                ? new String[] {"busybox", "sh", launcher()}
                : new String[] {shell, launcher()};
        String path = minimal ? minimalPath() : PATH;
        Path gate = Files.createFile(checkout.resolve("gate"));
        Process first = start(path, Map.of(), words);
        awaitBuilds(1);
        Process second = start(path, Map.of(), words);
        Process third = start(path, Map.of(), words);
        awaitWaits(second);
        awaitWaits(third);
        assertThat(jar).as("half a jar").doesNotExist();
        Files.delete(gate);
        for (Process each : List.of(first, second, third)) {
            assertEnds(0, each);
            assertThat(said(each, "out").lines()).containsSequence("-jar", jar.toString());
        }
        assertThat(builds()).hasSize(1);
        assertEnds(0, start(path, Map.of(), words));
        assertThat(builds()).as("a jar that is newer than all sources").hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldBuildAgainAfterABuildThatWasKilled(boolean minimal) throws Exception {
        String path = minimal ? minimalPath() : PATH;
        Path gate = Files.createFile(checkout.resolve("gate"));
        Process killed = start(path, Map.of(), launcher());
        awaitBuilds(1);
        await().atMost(Duration.ofSeconds(20)).until(() -> killed.descendants().count() >= 1);
        long maven = Long.parseLong(builds().getFirst());
        killed.destroyForcibly().waitFor();

        // Its Maven lives, and writes into the folders that another build would write into.
        Process next = start(path, Map.of(), launcher());
        awaitWaits(next);
        assertThat(builds()).hasSize(1);
        ProcessHandle orphan = ProcessHandle.of(maven).orElseThrow();
        orphan.descendants().forEach(ProcessHandle::destroyForcibly);
        orphan.destroyForcibly();
        awaitBuilds(2);
        Files.delete(gate);
        assertEnds(0, next);
    }

    @Test
    void shouldEndItsMavenWhenItIsInterrupted() throws Exception {
        Path gate = Files.createFile(checkout.resolve("gate"));
        Process broken = start();
        awaitBuilds(1);
        ProcessHandle maven = ProcessHandle.of(Long.parseLong(builds().getFirst())).orElseThrow();
        broken.destroy();
        assertEnds(143, broken);
        assertThat(maven.isAlive()).isFalse();
        assertThat(jar).doesNotExist();
        Files.delete(gate);
        assertEnds(0, start());
    }

    @Test
    void shouldSayWhyABuildFailedAndKeepNothingOfIt() throws Exception {
        Files.createFile(checkout.resolve("fails"));
        Process failed = start();
        assertEnds(1, failed);
        assertThat(said(failed, "err")).contains("X.java: no such symbol");
        assertThat(jar).doesNotExist();
        Files.delete(checkout.resolve("fails"));
        assertEnds(0, start());
    }

    @Test
    void shouldNotRunAJarThatIsCutShort() throws Exception {
        Files.createDirectories(checkout.resolve("cli/target"));
        Files.writeString(jar, "PK half a jar, as an interrupted mvn package leaves it");
        assertEnds(0, start());
        assertThat(builds()).hasSize(1);
    }

    @Test
    void shouldBuildAgainWhenASourceChangedWhileItWasBuilt() throws Exception {
        Path gate = Files.createFile(checkout.resolve("gate"));
        Process first = start();
        awaitBuilds(1);
        Files.setLastModifiedTime(source, FileTime.fromMillis(System.currentTimeMillis() + 5));
        Files.delete(gate);
        assertEnds(0, first);
        assertEnds(0, start());
        assertThat(builds()).hasSize(2);
    }

    @Test
    void shouldRunTheJarBesideItHoweverItIsCalled() throws Exception {
        assertEnds(0, start());
        Path link = Files.createSymbolicLink(folder.resolve("bin/linked"), Path.of(launcher()));
        for (List<String> words : List.of(
                List.of("./a b/csdesign"), List.of(link.toString()),
                List.of("sh", "-c", "cd 'a b/core' && ../csdesign"),
                List.of("sh", "-c", "linked"), List.of("sh", "-c", "cd / && CDPATH=/tmp linked"))) {
            Process process = start(PATH, Map.of(), words.toArray(String[]::new));
            assertEnds(0, process);
            assertThat(said(process, "out").lines()).as("%s", words)
                    .containsSequence("-jar", jar.toString());
        }
        assertThat(builds()).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"schön", "a $HOME `id` 'q' \"d\" \\ *?", "-x", "two\nlines\n",
            "target"})
    void shouldRunFromAFolderOfAnyName(String name) throws Exception {
        checkout = Files.move(checkout, folder.resolve(name));
        jar = checkout.resolve("cli/target/csdesign.jar");
        for (String locale : List.of("C", "", "xx_XX.UTF-8")) {
            Process process = start(PATH, Map.of("LC_ALL", locale), launcher(), "a b", "$c");
            assertEnds(0, process);
            assertThat(said(process, "out")).contains("-jar\n" + jar + "\na b\n$c\n")
                    .endsWith("LC_ALL=C.UTF-8\n");
        }
        assertThat(builds()).hasSize(1);
    }

    @Test
    void shouldSayToAnOlderJavaWhatIsNeeded() throws Exception {
        byte[] start;
        try (InputStream in = Objects
                .requireNonNull(Start.class.getResourceAsStream("Start.class"))) {
            start = in.readAllBytes();
        }
        int major = ByteBuffer.wrap(start).getShort(6); // JVMS 4.1
        assertThat(major).as("the class file's version: that of Java 11").isEqualTo(55);
        Process process = start(
                // The jar's own path may not be ASCII.
                PATH, Map.of("LC_ALL", "C.UTF-8"), "sh", "-c",
                "for java in /usr/lib/jvm/*1[1-9]*/bin/java; do exec \"$java\" -jar \"$0\"; done",
                System.getProperty("csdesign.jar"));
        process.waitFor();
        assumeTrue(process.exitValue() == 1, "no older JDK is installed where Debian puts it");
        assertThat(said(process, "err")).contains("needs Java 25 or newer, and this is Java 1")
                .hasLineCount(1);
    }

    @Test
    void shouldSayWhatNoJavaCanRunFrom() throws Exception {
        checkout = Files.move(checkout, folder.resolve("a:b"));
        Process process = start();
        assertEnds(1, process);
        assertThat(said(process, "err")).contains("':'").hasLineCount(1);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "JAVA_TOOL_OPTIONS | -XX:+UseG1GC | -XX:+UseSerialGC",
            "JDK_JAVA_OPTIONS | -XX:+UseZGC | -XX:+UseSerialGC",
            "_JAVA_OPTIONS | -XX:Flags=some | -XX:+UseSerialGC",
            "JDK_JAVA_OPTIONS | @some | -XX:+UseSerialGC",
            "JAVA_TOOL_OPTIONS | -XX:AOTCache=a.aot | -Xshare:auto",
            "JAVA_TOOL_OPTIONS | -Xshare:off | -Xshare:auto",
            "JAVA_TOOL_OPTIONS | -XX:ArchiveClassesAtExit=a.jsa | -Xshare:auto",
            "JAVA_TOOL_OPTIONS | -Xlog:gc:file=gc.log | -Xlog:disable",
            "JAVA_TOOL_OPTIONS | -XX:TieredStopAtLevel=3 | -XX:TieredStopAtLevel=1",
            "JAVA_TOOL_OPTIONS | -XX:+UsePerfData | -XX:-UsePerfData"
    })
    void shouldYieldToWhatTheUserSetForEveryJvm(String variable, String theirs, String ours)
            throws Exception {
        Process plain = start();
        assertEnds(0, plain);
        assertThat(said(plain, "out").lines()).contains(ours);
        Process process = start(PATH, Map.of(variable, "-Da=1 " + theirs), launcher());
        assertEnds(0, process);
        assertThat(said(process, "out").lines()).doesNotContain(ours).contains("-jar");
    }

    @Test
    void shouldKeepQuietAboutItsArchiveBesideALogOfTheUsers() throws Exception {
        Process process = start(PATH, Map.of("JAVA_TOOL_OPTIONS", "-Xlog:gc:gc.log"), launcher());
        assertEnds(0, process);
        assertThat(said(process, "out").lines()).contains("-Xlog:cds=off", "-Xlog:aot=off");
    }

    @Test
    void shouldKeepOneArchiveForEachJarPlaceAndJdkAndFewOfThem() throws Exception {
        assertEnds(0, start());
        Path first = archives(checkout.resolve("cli/target")).getFirst();
        FileTime made = Files.getLastModifiedTime(first);
        assertThat(made).isEqualTo(Files.getLastModifiedTime(jar));
        assertEnds(0, start());
        assertThat(archives(checkout.resolve("cli/target"))).containsExactly(first);

        Files.writeString(first, "that of another jar");
        Files.setLastModifiedTime(first, FileTime.fromMillis(made.toMillis() + 5_000));
        assertEnds(0, start());
        assertThat(first).hasContent("archive");

        for (int version = 2; version < 9; version++) {
            Files.writeString(folder.resolve("jdk/release"),
                    "JAVA_VERSION=\"25.0." + version + "\"\n");
            Process process = start();
            assertEnds(0, process);
            assertThat(said(process, "out")).doesNotContain(first.toString());
        }
        assertThat(archives(checkout.resolve("cli/target"))).hasSize(4);
        checkout = Files.move(checkout, folder.resolve("moved"));
        jar = checkout.resolve("cli/target/csdesign.jar");
        List<Path> before = archives(checkout.resolve("cli/target"));
        Process moved = start();
        assertEnds(0, moved);
        List<Path> added = new ArrayList<>(archives(checkout.resolve("cli/target")));
        added.removeAll(before);
        assertThat(added).as("an archived class tells where its jar lay").hasSize(1);
        assertThat(said(moved, "out").lines())
                .contains("-XX:SharedArchiveFile=" + added.getFirst());
    }

    private static List<Path> archives(Path where) throws IOException {
        try (Stream<Path> files = Files.list(where)) {
            return files.filter(file -> file.toString().contains(".jsa")).toList();
        }
    }

    /// As a user who cannot write into the checkout: root can, and becomes another one.
    private Process startWithoutWriting(Map<String, String> variables) throws Exception {
        List<String> words = new ArrayList<>();
        if ("root".equals(System.getProperty("user.name"))) {
            assumeTrue(Files.exists(Path.of("/usr/bin/setpriv")),
                    "root needs setpriv to be a user");
            words.addAll(List.of("setpriv", "--reuid=12345", "--regid=12345", "--clear-groups"));
        }
        run("chmod", "a+rx", folder.toString());
        run("chmod", "-R", "a+rX", folder + "/jdk", folder + "/bin");
        run("chmod", "-R", "a+rX,a-w", checkout.toString());
        words.add(launcher());
        Process process = start(PATH, variables, words.toArray(String[]::new));
        process.waitFor();
        run("chmod", "-R", "u+w", checkout.toString());
        return process;
    }

    private static void run(String... words) throws Exception {
        assertThat(new ProcessBuilder(words).start().waitFor()).as("%s", List.of(words)).isZero();
    }

    @Test
    void shouldKeepTheArchiveInTheUsersCacheWhenTheCheckoutCannotBeWritten() throws Exception {
        assertEnds(0, start());
        for (Path archive : archives(checkout.resolve("cli/target"))) {
            Files.delete(archive);
        }
        Path cache = Files.createDirectory(folder.resolve("cache"));
        run("chmod", "777", cache.toString());
        Map<String, String> variables = Map.of("XDG_CACHE_HOME", cache.toString());
        for (int i = 0; i < 2; i++) {
            Process process = startWithoutWriting(variables);
            assertEnds(0, process);
            Path ours = cache.resolve("csdesign");
            assertThat(said(process, "out"))
                    .contains("-XX:SharedArchiveFile=" + ours + "/csdesign-");
            assertThat(archives(ours)).hasSize(1);
            assertThat(Files.getPosixFilePermissions(ours)).as("private").hasSize(3);
            assertThat(said(process, "err")).isEmpty();
        }
        run("rm", "-r", cache.resolve("csdesign").toString());

        Process nowhere = startWithoutWriting(Map.of("XDG_CACHE_HOME", "/proc/nowhere"));
        assertEnds(0, nowhere);
        assertThat(said(nowhere, "err")).isEmpty();
    }

    @Test
    void shouldSayInOneSentenceWhatCannotBeBuilt() throws Exception {
        Process missing = startWithoutWriting(Map.of());
        assertEnds(1, missing);
        assertThat(said(missing, "err")).contains("not built yet", "cannot be written")
                .hasLineCount(1);

        assertEnds(0, start());
        Files.setLastModifiedTime(source, FileTime.fromMillis(System.currentTimeMillis() + 5));
        Process older = startWithoutWriting(Map.of("XDG_CACHE_HOME", "/proc/nowhere"));
        assertEnds(0, older);
        assertThat(said(older, "err")).contains("sources are newer", "the older build")
                .hasLineCount(1);
        assertThat(builds()).hasSize(1);
    }
}
