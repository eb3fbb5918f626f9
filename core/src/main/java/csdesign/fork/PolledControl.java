// SPDX-License-Identifier: MIT
package csdesign.fork;

import csdesign.cost.Control;
import csdesign.cost.Costs;
import csdesign.kit.Server;
import csdesign.posix.Errno;
import csdesign.posix.Unistd;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// [Control] without a thread: a loop polls standard input together with its other
/// descriptors, in a process that must not have a second thread.
public final class PolledControl implements AutoCloseable {
    private static final int STANDARD_INPUT = 0;
    private static final int READ_BYTES = 256;

    private final Arena arena = Arena.ofConfined();
    private final Errno errno = Errno.allocate(arena);
    private final MemorySegment bytes = arena.allocate(READ_BYTES);
    private final StringBuilder line = new StringBuilder();
    private final Server server;
    private boolean open;

    /// Listens if the server takes commands.
    ///
    /// @param server asked and stopped
    public PolledControl(Server server) {
        this.server = server;
        open = server.control();
    }

    /// What to watch for reading.
    ///
    /// @return standard input; -1, which poll(2) passes over, when no commands are taken
    public int fd() {
        return open ? STANDARD_INPUT : -1;
    }

    /// Reads what is there, answers whole lines, and stops the server at the end.
    public void onReadable() {
        long n = Unistd.read(errno, STANDARD_INPUT, bytes, READ_BYTES);
        if (n == -Errno.EINTR || n == -Errno.EAGAIN) {
            return;
        }
        if (n <= 0) {
            open = false;
            server.stop().request();
            return;
        }
        for (long i = 0; i < n; i++) {
            char c = (char) bytes.get(ValueLayout.JAVA_BYTE, i);
            if (c == '\n') {
                server.out()
                        .println(
                                Control.answer(
                                        line.toString(),
                                        () -> Costs.soFarBySmall(server.scoreboard())));
                line.setLength(0);
            } else if (line.length() < READ_BYTES) {
                line.append(c);
            }
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
