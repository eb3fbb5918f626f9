// SPDX-License-Identifier: MIT
package csdesign.posix;

import static csdesign.posix.SysEpoll.EPOLLIN;
import static csdesign.posix.SysEpoll.EPOLLOUT;
import static csdesign.posix.SysEpoll.EPOLL_CLOEXEC;
import static csdesign.posix.SysEpoll.EPOLL_CTL_ADD;
import static csdesign.posix.SysEpoll.EPOLL_CTL_DEL;
import static csdesign.posix.SysEpoll.EPOLL_CTL_MOD;
import static csdesign.posix.SysEpoll.EVENT_BYTES;
import static csdesign.posix.SysSelect.FD_CLR;
import static csdesign.posix.SysSelect.FD_ISSET;
import static csdesign.posix.SysSelect.FD_SET;
import static csdesign.posix.SysSelect.FD_SET_BYTES;
import static csdesign.posix.SysSelect.FD_ZERO;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// select, poll, epoll and eventfd on real descriptors.
class ReadinessCallsTest {
    private static final int MASKS = EPOLLIN | EPOLLOUT | SysEpoll.EPOLLERR | SysEpoll.EPOLLHUP;

    private final Sandbox box = new Sandbox();
    private final Errno errno = box.errno;

    @AfterEach
    void close() {
        box.close();
    }

    @Test
    void shouldPollWhatIsReadyAndPassOverNegativeDescriptors() throws IOException {
        int[] pipe = box.pipe(0);
        MemorySegment entries = box.arena.allocate(3L * SysPoll.POLLFD_BYTES, 8);
        SysPoll.set(entries, 0, pipe[0], SysPoll.POLLIN);
        SysPoll.set(entries, 1, -1, SysPoll.POLLIN);
        SysPoll.set(entries, 2, pipe[1], SysPoll.POLLOUT);
        assertThat(SysPoll.fd(entries, 1)).isEqualTo(-1);
        assertThat(SysPoll.fd(entries, 2)).isEqualTo(pipe[1]);

        assertThat(SysPoll.poll(errno, entries, 3, 0)).isOne();
        assertThat(SysPoll.revents(entries, 0)).isZero();
        assertThat(SysPoll.revents(entries, 2)).isEqualTo(SysPoll.POLLOUT);

        Unistd.write(errno, pipe[1], box.bytes("x"), 1);
        assertThat(SysPoll.poll(errno, entries, 3, -1)).isEqualTo(2);
        assertThat(SysPoll.revents(entries, 0)).isEqualTo(SysPoll.POLLIN);
        assertThat(SysPoll.revents(entries, 1)).isZero();

        SysPoll.clear(entries, 1);
        assertThat(SysPoll.revents(entries, 0)).isZero();
        assertThat(SysPoll.revents(entries, 2)).as("beyond the count").isEqualTo(SysPoll.POLLOUT);
    }

    @Test
    void shouldPollErrorsUnasked() throws IOException {
        int[] pair = box.pair();
        int[] gone = box.pipe(0);
        Unistd.close(errno, gone[0]);
        Unistd.close(errno, pair[1]);
        MemorySegment entries = box.arena.allocate(3L * SysPoll.POLLFD_BYTES, 8);
        SysPoll.set(entries, 0, pair[0], 0);
        SysPoll.set(entries, 1, gone[1], 0);
        SysPoll.set(entries, 2, 1_000_000, SysPoll.POLLIN);

        assertThat(SysPoll.poll(errno, entries, 3, 5_000)).isEqualTo(3);
        assertThat(SysPoll.revents(entries, 0)).isEqualTo(SysPoll.POLLHUP);
        assertThat(SysPoll.revents(entries, 1)).isEqualTo(SysPoll.POLLERR);
        assertThat(SysPoll.revents(entries, 2)).isEqualTo(SysPoll.POLLNVAL);

        SysPoll.set(entries, 0, pair[0], SysPoll.POLLIN);
        assertThat(SysPoll.revents(entries, 0)).as("set clears what was reported").isZero();
        assertThat(SysPoll.poll(errno, entries, 4_000_000_000L, 0)).isEqualTo(-Errno.EINVAL);
    }

