// SPDX-License-Identifier: MIT
package csdesign.posix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Every `int` constant of every class in `csdesign.posix`, by reflection, against what the C compiler makes of
/// the same name: a new constant is compared without a word here. What is no C name stands in [#EXPRESSIONS].
/// Each set of headers is a C file of its own, since some headers cannot be included together.
class CompilerViewTest {
    /// Where a class is more than the header of its name, or the constants of a class whose names begin alike
    /// are of another header.
    private static final Map<String, List<String>> HEADERS = Map.of(
            "LinuxTcp", List.of("linux/tcp.h"),
            "LinuxTcp.TCP_", List.of("netinet/tcp.h"),
            "NetpacketPacket", List.of("netpacket/packet.h", "net/ethernet.h", "sys/socket.h"),
            "SysIoctl", List.of("sys/ioctl.h", "net/if.h", "linux/sockios.h"),
            "SysPidfd", List.of("sys/syscall.h"), // <sys/pidfd.h> came with glibc 2.36
            "SysMman", List.of("sys/mman.h", "linux/mman.h"), // glibc learns of advice later
            "SysPoll", List.of("poll.h"),
            "SysSignalfd", List.of("sys/signalfd.h", "signal.h"),
            "SysSocket",
            List.of("sys/socket.h", "sys/uio.h", "netinet/in.h", "netinet/tcp.h",
                    "linux/sock_diag.h"),
            "SockAddr", List.of("netinet/in.h"));

