// SPDX-License-Identifier: MIT
package csdesign.posix;

import static csdesign.posix.SysSignalfd.SIGSET_BYTES;
import static csdesign.posix.SysSignalfd.SIG_BLOCK;
import static csdesign.posix.SysSignalfd.SIG_SETMASK;
import static java.lang.foreign.MemorySegment.NULL;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Signals that wait, are let in, are handled in Java, are ignored. All of them are sent to this thread, which
/// blocks them: no other thread of this JVM is concerned.
class SignalCallsTest {
    /// A real-time signal that neither the JVM, nor the C library, nor `kit`, nor another test uses.
    private static final int SIGNAL = 43;

    private static final int OTHER = 44;

    private final Sandbox box = new Sandbox();
    private final Errno errno = box.errno;
    private final MemorySegment before = box.arena.allocate(SIGSET_BYTES, 8);
    private final MemorySegment open = box.arena.allocate(SIGSET_BYTES, 8);
    private final MemorySegment time = box.arena.allocate(Time.TIMESPEC_BYTES, 8);
    private final List<Integer> handled = new ArrayList<>();

    @BeforeEach
    void block() {
        SysSignalfd.pthread_sigmask(errno, SIG_BLOCK, set(SIGNAL), before);
        open.copyFrom(before);
        time.set(JAVA_LONG, 0, 5);
    }

    /// A signal that a failed test left pending is dropped, so that it ends nothing.
    @AfterEach
    void close() {
        Signal.ignore(errno, SIGNAL);
        SysSignalfd.pthread_sigmask(errno, SIG_SETMASK, before, NULL);
        Signal.restoreDefault(errno, SIGNAL);
        box.close();
    }

    @Test
    void shouldHandleASignalInJavaOnlyInsideAPpollThatLetsItIn() {
        List<Thread> threads = new ArrayList<>();
        assertThat(Signal.handle(errno, SIGNAL, signum -> {
            handled.add(signum);
            threads.add(Thread.currentThread());
        }, 0, NULL, box.arena)).isZero();

        send();
        assertThat(pending() & bit(SIGNAL)).as("waits").isNotZero();
        assertThat(handled).isEmpty();
        time.set(JAVA_LONG, 0, 0);
        assertThat(SysPoll.ppoll(errno, NULL, 0, time, NULL)).as("the mask as it is").isZero();
        assertThat(handled).isEmpty();
        time.set(JAVA_LONG, 0, 5);
        assertThat(SysPoll.ppoll(errno, NULL, 0, time, open)).isEqualTo(-Errno.EINTR);
        assertThat(handled).containsExactly(SIGNAL);
        assertThat(threads).containsExactly(Thread.currentThread());
        assertThat(pending() & bit(SIGNAL)).isZero();
        send();
        assertThat(SysPoll.ppoll(errno, NULL, 0, NULL, open)).as("without end, blocked again")
                .isEqualTo(-Errno.EINTR);
        assertThat(handled).containsExactly(SIGNAL, SIGNAL);
    }

    @Test
    void shouldPpollADescriptorThatIsReadyBeforeASignal() throws IOException {
        assertThat(Signal.handle(errno, SIGNAL, handled::add, 0, NULL, box.arena)).isZero();
        int[] pipe = box.pipe(Fcntl.O_CLOEXEC);
        MemorySegment entry = box.arena.allocate(SysPoll.POLLFD_BYTES, 8);
        SysPoll.set(entry, 0, pipe[0], SysPoll.POLLIN);
        time.set(JAVA_LONG, 0, 0);
        time.set(JAVA_LONG, 8, 1_000_000);
        assertThat(SysPoll.ppoll(errno, entry, 1, time, NULL)).as("in time").isZero();

        Unistd.write(errno, pipe[1], box.bytes("x"), 1);
        send();
        assertThat(SysPoll.ppoll(errno, entry, 1, NULL, open)).isOne();
        assertThat(SysPoll.revents(entry, 0)).isEqualTo(SysPoll.POLLIN);
        assertThat(handled).isEmpty();
        assertThat(pending() & bit(SIGNAL)).as("stays pending").isNotZero();
        time.set(JAVA_LONG, 8, 1_000_000_000);
        assertThat(SysPoll.ppoll(errno, entry, 1, time, NULL)).as("a whole second of nanoseconds")
                .isEqualTo(-Errno.EINVAL);
    }

    @Test
    void shouldLetASignalInWhilePselectWaits() throws IOException {
        assertThat(Signal.handle(errno, SIGNAL, handled::add, Signal.SA_RESTART, NULL,
                box.arena)).isZero();
        int[] pipe = box.pipe(Fcntl.O_CLOEXEC);
        MemorySegment set = box.arena.allocate(SysSelect.FD_SET_BYTES, 8);
        SysSelect.FD_SET(pipe[0], set);

        send();
        assertThat(SysSelect.pselect(errno, pipe[0] + 1, set, NULL, NULL, time, open))
                .as("though SA_RESTART").isEqualTo(-Errno.EINTR);
        assertThat(handled).containsExactly(SIGNAL);
        Unistd.write(errno, pipe[1], box.bytes("x"), 1);
        assertThat(SysSelect.pselect(errno, pipe[0] + 1, set, NULL, NULL, time, open)).isOne();
        assertThat(SysSelect.FD_ISSET(pipe[0], set)).isTrue();
        assertThat(time.get(JAVA_LONG, 0)).as("left as it was").isEqualTo(5);
        time.set(JAVA_LONG, 0, 0);
        SysSelect.FD_ZERO(set);
        assertThat(SysSelect.pselect(errno, pipe[0] + 1, set, NULL, NULL, time, NULL)).isZero();
        assertThat(SysSelect.pselect(errno, -1, NULL, NULL, NULL, time, NULL))
                .isEqualTo(-Errno.EINVAL);
    }