    @Test
    void shouldSelectWhatIsReadyAndCountDownTheTime() throws IOException {
        int[] pipe = box.pipe(0);
        int highest = Math.max(pipe[0], pipe[1]);
        MemorySegment readable = box.arena.allocate(FD_SET_BYTES, 8);
        MemorySegment writable = box.arena.allocate(FD_SET_BYTES, 8);
        MemorySegment timeval = box.arena.allocate(16, 8);
        FD_SET(pipe[0], readable);
        FD_SET(pipe[1], writable);

        assertThat(SysSelect.select(
                errno, highest + 1, readable, writable, MemorySegment.NULL, timeval)).isOne();
        assertThat(FD_ISSET(pipe[0], readable)).as("nothing to read").isFalse();
        assertThat(FD_ISSET(pipe[1], writable)).isTrue();

        Unistd.write(errno, pipe[1], box.bytes("x"), 1);
        FD_SET(pipe[0], readable);
        timeval.set(JAVA_LONG, 0, 5);
        assertThat(SysSelect.select(errno, highest + 1, readable, MemorySegment.NULL,
                MemorySegment.NULL, timeval)).isOne();
        assertThat(FD_ISSET(pipe[0], readable)).isTrue();
        assertThat(timeval.get(JAVA_LONG, 0)).as("Linux writes what was left").isLessThan(5);
    }