    /// Constants of our own: sizes and offsets.
    private static final Map<String, String> EXPRESSIONS = Map.ofEntries(
            Map.entry("Fcntl.FLOCK_BYTES", "sizeof(struct flock)"),
            Map.entry("LinuxTcp.INFO_BYTES", // grows with the kernel: room for what is named
                    "offsetof(struct tcp_info, tcpi_bytes_sent) + 8 <= 256 ? 256 : -1"),
            Map.entry("LinuxTcp.TCPI_STATE", "offsetof(struct tcp_info, tcpi_state)"),
            Map.entry("LinuxTcp.TCPI_SND_MSS", "offsetof(struct tcp_info, tcpi_snd_mss)"),
            Map.entry("LinuxTcp.TCPI_UNACKED", "offsetof(struct tcp_info, tcpi_unacked)"),
            Map.entry("LinuxTcp.TCPI_SACKED", "offsetof(struct tcp_info, tcpi_sacked)"),
            Map.entry("LinuxTcp.TCPI_RTT", "offsetof(struct tcp_info, tcpi_rtt)"),
            Map.entry("LinuxTcp.TCPI_TOTAL_RETRANS",
                    "offsetof(struct tcp_info, tcpi_total_retrans)"),
            Map.entry("LinuxTcp.TCPI_SEGS_OUT", "offsetof(struct tcp_info, tcpi_segs_out)"),
            Map.entry("LinuxTcp.TCPI_SEGS_IN", "offsetof(struct tcp_info, tcpi_segs_in)"),
            Map.entry("LinuxTcp.TCPI_NOTSENT_BYTES",
                    "offsetof(struct tcp_info, tcpi_notsent_bytes)"),
            Map.entry("LinuxTcp.TCPI_DATA_SEGS_IN", "offsetof(struct tcp_info, tcpi_data_segs_in)"),
            Map.entry("LinuxTcp.TCPI_DATA_SEGS_OUT",
                    "offsetof(struct tcp_info, tcpi_data_segs_out)"),
            Map.entry("LinuxTcp.TCPI_BYTES_SENT", "offsetof(struct tcp_info, tcpi_bytes_sent)"),
            Map.entry("NetpacketPacket.SLL_FAMILY", "offsetof(struct sockaddr_ll, sll_family)"),
            Map.entry("NetpacketPacket.SLL_IFINDEX", "offsetof(struct sockaddr_ll, sll_ifindex)"),
            Map.entry("NetpacketPacket.SLL_PKTTYPE", "offsetof(struct sockaddr_ll, sll_pkttype)"),
            Map.entry("NetpacketPacket.SLL_PROTOCOL", "offsetof(struct sockaddr_ll, sll_protocol)"),
            Map.entry("NetpacketPacket.SOCKADDR_LL_BYTES", "sizeof(struct sockaddr_ll)"),
            Map.entry("Pthread.MUTEXATTR_BYTES", "sizeof(pthread_mutexattr_t)"),
            Map.entry("Pthread.MUTEX_BYTES", "sizeof(pthread_mutex_t)"),
            Map.entry("Signal.SA_FLAGS", "offsetof(struct sigaction, sa_flags)"),
            Map.entry("Signal.SA_MASK", "offsetof(struct sigaction, sa_mask)"),
            Map.entry("Signal.SIG_DFL", "(long) SIG_DFL"),
            Map.entry("Signal.SIG_IGN", "(long) SIG_IGN"),
            Map.entry("Signal.SIGACTION_BYTES", "sizeof(struct sigaction)"),
            Map.entry("Spawn.ATTR_BYTES", "sizeof(posix_spawnattr_t)"),
            Map.entry("Spawn.FILE_ACTIONS_BYTES", "sizeof(posix_spawn_file_actions_t)"),
            Map.entry("SysPidfd.SYS_PIDFD_GETFD", "SYS_pidfd_getfd"),
            Map.entry("SysPidfd.SYS_PIDFD_OPEN", "SYS_pidfd_open"),
            Map.entry("Time.TIMESPEC_BYTES", "sizeof(struct timespec)"),
            Map.entry("SockAddr.IN6_ADDR", "offsetof(struct sockaddr_in6, sin6_addr)"),
            Map.entry("SockAddr.IN6_BYTES", "sizeof(struct sockaddr_in6)"),
            Map.entry("SockAddr.IN6_SCOPE", "offsetof(struct sockaddr_in6, sin6_scope_id)"),
            Map.entry("SockAddr.IN_ADDR", "offsetof(struct sockaddr_in, sin_addr)"),
            Map.entry("SockAddr.IN_BYTES", "sizeof(struct sockaddr_in)"),
            Map.entry("Sched.CPU_SET_BYTES", "sizeof(cpu_set_t)"),
            Map.entry("SysEpoll.DATA_OFFSET", "offsetof(struct epoll_event, data)"),
            Map.entry("SysEpoll.EVENT_BYTES", "sizeof(struct epoll_event)"),
            Map.entry("SysIoctl.IFREQ_BYTES", "sizeof(struct ifreq)"),
            Map.entry("SysIoctl.IFR_FLAGS", "offsetof(struct ifreq, ifr_flags)"),
            Map.entry("SysIoctl.IFR_MTU", "offsetof(struct ifreq, ifr_mtu)"),
            Map.entry("SysPoll.POLLFD_BYTES", "sizeof(struct pollfd)"),
            Map.entry("SysResource.RLIMIT_BYTES", "sizeof(struct rlimit)"),
            Map.entry("SysResource.RUSAGE_BYTES", "sizeof(struct rusage)"),
            Map.entry("SysResource.RU_MAXRSS", "offsetof(struct rusage, ru_maxrss)"),
            Map.entry("SysResource.RU_NIVCSW", "offsetof(struct rusage, ru_nivcsw)"),
            Map.entry("SysResource.RU_NVCSW", "offsetof(struct rusage, ru_nvcsw)"),
            Map.entry("SysResource.RU_STIME", "offsetof(struct rusage, ru_stime)"),
            Map.entry("SysResource.RU_UTIME", "offsetof(struct rusage, ru_utime)"),
            Map.entry("SysSelect.FD_SET_BYTES", "sizeof(fd_set)"),
            Map.entry("SysSignalfd.SIGINFO_BYTES", "sizeof(struct signalfd_siginfo)"),
            Map.entry("SysSignalfd.SIGSET_BYTES", "sizeof(sigset_t)"),
            Map.entry("SysSocket.IOVEC_BYTES", "sizeof(struct iovec)"),
            Map.entry("SysSocket.MEMINFO_BYTES", "SK_MEMINFO_VARS * sizeof(__u32)"),
            Map.entry("SysSocket.MEMINFO_DROPS", "SK_MEMINFO_DROPS * sizeof(__u32)"),
            Map.entry("SysSocket.MSGHDR_BYTES", "sizeof(struct msghdr)"));

    /// Constants that are room enough on either architecture, and what each one needs of it.
    private static final Map<String, Map<Arch, Integer>> ROOM = Map.of(
            "Pthread.MUTEX_BYTES", Map.of(Arch.X86_64, 40, Arch.AARCH64, 48),
            "Pthread.MUTEXATTR_BYTES", Map.of(Arch.X86_64, 4, Arch.AARCH64, 8));

