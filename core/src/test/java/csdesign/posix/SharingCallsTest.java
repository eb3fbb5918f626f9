// SPDX-License-Identifier: MIT
package csdesign.posix;

import static csdesign.posix.SysSocket.MSG_CMSG_CLOEXEC;
import static csdesign.posix.SysSocket.MSG_DONTWAIT;
import static csdesign.posix.SysSocket.MSG_NOSIGNAL;
import static csdesign.posix.SysSocket.MSG_PEEK;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// What processes share: files in memory, descriptors under other numbers and in messages.
class SharingCallsTest {
    // struct cmsghdr { size_t cmsg_len; int cmsg_level; int cmsg_type; }, then the descriptor
    private static final int CMSG_LEN = 20;
    private static final int CMSG_SPACE = 24;

    private final Sandbox box = new Sandbox();
    private final Errno errno = box.errno;

    @AfterEach
    void close() {
        box.close();
    }

    @Test
    void shouldMakeAFileWithoutANameAsLongAsAsked() throws IOException {
        MemorySegment name = box.arena.allocateFrom("csdesign-shared");
        int fd = box.keep(SysMman.memfd_create(errno, name, SysMman.MFD_CLOEXEC));
        assertThat(fd).isPositive();
        Path link = Path.of("/proc/self/fd/" + fd);

        assertThat(Files.readSymbolicLink(link)).hasToString("/memfd:csdesign-shared (deleted)");
        assertThat(Files.size(link)).isZero();
        assertThat(Unistd.ftruncate(errno, fd, 12_345)).isZero();
        assertThat(Files.size(link)).isEqualTo(12_345);
        assertThat(Fcntl.fcntl(errno, fd, Fcntl.F_GETFD, 0)).isEqualTo(Fcntl.FD_CLOEXEC);
        int inherited = box.keep(SysMman.memfd_create(errno, name, 0));
        assertThat(Fcntl.fcntl(errno, inherited, Fcntl.F_GETFD, 0)).isZero();
        assertThat(SysMman.memfd_create(errno, name, -1)).isEqualTo(-Errno.EINVAL);
        assertThat(Unistd.ftruncate(errno, fd, -1)).isEqualTo(-Errno.EINVAL);
    }

    @Test
    void shouldReadFromAPlaceAndLeaveTheOffsetAlone() throws IOException {
        int fd = box.keep(SysMman.memfd_create(errno, box.bytes("place\0"), SysMman.MFD_CLOEXEC));
        assertThat(Unistd.write(errno, fd, box.bytes("abcdef"), 6)).isEqualTo(6);
        MemorySegment buffer = box.arena.allocate(8);

        assertThat(Unistd.pread(errno, fd, buffer, 3, 2)).isEqualTo(3);
        assertThat(Sandbox.text(buffer, 3)).isEqualTo("cde");
        assertThat(Unistd.pread(errno, fd, buffer, 8, 6)).as("at the end").isZero();
        assertThat(Unistd.read(errno, fd, buffer, 8)).as("where write left it").isZero();
        assertThat(Unistd.pread(errno, box.pipe(0)[0], buffer, 8, 0)).isEqualTo(-Errno.ESPIPE);
    }

    @Test
    void shouldMoveAMappingAndProtectIt() {
        int protection = SysMman.PROT_READ | SysMman.PROT_WRITE;
        int flags = SysMman.MAP_PRIVATE | SysMman.MAP_ANONYMOUS;
        long from = SysMman.mmap(errno, 4_096, protection, flags);
        long to = SysMman.mmap(errno, 4_096, protection, flags);
        try {
            assertThat(from).isPositive();
            at(from).set(JAVA_INT, 0, 42);
            at(to).set(JAVA_INT, 0, 43);
            int moveThere = SysMman.MREMAP_MAYMOVE | SysMman.MREMAP_FIXED;
            assertThat(SysMman.mremap(errno, from, 4_096, moveThere, to)).isEqualTo(to);
            assertThat(at(to).get(JAVA_INT, 0)).isEqualTo(42);
            assertThat(SysMman.mremap(errno, from, 4_096, moveThere, to))
                    .as("nothing is there any more").isEqualTo(-Errno.EFAULT);
            assertThat(SysMman.mprotect(errno, to, 4_096, SysMman.PROT_READ)).isZero();
            assertThat(rightsOf(to)).isEqualTo("r--p");
            assertThat(SysMman.mprotect(errno, from, 4_096, SysMman.PROT_READ))
                    .isEqualTo(-Errno.ENOMEM);
        } finally {
            assertThat(SysMman.munmap(errno, to, 4_096)).isZero();
        }
        assertThat(SysMman.mmap(errno, 0, protection, flags)).isEqualTo(-Errno.EINVAL);
        assertThat(SysMman.munmap(errno, 1, 4_096)).isEqualTo(-Errno.EINVAL);
        assertThat(SysMman.madvise(errno, 1, 4_096, SysMman.MADV_HUGEPAGE))
                .isEqualTo(-Errno.EINVAL);
    }

    @SuppressWarnings("restricted")
    private static MemorySegment at(long address) {
        return MemorySegment.ofAddress(address).reinterpret(4_096);
    }