    @Test
    void shouldAnswerEbadfToASetWithAClosedDescriptor() throws IOException {
        int[] pipe = box.pipe(0);
        Unistd.close(errno, pipe[1]);
        MemorySegment set = box.arena.allocate(FD_SET_BYTES, 8);
        FD_SET(pipe[1], set);

        assertThat(SysSelect.select(errno, pipe[1] + 1, set, MemorySegment.NULL, MemorySegment.NULL,
                box.arena.allocate(16, 8))).isEqualTo(-Errno.EBADF);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7, 8, 31, 32, 63, 64, 65, 1022, 1023})
    void shouldKeepEachDescriptorInABitOfItsOwn(int fd) {
        MemorySegment set = box.arena.allocate(FD_SET_BYTES, 8);

        FD_SET(fd, set);
        assertThat(set.get(JAVA_BYTE, fd / 8)).as("the byte C would look at")
                .isEqualTo((byte) (1 << (fd % 8)));
        for (int other = 0; other < SysSelect.FD_SETSIZE; other++) {
            assertThat(FD_ISSET(other, set)).isEqualTo(other == fd);
        }
        set.fill((byte) 0xff);
        FD_CLR(fd, set);
        for (int other = 0; other < SysSelect.FD_SETSIZE; other++) {
            assertThat(FD_ISSET(other, set)).isEqualTo(other != fd);
        }
        FD_ZERO(set);
        assertThat(set.toArray(JAVA_BYTE)).containsOnly(0);
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 1024, Integer.MAX_VALUE})
    void shouldThrowWhereCWouldWritePastTheSet(int fd) {
        MemorySegment set = box.arena.allocate(FD_SET_BYTES, 8);
        String message = "descriptor " + fd + " has no bit in a set of 1024";

        assertThatThrownBy(() -> FD_SET(fd, set))
                .isInstanceOf(IndexOutOfBoundsException.class).hasMessage(message);
        assertThatThrownBy(() -> FD_CLR(fd, set)).hasMessage(message);
        assertThatThrownBy(() -> FD_ISSET(fd, set)).hasMessage(message);
    }

    @Test
    void shouldAddModifyAndDeleteInAnEpollSet() throws IOException {
        int[] pair = box.pair();
        int epoll = box.keep(SysEpoll.epoll_create1(errno, EPOLL_CLOEXEC));
        assertThat(Fcntl.fcntl(errno, epoll, Fcntl.F_GETFD, 0)).isEqualTo(Fcntl.FD_CLOEXEC);
        MemorySegment event = box.arena.allocate(EVENT_BYTES, 8);
        MemorySegment events = box.arena.allocate(4L * EVENT_BYTES, 8);

        SysEpoll.setEvent(event, 0, EPOLLIN, pair[0]);
        assertThat(SysEpoll.epoll_ctl(errno, epoll, EPOLL_CTL_ADD, pair[0], event)).isZero();
        SysEpoll.setEvent(event, 0, EPOLLIN | EPOLLOUT, pair[1]);
        assertThat(SysEpoll.epoll_ctl(errno, epoll, EPOLL_CTL_ADD, pair[1], event)).isZero();
        assertThat(SysEpoll.epoll_wait(errno, epoll, events, 4, 0)).isOne();
        assertThat(SysEpoll.eventFd(events, 0)).isEqualTo(pair[1]);
        assertThat(SysEpoll.eventMask(events, 0)).isEqualTo(EPOLLOUT);

        SysSocket.send(errno, pair[1], box.bytes("x"), 1, 0);
        assertThat(SysEpoll.epoll_wait(errno, epoll, events, 4, 0)).isEqualTo(2);
        assertThat(new int[] {SysEpoll.eventFd(events, 0), SysEpoll.eventFd(events, 1)})
                .as("the second event stands where the kernel put it")
                .containsExactlyInAnyOrder(pair[0], pair[1]);

        SysEpoll.setEvent(event, 0, 0, pair[1]);
        assertThat(SysEpoll.epoll_ctl(errno, epoll, EPOLL_CTL_MOD, pair[1], event)).isZero();
        assertThat(SysEpoll.epoll_wait(errno, epoll, events, 4, 0)).isOne();
        assertThat(SysEpoll.eventMask(events, 0) & MASKS).isEqualTo(EPOLLIN);

        assertThat(SysEpoll.epoll_ctl(errno, epoll, EPOLL_CTL_DEL, pair[0], event)).isZero();
        assertThat(SysEpoll.epoll_wait(errno, epoll, events, 4, 0)).isZero();
        assertThat(SysEpoll.epoll_ctl(errno, epoll, EPOLL_CTL_DEL, pair[0], event))
                .isEqualTo(-Errno.ENOENT);
        assertThat(SysEpoll.epoll_wait(errno, epoll, events, 0, 0)).isEqualTo(-Errno.EINVAL);
        assertThat(SysEpoll.epoll_create1(errno, 1)).isEqualTo(-Errno.EINVAL);
    }

    @Test
    void shouldExplainADescriptorThatIsInTheSetAlready() throws IOException {
        int[] pair = box.pair();
        int epoll = box.keep(SysEpoll.epoll_create1(errno, 0));
        MemorySegment event = box.arena.allocate(EVENT_BYTES, 8);
        SysEpoll.setEvent(event, 0, EPOLLIN, pair[0]);
        SysEpoll.epoll_ctl(errno, epoll, EPOLL_CTL_ADD, pair[0], event);

        assertThatThrownBy(() -> Errno.check(
                SysEpoll.epoll_ctl(errno, epoll, EPOLL_CTL_ADD, pair[0], event),
                "epoll_ctl", "ADD", "fd", pair[0]))
                .isInstanceOf(PosixException.class)
                .hasMessage("epoll_ctl(ADD, fd=" + pair[0] + "): EEXIST (17): File exists");
    }

    @Test
    void shouldKeepADescriptorWholeBesideItsMask() {
        MemorySegment events = box.arena.allocate(3L * EVENT_BYTES, 8);
        SysEpoll.setEvent(events, 0, SysEpoll.EPOLLET | EPOLLIN, Integer.MAX_VALUE);
        SysEpoll.setEvent(events, 1, -1, 0);
        SysEpoll.setEvent(events, 2, SysEpoll.EPOLLEXCLUSIVE, 1_023);

        assertThat(SysEpoll.eventFd(events, 0)).isEqualTo(Integer.MAX_VALUE);
        assertThat(SysEpoll.eventMask(events, 0)).isEqualTo(0x8000_0001);
        assertThat(SysEpoll.eventFd(events, 1)).isZero();
        assertThat(SysEpoll.eventMask(events, 1)).isEqualTo(-1);
        assertThat(SysEpoll.eventFd(events, 2)).isEqualTo(1_023);
    }

    @Test
    void shouldCountInAnEventfd() throws IOException {
        int counter = box.keep(SysEventfd.eventfd(errno, 3, SysEventfd.EFD_NONBLOCK));
        MemorySegment eight = box.arena.allocateFrom(JAVA_LONG, 4);

        assertThat(Unistd.write(errno, counter, eight, 8)).isEqualTo(8);
        assertThat(Unistd.read(errno, counter, eight, 8)).isEqualTo(8);
        assertThat(eight.get(JAVA_LONG, 0)).isEqualTo(7);
        assertThat(Unistd.read(errno, counter, eight, 8)).isEqualTo(-Errno.EAGAIN);
        assertThat(SysEventfd.eventfd(errno, 0, 1 << 30)).isEqualTo(-Errno.EINVAL);
    }
}
