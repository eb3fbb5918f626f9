// SPDX-License-Identifier: MIT
package csdesign.posix;

import static java.lang.foreign.MemorySegment.NULL;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// What threads do to each other: a mutex that outlives its owner, and a signal that ends a blocked call.
class ThreadCallsTest {
    /// A real-time signal that neither the JVM, nor the C library, nor `kit` uses.
    private static final int SIGNAL = 41;

    private static final int ENOTRECOVERABLE = 131;

    private final Sandbox box = new Sandbox();
    private final Errno errno = box.errno;
    private final Arena shared = Arena.ofShared();
    private final MemorySegment mutex = shared.allocate(Pthread.MUTEX_BYTES, 8);

    @AfterEach
    void close() {
        shared.close();
        box.close();
    }

    @Test
    void shouldLetOneThreadInAtATime() throws InterruptedException {
        initialize();
        int[] count = new int[1];
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            threads.add(Thread.ofPlatform().start(() -> {
                try (Sandbox own = new Sandbox()) {
                    for (int k = 0; k < 200; k++) {
                        if (Pthread.pthread_mutex_lock(own.errno, mutex) == 0) {
                            int seen = count[0];
                            LockSupport.parkNanos(1); // without the mutex another one counts here
                            count[0] = seen + 1;
                            Pthread.pthread_mutex_unlock(own.errno, mutex);
                        }
                    }
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(count[0]).isEqualTo(4 * 200);
    }

    @Test
    void shouldTellTheNextThatTheOwnerDied() throws InterruptedException {
        initialize();
        dieWithIt();

        assertThat(Pthread.pthread_mutex_lock(errno, mutex)).isEqualTo(-Errno.EOWNERDEAD);
        assertThat(Pthread.pthread_mutex_consistent(errno, mutex)).isZero();
        assertThat(Pthread.pthread_mutex_unlock(errno, mutex)).isZero();
        assertThat(Pthread.pthread_mutex_lock(errno, mutex)).as("as new").isZero();
        assertThat(Pthread.pthread_mutex_unlock(errno, mutex)).isZero();
    }

    @Test
    void shouldBeOfNoUseAgainWhereNobodyMadeItConsistent() throws InterruptedException {
        initialize();
        dieWithIt();

        assertThat(Pthread.pthread_mutex_lock(errno, mutex)).isEqualTo(-Errno.EOWNERDEAD);
        assertThat(Pthread.pthread_mutex_unlock(errno, mutex)).isZero();
        assertThat(Pthread.pthread_mutex_lock(errno, mutex)).isEqualTo(-ENOTRECOVERABLE);
    }

    @Test
    void shouldRefuseWhatAMutexCannotDo() {
        MemorySegment attributes = box.arena.allocate(Pthread.MUTEXATTR_BYTES, 8);
        assertThat(Pthread.pthread_mutexattr_init(errno, attributes)).isZero();
        assertThat(Pthread.pthread_mutexattr_setpshared(errno, attributes, 77))
                .isEqualTo(-Errno.EINVAL);
        assertThat(Pthread.pthread_mutexattr_setrobust(errno, attributes, 77))
                .isEqualTo(-Errno.EINVAL);
        initialize();
        assertThat(Pthread.pthread_mutex_unlock(errno, mutex)).as("not its owner")
                .isEqualTo(-Errno.EPERM);
        assertThat(Pthread.pthread_mutex_consistent(errno, mutex)).as("nobody died")
                .isEqualTo(-Errno.EINVAL);
    }

    /// The handler stays after the test: a signal that is still on its way would end the JVM.
    @Test
    void shouldEndACallThatAThreadIsBlockedInAndNothingElse() throws Exception {
        assertThat(Signal.interruptBy(errno, SIGNAL)).isZero();
        MemorySegment now = box.arena.allocate(Signal.SIGACTION_BYTES, 8);
        assertThat(Signal.sigaction(errno, SIGNAL, NULL, now)).isZero();
        assertThat(now.get(ADDRESS, 0)).isEqualTo(Native.address("abs"));
        assertThat(now.get(JAVA_INT, 136) & Signal.SA_RESTART).as("SA_RESTART").isZero();

        int readEnd = box.pipe(0)[0];
        int pid = (int) ProcessHandle.current().pid();
        AtomicLong tid = new AtomicLong();
        AtomicLong result = new AtomicLong(1);
        Thread reader = Thread.ofPlatform().start(() -> {
            try (Sandbox own = new Sandbox()) {
                MemorySegment buffer = own.arena.allocate(1);
                tid.set(Unistd.gettid(own.errno));
                result.set(Unistd.read(own.errno, readEnd, buffer, 1));
            }
        });
        // Again and again: one that arrives before the call is lost. The condition runs in a thread of its own.
        Errno others = Errno.allocate(shared);
        await().until(() -> {
            if (tid.get() != 0 && result.get() == 1) {
                Signal.tgkill(others, pid, (int) tid.get(), SIGNAL);
            }
            return result.get() != 1;
        });
        reader.join();
        assertThat(result).hasValue(-Errno.EINTR);
        assertThat(Signal.tgkill(errno, pid, 1 << 22, SIGNAL)).isEqualTo(-Errno.ESRCH);
        assertThat(Signal.interruptBy(errno, Signal.SIGKILL)).isEqualTo(-Errno.EINVAL);
    }

    @Test
    void shouldSayWhichThreadAndWhoseChildThisIs() throws Exception {
        String thread = Files.readSymbolicLink(Path.of("/proc/thread-self")).toString();

        assertThat(thread).endsWith("/task/" + Unistd.gettid(errno));
        assertThat(Unistd.getppid(errno))
                .isEqualTo((int) ProcessHandle.current().parent().orElseThrow().pid());
    }

    private void initialize() {
        MemorySegment attributes = box.arena.allocate(Pthread.MUTEXATTR_BYTES, 8);
        Pthread.pthread_mutexattr_init(errno, attributes);
        assertThat(Pthread.pthread_mutexattr_setrobust(
                errno, attributes, Pthread.PTHREAD_MUTEX_ROBUST)).isZero();
        assertThat(Pthread.pthread_mutex_init(errno, mutex, attributes)).isZero();
    }

    /// A thread takes it and ends.
    private void dieWithIt() throws InterruptedException {
        int[] result = {-1};
        Thread owner = Thread.ofPlatform().start(() -> {
            try (Sandbox own = new Sandbox()) {
                result[0] = Pthread.pthread_mutex_lock(own.errno, mutex);
            }
        });
        owner.join();
        assertThat(result[0]).isZero();
    }
}
