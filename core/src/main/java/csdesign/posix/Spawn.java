// SPDX-License-Identifier: MIT
package csdesign.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// `<spawn.h>`: a new process that runs another program, without a copy of this one.
///
/// glibc makes the child by clone(CLONE_VM | CLONE_VFORK). The cost of fork grows with
/// the memory of the parent; the cost of this call does not. The caller lists beforehand
/// what the child does before it becomes the program.
public final class Spawn {
    /// Size of a `posix_spawn_file_actions_t` in bytes.
    public static final int FILE_ACTIONS_BYTES = 80;

    /// Size of a `posix_spawnattr_t` in bytes.
    public static final int ATTR_BYTES = 336;

    /// The new process is in a process group of its own, unless the attributes name one.
    public static final int POSIX_SPAWN_SETPGROUP = 2;

    /// The signals of the attribute `sigdefault` get their default action.
    public static final int POSIX_SPAWN_SETSIGDEF = 4;

    /// The signal mask of the attributes is set.
    public static final int POSIX_SPAWN_SETSIGMASK = 8;

    private static final class PosixSpawn {
        static final MethodHandle CALL = Native.link("posix_spawn", JAVA_INT, ADDRESS, ADDRESS,
                ADDRESS, ADDRESS, ADDRESS, ADDRESS);
    }

    private static final class FileActionsInit {
        static final MethodHandle CALL = Native.link("posix_spawn_file_actions_init", JAVA_INT,
                ADDRESS);
    }

    private static final class FileActionsAdddup2 {
        static final MethodHandle CALL = Native.link("posix_spawn_file_actions_adddup2", JAVA_INT,
                ADDRESS, JAVA_INT, JAVA_INT);
    }

    private static final class FileActionsDestroy {
        static final MethodHandle CALL = Native.link("posix_spawn_file_actions_destroy", JAVA_INT,
                ADDRESS);
    }

    private static final class AttrInit {
        static final MethodHandle CALL = Native.link("posix_spawnattr_init", JAVA_INT, ADDRESS);
    }

    private static final class AttrSetflags {
        static final MethodHandle CALL = Native.link("posix_spawnattr_setflags", JAVA_INT, ADDRESS,
                JAVA_INT);
    }

    private static final class AttrSetsigmask {
        static final MethodHandle CALL = Native.link("posix_spawnattr_setsigmask", JAVA_INT,
                ADDRESS, ADDRESS);
    }

    private static final class AttrSetsigdefault {
        static final MethodHandle CALL = Native.link("posix_spawnattr_setsigdefault", JAVA_INT,
                ADDRESS, ADDRESS);
    }

    private static final class AttrDestroy {
        static final MethodHandle CALL = Native.link("posix_spawnattr_destroy", JAVA_INT, ADDRESS);
    }

    private Spawn() {}

    /// Starts a program.
    ///
    /// @param errno where the call leaves its errno
    /// @param pid receives the process id, an `int`
    /// @param path the program, with its closing NUL
    /// @param file_actions what to do with descriptors, or NULL
    /// @param attrp attributes, or NULL
    /// @param argv addresses of the arguments, then NULL
    /// @param envp addresses of `NAME=value`, then NULL
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man3/posix_spawn.3.html">posix_spawn(3)</a>
    public static int posix_spawn(Errno errno, MemorySegment pid, MemorySegment path,
            MemorySegment file_actions, MemorySegment attrp, MemorySegment argv,
            MemorySegment envp) {
        try {
            return -((int) PosixSpawn.CALL.invokeExact(errno.captured, pid, path, file_actions,
                    attrp, argv, envp));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Makes a list of nothing to do.
    ///
    /// @param errno where the call leaves its errno
    /// @param actions the list
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man3/posix_spawn.3.html">posix_spawn(3)</a>
    public static int posix_spawn_file_actions_init(Errno errno, MemorySegment actions) {
        try {
            return -((int) FileActionsInit.CALL.invokeExact(errno.captured, actions));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Hands a descriptor over.
    ///
    /// @param errno where the call leaves its errno
    /// @param actions the list
    /// @param fd a descriptor of this process
    /// @param newfd its number in the new one, which execve does not close
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man3/posix_spawn.3.html">posix_spawn(3)</a>
    public static int posix_spawn_file_actions_adddup2(Errno errno, MemorySegment actions, int fd,
            int newfd) {
        try {
            return -((int) FileActionsAdddup2.CALL.invokeExact(errno.captured, actions, fd, newfd));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Frees what the list holds.
    ///
    /// @param errno where the call leaves its errno
    /// @param actions the list
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man3/posix_spawn.3.html">posix_spawn(3)</a>
    public static int posix_spawn_file_actions_destroy(Errno errno, MemorySegment actions) {
        try {
            return -((int) FileActionsDestroy.CALL.invokeExact(errno.captured, actions));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Makes attributes that change nothing.
    ///
    /// @param errno where the call leaves its errno
    /// @param attr the attributes
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man3/posix_spawn.3.html">posix_spawn(3)</a>
    public static int posix_spawnattr_init(Errno errno, MemorySegment attr) {
        try {
            return -((int) AttrInit.CALL.invokeExact(errno.captured, attr));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Says which attributes count.
    ///
    /// @param errno where the call leaves its errno
    /// @param attr the attributes
    /// @param flags [#POSIX_SPAWN_SETSIGMASK] and others
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man3/posix_spawn.3.html">posix_spawn(3)</a>
    public static int posix_spawnattr_setflags(Errno errno, MemorySegment attr, int flags) {
        try {
            return -((int) AttrSetflags.CALL.invokeExact(errno.captured, attr, flags));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// The signals that the new process begins with blocked.
    ///
    /// @param errno where the call leaves its errno
    /// @param attr the attributes
    /// @param sigmask a `sigset_t`
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man3/posix_spawn.3.html">posix_spawn(3)</a>
    public static int posix_spawnattr_setsigmask(Errno errno, MemorySegment attr,
            MemorySegment sigmask) {
        try {
            return -((int) AttrSetsigmask.CALL.invokeExact(errno.captured, attr, sigmask));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// The signals that get their default action, also where this process ignores them.
    ///
    /// @param errno where the call leaves its errno
    /// @param attr the attributes
    /// @param sigdefault a `sigset_t`
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man3/posix_spawn.3.html">posix_spawn(3)</a>
    public static int posix_spawnattr_setsigdefault(Errno errno, MemorySegment attr,
            MemorySegment sigdefault) {
        try {
            return -((int) AttrSetsigdefault.CALL.invokeExact(errno.captured, attr, sigdefault));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Frees what the attributes hold.
    ///
    /// @param errno where the call leaves its errno
    /// @param attr the attributes
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man3/posix_spawn.3.html">posix_spawn(3)</a>
    public static int posix_spawnattr_destroy(Errno errno, MemorySegment attr) {
        try {
            return -((int) AttrDestroy.CALL.invokeExact(errno.captured, attr));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }
}