    /// The headers that [#TAKEN_FOR_GRANTED] speaks of.
    private static final List<String> HEADERS_FOR_GRANTED = List.of(
            "errno.h", "fcntl.h", "linux/filter.h", "netinet/in.h", "poll.h", "signal.h",
            "sys/epoll.h", "sys/resource.h", "sys/select.h", "sys/socket.h", "sys/time.h",
            "sys/uio.h", "sys/wait.h", "time.h", "unistd.h");

    /// Offsets and sizes that accessors of the package, or structs written by hand in `kit`, take for granted.
    private static final Map<String, Integer> TAKEN_FOR_GRANTED = Map.ofEntries(
            Map.entry("offsetof(struct epoll_event, events)", 0),
            Map.entry("sizeof(((struct epoll_event *) 0)->data)", 8),
            Map.entry("offsetof(struct sockaddr_in, sin_family)", 0),
            Map.entry("offsetof(struct sockaddr_in, sin_port)", 2),
            Map.entry("offsetof(struct sockaddr_in6, sin6_family)", 0),
            Map.entry("offsetof(struct sockaddr_in6, sin6_port)", 2),
            Map.entry("sizeof(fd_mask)", 8),
            Map.entry("offsetof(struct timeval, tv_usec)", 8),
            Map.entry("sizeof(struct timeval)", 16),
            Map.entry("offsetof(struct rlimit, rlim_max)", 8),
            Map.entry("offsetof(struct iovec, iov_len)", 8),
            Map.entry("offsetof(struct msghdr, msg_iov)", 16),
            Map.entry("offsetof(struct msghdr, msg_iovlen)", 24),
            Map.entry("offsetof(struct msghdr, msg_control)", 32),
            Map.entry("offsetof(struct msghdr, msg_controllen)", 40),
            Map.entry("sizeof(struct sock_filter)", 8),
            Map.entry("sizeof(struct sock_fprog)", 16),
            Map.entry("offsetof(struct sock_fprog, filter)", 8),
            Map.entry("BPF_RET | BPF_K", 6),
            Map.entry("offsetof(struct sigaction, sa_handler)", 0),
            Map.entry("sizeof(((struct sigaction *) 0)->sa_mask)", SysSignalfd.SIGSET_BYTES),
            Map.entry("offsetof(struct timespec, tv_sec)", 0),
            Map.entry("offsetof(struct timespec, tv_nsec)", 8),
            Map.entry("sizeof(((struct timespec *) 0)->tv_sec)", 8),
            Map.entry("sizeof(clockid_t)", 4),
            Map.entry("sizeof(pid_t)", 4),
            Map.entry("sizeof(off_t)", 8),
            Map.entry("offsetof(struct flock, l_type)", 0),
            Map.entry("sizeof(((struct flock *) 0)->l_type)", 2),
            Map.entry("SEEK_SET", 0), // zeros in a struct flock are the whole file
            Map.entry("offsetof(struct cmsghdr, cmsg_len)", 0),
            Map.entry("sizeof(((struct cmsghdr *) 0)->cmsg_len)", 8),
            Map.entry("offsetof(struct cmsghdr, cmsg_level)", 8),
            Map.entry("offsetof(struct cmsghdr, cmsg_type)", 12),
            Map.entry("CMSG_LEN(0)", 16),
            Map.entry("CMSG_LEN(sizeof(int))", 20),
            Map.entry("CMSG_SPACE(sizeof(int))", 24),
            Map.entry("WTERMSIG(15)", 15), // as SysWait.describe takes a status apart
            Map.entry("WTERMSIG(15 | 0x80)", 15), // with a core dump
            Map.entry("WIFEXITED(7 << 8) && !WIFEXITED(15)", 1),
            Map.entry("WEXITSTATUS(7 << 8)", 7),
            Map.entry("EAGAIN == EWOULDBLOCK", 1));

    @TempDir
    Path folder;

