// SPDX-License-Identifier: MIT
package csdesign.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// `<pthread.h>`: a mutex that several processes share.
public final class Pthread {
    /// Room for a `pthread_mutex_t` in bytes: 48 on aarch64, 40 on x86-64.
    public static final int MUTEX_BYTES = 48;

    /// Room for a `pthread_mutexattr_t` in bytes: 8 on aarch64, 4 on x86-64.
    public static final int MUTEXATTR_BYTES = 8;

    /// Every process that has mapped the mutex can use it.
    public static final int PTHREAD_PROCESS_SHARED = 1;

    /// When the owner dies, the next locker is told (EOWNERDEAD) and does not wait for
    /// ever.
    public static final int PTHREAD_MUTEX_ROBUST = 1;

    private static final class AttrInit {
        static final MethodHandle CALL = Native.link("pthread_mutexattr_init", JAVA_INT, ADDRESS);
    }

    private static final class AttrSetpshared {
        static final MethodHandle CALL = Native.link("pthread_mutexattr_setpshared", JAVA_INT,
                ADDRESS, JAVA_INT);
    }

    private static final class AttrSetrobust {
        static final MethodHandle CALL = Native.link("pthread_mutexattr_setrobust", JAVA_INT,
                ADDRESS, JAVA_INT);
    }

    private static final class MutexInit {
        static final MethodHandle CALL = Native.link("pthread_mutex_init", JAVA_INT, ADDRESS,
                ADDRESS);
    }

    private static final class MutexLock {
        static final MethodHandle CALL = Native.link("pthread_mutex_lock", JAVA_INT, ADDRESS);
    }

    private static final class MutexUnlock {
        static final MethodHandle CALL = Native.link("pthread_mutex_unlock", JAVA_INT, ADDRESS);
    }

    private static final class MutexConsistent {
        static final MethodHandle CALL = Native.link("pthread_mutex_consistent", JAVA_INT, ADDRESS);
    }

    private Pthread() {}

    /// Makes attributes with their defaults.
    ///
    /// @param errno where the call leaves its errno
    /// @param attr the attributes
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man3/pthread_mutexattr_init.3.html">pthread_mutexattr_init(3)</a>
    public static int pthread_mutexattr_init(Errno errno, MemorySegment attr) {
        try {
            return -((int) AttrInit.CALL.invokeExact(errno.captured, attr));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Says who may use it.
    ///
    /// @param errno where the call leaves its errno
    /// @param attr the attributes
    /// @param pshared [#PTHREAD_PROCESS_SHARED]
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man3/pthread_mutexattr_setpshared.3.html">pthread_mutexattr_setpshared(3)</a>
    public static int pthread_mutexattr_setpshared(Errno errno, MemorySegment attr, int pshared) {
        try {
            return -((int) AttrSetpshared.CALL.invokeExact(errno.captured, attr, pshared));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Says what happens when its owner dies.
    ///
    /// @param errno where the call leaves its errno
    /// @param attr the attributes
    /// @param robustness [#PTHREAD_MUTEX_ROBUST]
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man3/pthread_mutexattr_setrobust.3.html">pthread_mutexattr_setrobust(3)</a>
    public static int pthread_mutexattr_setrobust(Errno errno, MemorySegment attr, int robustness) {
        try {
            return -((int) AttrSetrobust.CALL.invokeExact(errno.captured, attr, robustness));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Makes a mutex that has no owner.
    ///
    /// @param errno where the call leaves its errno
    /// @param mutex in memory that both see, [#MUTEX_BYTES] long
    /// @param attr the attributes
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man3/pthread_mutex_init.3.html">pthread_mutex_init(3)</a>
    public static int pthread_mutex_init(Errno errno, MemorySegment mutex, MemorySegment attr) {
        try {
            return -((int) MutexInit.CALL.invokeExact(errno.captured, mutex, attr));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Waits until the mutex has no owner, and takes it. A signal does not end the wait.
    ///
    /// @param errno where the call leaves its errno
    /// @param mutex in memory that both see, [#MUTEX_BYTES] long
    /// @return 0; -EOWNERDEAD when it was taken from an owner who died: make it
    ///     consistent; or another negative error number
    /// @see <a href="https://man7.org/linux/man-pages/man3/pthread_mutex_lock.3.html">pthread_mutex_lock(3)</a>
    public static int pthread_mutex_lock(Errno errno, MemorySegment mutex) {
        try {
            return -((int) MutexLock.CALL.invokeExact(errno.captured, mutex));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Gives it back.
    ///
    /// @param errno where the call leaves its errno
    /// @param mutex in memory that both see, [#MUTEX_BYTES] long
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man3/pthread_mutex_unlock.3.html">pthread_mutex_unlock(3)</a>
    public static int pthread_mutex_unlock(Errno errno, MemorySegment mutex) {
        try {
            return -((int) MutexUnlock.CALL.invokeExact(errno.captured, mutex));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }

    /// Says that what it protects is in order again after its owner died.
    ///
    /// @param errno where the call leaves its errno
    /// @param mutex in memory that both see, [#MUTEX_BYTES] long
    /// @return 0, or a negative errno
    /// @see <a href="https://man7.org/linux/man-pages/man3/pthread_mutex_consistent.3.html">pthread_mutex_consistent(3)</a>
    public static int pthread_mutex_consistent(Errno errno, MemorySegment mutex) {
        try {
            return -((int) MutexConsistent.CALL.invokeExact(errno.captured, mutex));
        } catch (Throwable thrown) {
            throw Native.never(thrown);
        }
    }
}
