// SPDX-License-Identifier: MIT
package csdesign.spawn;

import static csdesign.posix.Errno.check;
import static java.lang.foreign.ValueLayout.ADDRESS;

import csdesign.posix.Errno;
import csdesign.posix.Fcntl;
import csdesign.posix.Spawn;
import csdesign.posix.SysSignalfd;
import csdesign.posix.Unistd;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// Starts one Java program again and again, each time with certain descriptors and no
/// others: 0 (or nothing to read), 1 and 2 as they are here, and from 3 on those that the
/// caller hands over.
///
/// ProcessBuilder can hand over only descriptor 0.
public final class Spawner implements AutoCloseable {
    private static final int FIRST_FD = 3;

    private final Arena arena = Arena.ofConfined();
    private final Errno errno = Errno.allocate(arena);
    private final JavaProgram program;
    private final MemorySegment path;
    private final MemorySegment environment;
    private final MemorySegment attributes = arena.allocate(Spawn.ATTR_BYTES, 8);
    private final int nothing;

    /// For one thread: the children that ask for it end with it.
    ///
    /// @param program what is started
    /// @param blocked signals that all threads of a child begin with blocked
    /// @throws IOException when there is no descriptor for it
    public Spawner(JavaProgram program, int... blocked) throws IOException {
        this.program = program;
        path = arena.allocateFrom(program.java(), StandardCharsets.ISO_8859_1);
        environment = strings(arena, program.environment());
        check(Spawn.posix_spawnattr_init(errno, attributes), "posix_spawnattr_init");
        // A child begins with these blocked and no other, whatever this thread blocks, and
        // ignores nothing, whatever this process was started to ignore.
        MemorySegment mask = arena.allocate(SysSignalfd.SIGSET_BYTES, 8);
        SysSignalfd.sigemptyset(errno, mask);
        for (int signal : blocked) {
            SysSignalfd.sigaddset(errno, mask, signal);
        }
        Spawn.posix_spawnattr_setsigmask(errno, attributes, mask);
        MemorySegment all = arena.allocate(SysSignalfd.SIGSET_BYTES, 8);
        SysSignalfd.sigfillset(errno, all);
        Spawn.posix_spawnattr_setsigdefault(errno, attributes, all);
        // In a group of its own: a terminal's Ctrl-C is the parent's affair.
        Spawn.posix_spawnattr_setflags(
                errno, attributes,
                Spawn.POSIX_SPAWN_SETSIGMASK | Spawn.POSIX_SPAWN_SETSIGDEF
                        | Spawn.POSIX_SPAWN_SETPGROUP);
        nothing = check(
                Fcntl.open(errno, arena.allocateFrom("/dev/null"),
                        Fcntl.O_RDONLY | Fcntl.O_CLOEXEC),
                "open",
                "/dev/null");
        keepToOurselves();
    }

    /// A child gets neither the descriptors that this process was started with nor those
    /// of the JVM.
    private void keepToOurselves() throws IOException {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            for (Path entry : open.toList()) {
                int fd = Integer.parseInt(entry.getFileName().toString());
                if (fd >= FIRST_FD) { // the folder's own is closed by now: EBADF
                    Fcntl.fcntl(errno, fd, Fcntl.F_SETFD, Fcntl.FD_CLOEXEC);
                }
            }
        }
    }

    /// Starts it once more.
    ///
    /// @param arguments of the program
    /// @param input its descriptor 0 here, or -1 for nothing to read
    /// @param descriptors what it is handed at 3, 4, ...; they stay open here
    /// @return its process id; the caller waits for its end
    /// @throws IOException when the system has no process or descriptor left
    public int spawn(List<String> arguments, int input, int... descriptors) throws IOException {
        int[] numbers = new int[1 + descriptors.length];
        for (int i = 1; i < numbers.length; i++) {
            numbers[i] = FIRST_FD + i - 1;
        }
        int[] given = new int[numbers.length];
        given[0] = input < 0 ? nothing : input;
        System.arraycopy(descriptors, 0, given, 1, descriptors.length);
        return spawn(arguments, given, numbers);
    }

    /// Starts it to talk with: what it reads and what it prints is this socket.
    ///
    /// @param arguments of the program
    /// @param socket its descriptors 0 and 1; it stays open here
    /// @return its process id; the caller waits for its end
    /// @throws IOException when the system has no process or descriptor left
    public int spawnTalking(List<String> arguments, int socket) throws IOException {
        return spawn(arguments, new int[] {socket, socket}, new int[] {0, 1});
    }

    private int spawn(List<String> arguments, int[] given, int[] numbers) throws IOException {
        int[] safe = new int[given.length];
        int made = 0;
        MemorySegment actions = null;
        try (Arena own = Arena.ofConfined()) {
            for (; made < safe.length; made++) {
                safe[made] = aside(given[made], FIRST_FD + given.length);
            }
            MemorySegment list = own.allocate(Spawn.FILE_ACTIONS_BYTES, 8);
            check(Spawn.posix_spawn_file_actions_init(errno, list), "file_actions_init");
            actions = list;
            for (int i = 0; i < safe.length; i++) {
                check(
                        Spawn.posix_spawn_file_actions_adddup2(errno, list, safe[i], numbers[i]),
                        "file_actions_adddup2");
            }
            MemorySegment pid = own.allocate(ValueLayout.JAVA_INT);
            check(
                    Spawn.posix_spawn(errno, pid, path, list, attributes,
                            strings(own, program.command(arguments)), environment),
                    "posix_spawn",
                    program.java());
            Spawn.posix_spawn_file_actions_destroy(errno, list);
            actions = null;
            return pid.get(ValueLayout.JAVA_INT, 0);
        } finally {
            if (actions != null) {
                Spawn.posix_spawn_file_actions_destroy(errno, actions);
            }
            while (made > 0) {
                Unistd.close(errno, safe[--made]);
            }
        }
    }

    /// Out of the way of the numbers that the child gets its own at.
    private int aside(int fd, int from) throws IOException {
        return check(
                Fcntl.fcntl(errno, fd, Fcntl.F_DUPFD_CLOEXEC, from), "fcntl", "F_DUPFD_CLOEXEC");
    }

    /// An array of C strings, as execv(3) takes it.
    ///
    /// @param allocator of the array and of the strings
    /// @param words as [JavaProgram] has them
    /// @return the array, with NULL behind the last
    public static MemorySegment strings(SegmentAllocator allocator, List<String> words) {
        MemorySegment array = allocator.allocate(ADDRESS, words.size() + 1L);
        for (int i = 0; i < words.size(); i++) {
            array.setAtIndex(
                    ADDRESS, i, allocator.allocateFrom(words.get(i), StandardCharsets.ISO_8859_1));
        }
        array.setAtIndex(ADDRESS, words.size(), MemorySegment.NULL);
        return array;
    }

    @Override
    public void close() {
        Spawn.posix_spawnattr_destroy(errno, attributes);
        Unistd.close(errno, nothing);
        arena.close();
    }
}