    @Test
    void shouldHaveEveryConstantTheValueThatTheCompilerSees() throws Exception {
        Map<String, Integer> ours = constants();
        assertThat(ours).as("constants found by reflection").hasSizeGreaterThan(120);
        ROOM.forEach((name, needed) -> assertThat(ours.put(name, needed.get(Arch.current())))
                .as(name).isEqualTo(Collections.max(needed.values())));

        Map<List<String>, StringBuilder> prints = new LinkedHashMap<>();
        ours.forEach((name, _) -> prints.computeIfAbsent(headers(name), _ -> new StringBuilder())
                .append("  printf(\"%s=%%d\\n\", (int) (%s));\n"
                        .formatted(name, expression(name))));
        assertThat(prints).as("sets of headers").hasSizeGreaterThan(15);
        Map<String, Integer> theirs = new TreeMap<>();
        for (String line : compileAndRun(prints)) {
            String[] pair = line.split("=", 2);
            theirs.put(pair[0], Integer.parseInt(pair[1]));
        }

        assertThat(ours).isEqualTo(theirs);
    }

    @Test
    void shouldLayOutStructsAsTheCompilerDoes() throws Exception {
        Map<String, Integer> ours = new LinkedHashMap<>(TAKEN_FOR_GRANTED);
        for (String member : List.of("fd", "events", "revents")) {
            ours.put("offsetof(struct pollfd, " + member + ")",
                    (int) SysPoll.POLLFD.byteOffset(PathElement.groupElement(member)));
        }
        ours.put("sizeof(struct pollfd)", (int) SysPoll.POLLFD.byteSize());

        StringBuilder prints = new StringBuilder();
        ours.forEach((expression, _) -> prints.append("  printf(\"%%d:%s\\n\", (int) (%s));\n"
                .formatted(expression, expression).replace("%%", "%")));
        Map<String, Integer> theirs = new LinkedHashMap<>();
        for (String line : compileAndRun(Map.of(HEADERS_FOR_GRANTED, prints))) {
            String[] pair = line.split(":", 2);
            theirs.put(pair[1], Integer.parseInt(pair[0]));
        }

        assertThat(ours).isEqualTo(theirs);
    }

    @Test
    void shouldNameAndDescribeErrorsAsTheCLibraryDoes() throws Exception {
        Map<String, Integer> errors = constants();
        errors.keySet().removeIf(name -> !name.startsWith("Errno."));

        StringBuilder prints = new StringBuilder();
        errors.forEach((name, _) -> {
            String symbol = name.substring("Errno.".length());
            prints.append("  printf(\"%s=%%s\\n\", strerror(%s));\n".formatted(symbol, symbol));
        });
        prints.append("  printf(\"errno 999=%s\\n\", strerror(999));\n");
        prints.append("#ifdef __GLIBC__\n  puts(\"glibc=yes\");\n#endif\n");
        List<String> theirs = compileAndRun(Map.of(List.of("errno.h"), prints));
        assumeTrue(theirs.contains("glibc=yes"), "this C library is not glibc: its texts differ");

        List<String> ours = new ArrayList<>();
        errors.forEach(
                (_, number) -> ours.add(Errno.name(number) + "=" + Errno.description(number)));
        ours.add(Errno.name(999) + "=" + Errno.description(999));
        ours.add("glibc=yes");
        assertThat(ours).containsExactlyElementsOf(theirs);
    }

    /// Compiled, never run: works for the architecture that this machine is not, where the compiler for it is.
    @ParameterizedTest
    @EnumSource(Arch.class)
    void shouldHoldOnEitherArchitecture(Arch arch) throws Exception {
        String compiler = arch.name().toLowerCase(Locale.ROOT) + "-linux-gnu-gcc";
        assumeTrue(isThere(compiler), "no " + compiler + " on this machine");

        Map<List<String>, StringBuilder> asserts = new LinkedHashMap<>();
        constants().forEach((name, value) -> {
            int expected = switch (name) {
                case "SysEpoll.EVENT_BYTES" -> SysEpoll.eventBytes(arch);
                case "SysEpoll.DATA_OFFSET" -> SysEpoll.eventBytes(arch) - 8;
                default -> ROOM.getOrDefault(name, Map.of()).getOrDefault(arch, value);
            };
            asserts.computeIfAbsent(headers(name), _ -> new StringBuilder())
                    .append(staticAssert(expression(name), expected, name));
        });
        TAKEN_FOR_GRANTED.forEach((expression, value) -> asserts
                .computeIfAbsent(HEADERS_FOR_GRANTED, _ -> new StringBuilder())
                .append(staticAssert(expression, value, expression)));
        List<String> command = new ArrayList<>(List.of(compiler, "-fsyntax-only"));
        for (Map.Entry<List<String>, StringBuilder> each : asserts.entrySet()) {
            Path source = folder.resolve("asserts" + command.size() + ".c");
            Files.writeString(source, includes(each.getKey()) + each.getValue());
            command.add(source.toString());
        }

        run(command);
    }