    @Test
    void shouldHandleWithTheFlagsAndTheMaskAskedFor() {
        MemorySegment inside = box.arena.allocate(SIGSET_BYTES, 8);
        Errno own = Errno.allocate(box.arena);
        assertThat(Signal.handle(errno, SIGNAL,
                _ -> SysSignalfd.pthread_sigmask(own, SIG_BLOCK, NULL, inside),
                Signal.SA_RESTART, set(OTHER), box.arena)).isZero();
        assertThat(flags() & Signal.SA_RESTART).isNotZero();

        send();
        assertThat(SysPoll.ppoll(errno, NULL, 0, time, open)).isEqualTo(-Errno.EINTR);
        assertThat(inside.get(JAVA_LONG, 0) & bit(OTHER)).as("blocked in the handler").isNotZero();
        assertThat(inside.get(JAVA_LONG, 0) & bit(SIGNAL)).as("so is itself").isNotZero();
        Signal.handle(errno, SIGNAL, handled::add, 0, NULL, box.arena);
        assertThat(flags() & Signal.SA_RESTART).isZero();
        assertThat(Signal.handle(errno, Signal.SIGSTOP, handled::add, 0, NULL, box.arena))
                .isEqualTo(-Errno.EINVAL);
    }

    @Test
    void shouldDropASignalThatIsIgnored() {
        send();
        assertThat(pending() & bit(SIGNAL)).isNotZero();
        assertThat(Signal.ignore(errno, SIGNAL)).isZero();
        assertThat(pending() & bit(SIGNAL)).as("the one that waited").isZero();
        SysSignalfd.pthread_sigmask(errno, SIG_SETMASK, before, NULL);
        send(); // by default it would end this JVM
        assertThat(Signal.ignore(errno, Signal.SIGKILL)).isEqualTo(-Errno.EINVAL);
    }

    /// What is ignored here is ignored there; a default action is taken there and not here.
    @Test
    void shouldEndAChildByASignalThatHasItsDefaultActionAgain() throws Exception {
        Signal.ignore(errno, SIGNAL);
        assertThat(sendsItselfTheSignal()).isEqualTo("lives\n");
        assertThat(Signal.restoreDefault(errno, SIGNAL)).isZero();
        assertThat(sendsItselfTheSignal()).isEmpty();
        assertThat(Signal.restoreDefault(errno, Signal.SIGSTOP)).isEqualTo(-Errno.EINVAL);
    }

    private String sendsItselfTheSignal() throws IOException, InterruptedException {
        SysSignalfd.pthread_sigmask(errno, SIG_SETMASK, before, NULL);
        Process shell = new ProcessBuilder("/bin/sh", "-c", "kill -" + SIGNAL + " $$; echo lives")
                .start();
        String output = new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        shell.waitFor();
        return output;
    }

    @Test
    void shouldFillASetAndTakeASignalOut() {
        MemorySegment set = box.arena.allocate(SIGSET_BYTES, 8);
        assertThat(SysSignalfd.sigfillset(errno, set)).isZero();
        assertThat(~set.get(JAVA_LONG, 0)).as("but what the C library keeps")
                .isEqualTo(bit(32) | bit(33));
        assertThat(SysSignalfd.sigdelset(errno, set, SIGNAL)).isZero();
        assertThat(~set.get(JAVA_LONG, 0)).isEqualTo(bit(32) | bit(33) | bit(SIGNAL));
        assertThat(SysSignalfd.sigdelset(errno, set, 999)).isEqualTo(-Errno.EINVAL);
    }

    @Test
    void shouldStopAProcessAndLetItGoOn() throws Exception {
        Process cat = new ProcessBuilder("/bin/cat").start();
        try {
            Signal.kill(errno, (int) cat.pid(), Signal.SIGSTOP);
            cat.getOutputStream().write('x');
            cat.getOutputStream().flush();
            Thread.sleep(50);
            assertThat(cat.getInputStream().available()).as("stopped").isZero();
            Signal.kill(errno, (int) cat.pid(), Signal.SIGCONT);
            assertThat(cat.getInputStream().read()).isEqualTo('x');
        } finally {
            cat.destroyForcibly();
        }
    }

    private void send() {
        int pid = (int) ProcessHandle.current().pid();
        assertThat(Signal.tgkill(errno, pid, Unistd.gettid(errno), SIGNAL)).isZero();
    }

    private long pending() {
        MemorySegment set = box.arena.allocate(SIGSET_BYTES, 8);
        assertThat(SysSignalfd.sigpending(errno, set)).isZero();
        return set.get(JAVA_LONG, 0);
    }

    private int flags() {
        MemorySegment now = box.arena.allocate(Signal.SIGACTION_BYTES, 8);
        Signal.sigaction(errno, SIGNAL, NULL, now);
        assertThat(now.get(ADDRESS, 0)).isNotEqualTo(NULL);
        return now.get(JAVA_INT, 136);
    }

    private MemorySegment set(int signum) {
        MemorySegment set = box.arena.allocate(SIGSET_BYTES, 8);
        SysSignalfd.sigaddset(errno, set, signum);
        return set;
    }

    private static long bit(int signum) {
        return 1L << (signum - 1);
    }
}