    private static String rightsOf(long address) {
        try (Stream<String> maps = Files.lines(Path.of("/proc/self/maps"))) {
            return maps.filter(line -> line.startsWith(Long.toHexString(address) + "-"))
                    .map(line -> line.split(" ", -1)[1]).findFirst().orElse("no mapping");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void shouldGiveAnOpenFileANumberFarAway() throws IOException {
        int[] pipe = box.pipe(0);
        int aside = box.keep(Fcntl.fcntl(errno, pipe[1], Fcntl.F_DUPFD_CLOEXEC, 500));

        assertThat(aside).isGreaterThanOrEqualTo(500);
        assertThat(Fcntl.fcntl(errno, pipe[1], Fcntl.F_GETFD, 0)).isZero();
        assertThat(Fcntl.fcntl(errno, aside, Fcntl.F_GETFD, 0)).isEqualTo(Fcntl.FD_CLOEXEC);
        assertThat(read(pipe[0], aside)).as("the same pipe").isEqualTo("x");
        assertThat(Fcntl.fcntl(errno, pipe[1], Fcntl.F_DUPFD_CLOEXEC, -1))
                .isEqualTo(-Errno.EINVAL);
    }

    @Test
    void shouldLeaveBytesThatAreOnlyLookedAt() throws IOException {
        int[] pair = box.pair();
        MemorySegment buffer = box.arena.allocate(8);
        assertThat(SysSocket.send(errno, pair[0], box.bytes("abc"), 3, MSG_NOSIGNAL)).isEqualTo(3);

        assertThat(SysSocket.recv(errno, pair[1], buffer, 1, MSG_PEEK)).isOne();
        assertThat(SysSocket.recv(errno, pair[1], buffer, 8, MSG_PEEK)).isEqualTo(3);
        assertThat(SysSocket.recv(errno, pair[1], buffer, 8, 0)).isEqualTo(3);
        assertThat(Sandbox.text(buffer, 3)).isEqualTo("abc");
        assertThat(SysSocket.recv(errno, pair[1], buffer, 8, MSG_PEEK | MSG_DONTWAIT))
                .isEqualTo(-Errno.EAGAIN);
    }

    @Test
    void shouldKeepMessagesApart() throws IOException {
        int[] pair = box.pair(SysSocket.SOCK_SEQPACKET);
        MemorySegment buffer = box.arena.allocate(8);
        SysSocket.send(errno, pair[0], box.bytes("ab"), 2, 0);
        SysSocket.send(errno, pair[0], box.bytes("cde"), 3, 0);
        SysSocket.shutdown(errno, pair[0], SysSocket.SHUT_WR);

        assertThat(SysSocket.recv(errno, pair[1], buffer, 8, 0)).isEqualTo(2);
        assertThat(SysSocket.recv(errno, pair[1], buffer, 8, 0)).isEqualTo(3);
        assertThat(Sandbox.text(buffer, 3)).isEqualTo("cde");
        assertThat(SysSocket.recv(errno, pair[1], buffer, 8, 0)).as("the end").isZero();
    }

    @Test
    void shouldPassADescriptorInAMessage() throws IOException {
        int[] pair = box.pair();
        int[] pipe = box.pipe(0);
        MemorySegment control = box.arena.allocate(CMSG_SPACE, 8);
        control.set(JAVA_LONG, 0, CMSG_LEN);
        control.set(JAVA_INT, 8, SysSocket.SOL_SOCKET);
        control.set(JAVA_INT, 12, SysSocket.SCM_RIGHTS);
        control.set(JAVA_INT, 16, pipe[1]);
        assertThat(SysSocket.sendmsg(errno, pair[0], message(control), MSG_NOSIGNAL)).isOne();

        MemorySegment received = box.arena.allocate(CMSG_SPACE, 8);
        assertThat(SysSocket.recvmsg(errno, pair[1], message(received), MSG_CMSG_CLOEXEC)).isOne();
        assertThat(received.get(JAVA_LONG, 0)).isEqualTo(CMSG_LEN);
        assertThat(received.get(JAVA_INT, 8)).isEqualTo(SysSocket.SOL_SOCKET);
        assertThat(received.get(JAVA_INT, 12)).isEqualTo(SysSocket.SCM_RIGHTS);
        int passed = box.keep(received.get(JAVA_INT, 16));
        assertThat(passed).isPositive().isNotIn(pipe[0], pipe[1], pair[0], pair[1]);
        assertThat(Fcntl.fcntl(errno, passed, Fcntl.F_GETFD, 0)).isEqualTo(Fcntl.FD_CLOEXEC);
        assertThat(read(pipe[0], passed)).as("the same pipe").isEqualTo("x");
    }

    /// A `struct msghdr` of one byte and of control data.
    private MemorySegment message(MemorySegment control) {
        MemorySegment vector = box.arena.allocate(SysSocket.IOVEC_BYTES, 8);
        vector.set(ADDRESS, 0, box.arena.allocate(1));
        vector.set(JAVA_LONG, 8, 1);
        MemorySegment message = box.arena.allocate(SysSocket.MSGHDR_BYTES, 8);
        message.set(ADDRESS, 16, vector);
        message.set(JAVA_LONG, 24, 1);
        message.set(ADDRESS, 32, control);
        message.set(JAVA_LONG, 40, control.byteSize());
        return message;
    }

    /// What comes out of one end when a letter is put into the other.
    private String read(int from, int to) {
        MemorySegment buffer = box.arena.allocate(8);
        assertThat(Unistd.write(errno, to, box.bytes("x"), 1)).isOne();
        return Sandbox.text(buffer, Unistd.read(errno, from, buffer, 8));
    }
}
