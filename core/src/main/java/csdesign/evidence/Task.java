// SPDX-License-Identifier: MIT
package csdesign.evidence;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// A thread as the scheduler sees it. The first thread of a process has its number.
///
/// @param pid the process
/// @param tid the thread
/// @see <a href="https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html">proc_pid_stat(5)</a>
public record Task(long pid, long tid) {
    /// What [#state] answers for one that is gone.
    public static final char GONE = ProcFile.GONE;

    private static final long LOOK_NANOS = 100_000;

    /// A process by its first thread.
    ///
    /// @param pid the process
    /// @return its first thread
    public static Task of(long pid) {
        return new Task(pid, pid);
    }

    /// What it does now.
    ///
    /// @return `R` runs or could, `S` sleeps until something happens, `D` sleeps in a way
    ///     that cannot be interrupted, `T` is stopped, `Z` has ended and was not waited
    ///     for, [#GONE]
    public char state() {
        return file("stat").state();
    }

    /// How much CPU time it has used.
    ///
    /// @return in clock ticks, of which there are 100 a second
    public long cpuTicks() {
        ProcFile stat = file("stat");
        return stat.field(ProcFile.UTIME) + stat.field(ProcFile.STIME);
    }

    /// How often it went to sleep: once for each time that it was woken.
    ///
    /// @return voluntary context switches; 0 for one that is gone
    public long voluntarySwitches() {
        return file("status").number("voluntary_ctxt_switches");
    }

    /// What a signal would do to its process.
    ///
    /// @param signal its number
    /// @return `caught`, `ignored` or `default`
    public String disposition(int signal) {
        ProcFile status = file("status");
        if (isIn(status.value("SigCgt"), signal)) {
            return "caught";
        }
        return isIn(status.value("SigIgn"), signal) ? "ignored" : "default";
    }

    /// A set of signals as `status` writes it: one bit each, in hexadecimal.
    private static boolean isIn(String set, int signal) {
        return !set.isEmpty() && (Long.parseUnsignedLong(set, 16) >> (signal - 1) & 1) != 0;
    }

    /// The kernel function that it sleeps in.
    ///
    /// @return for example `inet_csk_accept`; `0` when it does not sleep, or the kernel
    ///     does not tell this user
    public String sleepsIn() {
        String name = file("wchan").text().strip();
        return name.isEmpty() ? "0" : name;
    }

    /// Whether it sleeps in one of these kernel functions, and did not wake while this
    /// method looked. Where the kernel does not tell in which function a thread sleeps,
    /// any sleep counts.
    ///
    /// @param functions parts of their names, which vary: `anon_pipe_write`
    /// @return false when it runs
    public boolean isAsleepIn(String... functions) {
        long before = voluntarySwitches();
        boolean asleep = state() == 'S';
        String name = sleepsIn();
        boolean there = name.equals("0")
                ? !isTold()
                : Stream.of(functions).anyMatch(name::contains);
        return asleep && there && state() == 'S' && voluntarySwitches() == before;
    }

    /// Whether this kernel tells where threads sleep: the JVM has some that always do. Of
    /// one alone it may say `0` for a while: the scheduler takes it off its queue late.
    private static boolean isTold() {
        try (Stream<Path> all = Files.list(Path.of("/proc/self/task"))) {
            long pid = ProcessHandle.current().pid();
            return all.map(task -> new Task(pid, Long.parseLong(task.getFileName().toString())))
                    .anyMatch(task -> !task.sleepsIn().equals("0"));
        } catch (IOException e) {
            return false;
        }
    }

    /// Whether a signal waits for it or for its process, since it is blocked.
    ///
    /// @param signal its number
    /// @return false for a thread that is gone
    public boolean isPending(int signal) {
        ProcFile status = file("status");
        return isIn(status.value("SigPnd"), signal) || isIn(status.value("ShdPnd"), signal);
    }

    /// How many descriptors of its process are open on a thing.
    ///
    /// @param target as the links in /proc/PID/fd name it: `anon_inode:[eventfd]`
    /// @return 0 for one that is gone, and for another user's
    public long descriptors(String target) {
        try (Stream<Path> all = Files.list(Path.of("/proc/" + pid + "/fd"))) {
            return all.filter(fd -> isLinkTo(target, fd)).count();
        } catch (IOException gone) {
            return 0;
        }
    }

    private static boolean isLinkTo(String target, Path link) {
        try {
            return Files.readSymbolicLink(link).toString().equals(target);
        } catch (IOException closed) {
            return false;
        }
    }

    /// The system call that it sleeps in; of the calling thread the read that looks.
    ///
    /// @return its number on this architecture; -1 when it runs, is gone, or the kernel
    ///     does not tell
    /// @see <a href="https://man7.org/linux/man-pages/man5/proc_pid_syscall.5.html">proc_pid_syscall(5)</a>
    public long systemCall() {
        String number = file("syscall").text().split("\\s", 2)[0];
        return number.isEmpty() || number.equals("running") ? -1 : Long.parseLong(number);
    }

    /// What it has read and written by read, write and their kin. sendfile counts as one
    /// of each; recv, send and splice do not count.
    ///
    /// @param name `syscr` or `syscw`, the calls; `rchar` or `wchar`, their bytes
    /// @return since it began; 0 where this kernel does not count
    /// @see <a href="https://man7.org/linux/man-pages/man5/proc_pid_io.5.html">proc_pid_io(5)</a>
    public long io(String name) {
        return file("io").number(name);
    }

    /// Waits until all tasks sleep, and none of them woke between two looks: so no task
    /// is on its way from one sleep to another. A task that is gone counts as asleep.
    ///
    /// @param tasks of a pool that waits
    /// @throws IOException when one of them is awake for [Look#LONGEST_NANOS]
    /// @throws InterruptedException when this thread must end
    public static void awaitAsleep(Collection<Task> tasks)
            throws IOException, InterruptedException {
        long before = -1;
        long end = System.nanoTime() + Look.LONGEST_NANOS;
        while (true) {
            boolean asleep = tasks.stream().mapToInt(Task::state)
                    .allMatch(state -> state == 'S' || state == GONE);
            long switches = tasks.stream().mapToLong(Task::voluntarySwitches).sum();
            if (asleep && switches == before) {
                return;
            }
            before = asleep ? switches : -1;
            if (System.nanoTime() > end) {
                throw new IOException("waited %d s until %d threads slept; seen last: %s".formatted(
                        TimeUnit.NANOSECONDS.toSeconds(Look.LONGEST_NANOS), tasks.size(),
                        tasks.stream().map(task -> task.state() + " in " + task.sleepsIn())
                                .collect(Collectors.joining(", "))));
            }
            LockSupport.parkNanos(LOOK_NANOS);
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
        }
    }

    private ProcFile file(String name) {
        try {
            return ProcFile.read(Path.of("/proc/" + pid + "/task/" + tid, name));
        } catch (FileSystemException e) {
            throw new UncheckedIOException(e); // no descriptor left: it need not be gone
        }
    }
}