    private static String staticAssert(String expression, int value, String name) {
        return "_Static_assert((int) (%s) == %d, \"%s\");\n".formatted(expression, value, name);
    }

    private static String expression(String name) {
        return EXPRESSIONS.getOrDefault(name, name.substring(name.indexOf('.') + 1));
    }

    /// All `static final int` of the package by `Class.NAME`, the private ones too.
    private static Map<String, Integer> constants() throws ReflectiveOperationException {
        Map<String, Integer> constants = new TreeMap<>();
        for (Class<?> type : classes()) {
            for (Field field : type.getDeclaredFields()) {
                if (field.getType() == int.class
                        && Modifier.isStatic(field.getModifiers())
                        && Modifier.isFinal(field.getModifiers())) {
                    field.setAccessible(true);
                    constants.put(type.getSimpleName() + "." + field.getName(), field.getInt(null));
                }
            }
        }
        return constants;
    }

    private static List<Class<?>> classes() {
        try {
            URI compiled = Errno.class.getProtectionDomain().getCodeSource().getLocation().toURI();
            try (Stream<Path> files = Files.list(Path.of(compiled).resolve("csdesign/posix"))) {
                List<Class<?>> classes = new ArrayList<>();
                for (Path file : files.sorted().toList()) {
                    String name = file.getFileName().toString();
                    if (name.endsWith(".class") && !name.contains("$") && !name.contains("-")) {
                        classes.add(Class.forName("csdesign.posix."
                                + name.substring(0, name.length() - ".class".length())));
                    }
                }
                return classes;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (URISyntaxException | ClassNotFoundException e) {
            throw new AssertionError(e);
        }
    }

    /// The headers of a constant: `SysEpoll` is `<sys/epoll.h>`, `Fcntl` is `<fcntl.h>`.
    private static List<String> headers(String constant) {
        String name = constant.substring(0, constant.indexOf('.'));
        String header = name.startsWith("Sys") ? "sys/" + name.substring(3) : name;
        return HEADERS.entrySet()
                .stream()
                .filter(entry -> entry.getKey().contains(".")
                        ? constant.startsWith(entry.getKey())
                        : name.equals(entry.getKey()))
                .max(Comparator.comparingInt(entry -> entry.getKey().length()))
                .map(Map.Entry::getValue)
                .orElse(List.of(header.toLowerCase(Locale.ROOT) + ".h"));
    }

    private static String includes(List<String> headers) {
        return Stream.concat(headers.stream(), Stream.of("stddef.h", "stdio.h", "string.h"))
                .map(header -> "#include <" + header + ">\n")
                .collect(Collectors.joining("", "#define _GNU_SOURCE\n", "\n"));
    }

    /// One program of as many C files as there are sets of headers, each with a function that prints; `main`
    /// calls one after the other.
    private List<String> compileAndRun(Map<List<String>, StringBuilder> prints) throws Exception {
        assumeTrue(System.getProperty("os.name").equals("Linux"), "the headers are those of Linux");
        assumeTrue(isThere("cc"), "no C compiler (cc) on this machine");
        Path program = folder.resolve("view");
        List<String> command = new ArrayList<>(List.of("cc", "-o", program.toString()));
        StringBuilder main = new StringBuilder("int main(void) {\n");
        for (Map.Entry<List<String>, StringBuilder> each : prints.entrySet()) {
            String function = "view" + command.size();
            Path source = folder.resolve(function + ".c");
            Files.writeString(source, includes(each.getKey())
                    + "void " + function + "(void) {\n" + each.getValue() + "}\n");
            command.add(source.toString());
            main.insert(0, "void " + function + "(void);\n").append("  ").append(function)
                    .append("();\n");
        }
        Path source = folder.resolve("main.c");
        Files.writeString(source, main.append("}\n"));
        command.add(source.toString());
        run(command);
        return run(List.of(program.toString()));
    }

    private static boolean isThere(String command) {
        return Stream.of(System.getenv().getOrDefault("PATH", "").split(":"))
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, command)));
    }

    private static List<String> run(List<String> command) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("LC_ALL", "C");
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("%s ended", command.getFirst())
                .isTrue();
        assertThat(process.exitValue()).as("%s:%n%s", String.join(" ", command), output).isZero();
        return output.lines().toList();
    }
}
