// SPDX-License-Identifier: MIT
package csdesign.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import csdesign.lab.SendMeter.Cost;
import csdesign.lab.SendMeter.Sender;
import csdesign.posix.Errno;
import csdesign.posix.SysSocket;
import csdesign.posix.Unistd;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

/// What sending costs, by the figures of the thread that sends.
class SendMeterTest {
    @Test
    void shouldMeasureOnlyWhatTheSendingThreadDoes() throws Exception {
        try (SendMeter meter = new SendMeter(); Sockets sockets = new Sockets()) {
            int listener = sockets.listen(0, 1);
            sockets.set(listener, SysSocket.SOL_SOCKET, SysSocket.SO_RCVBUF, 4 * 1024);
            int client = sockets.connect(sockets.port(listener));
            int server = sockets.accept(listener);
            int bytes = 16 * 1024 * 1024;
            MemorySegment memory = Arena.ofAuto().allocate(bytes);
            Way<Sender> write = new Way<>("write", new Sender(server, (errno, count) -> {
                Errno.check(Unistd.write(errno, client, memory, count), "write");
                return 1;
            }));
            CRC32C zeros = new CRC32C();
            zeros.update(new byte[3]);
            Way<Sender> failing = new Way<>("failing", new Sender(server, (errno, count) -> {
                throw new IOException("cannot");
            }));

            Cost cost = meter.compare(List.of(write), 3, 2, bytes).of(write);
            assertThat(cost.calls()).isEqualTo(2);
            assertThat(cost.reads()).isZero();
            assertThat(cost.writes()).isIn(2L, 0L); // 0: a kernel that does not count
            assertThat(cost.cpuNanos()).isBetween(1L, cost.nanos());
            assertThat(meter.sleepsIn(write, bytes)).as("write on x86-64, on aarch64")
                    .isIn(1L, 64L, -1L);
            assertThat(meter.checksum(meter.begin(write, 3), write, 3)).isEqualTo(zeros.getValue());
            assertThatThrownBy(() -> meter.compare(List.of(failing), 1, 1, bytes))
                    .hasMessageContaining("cannot");
        }
    }

    @Test
    void shouldMakeAFileOfWhichNoPartIsLikeAnother() throws IOException {
        try (Sockets sockets = new Sockets(); Arena arena = Arena.ofConfined()) {
            int file = sockets.file(128 * 1024);
            try (FileChannel channel = FileChannel.open(Path.of("/proc/self/fd/" + file))) {
                MemorySegment all = channel.map(MapMode.READ_ONLY, 0, channel.size(), arena);
                assertThat(all.byteSize()).isEqualTo(128 * 1024);
                assertThat(all.asSlice(0, 64 * 1024).mismatch(all.asSlice(64 * 1024)))
                        .isNotNegative();
                CRC32C sum = new CRC32C();
                sum.update(all.asSlice(0, 9).asByteBuffer());
                assertThat(SendMeter.checksum(channel, 9)).isEqualTo(sum.getValue());
            }
        }
    }
}
