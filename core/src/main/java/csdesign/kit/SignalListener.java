// SPDX-License-Identifier: MIT
package csdesign.kit;

import csdesign.posix.Errno;
import csdesign.posix.Signal;
import csdesign.posix.SignalPipe;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.stream.IntStream;

/// The thread that receives the signals to stop. It exists from the start and needs
/// nothing new when a signal comes. So a server can be stopped even when the system has
/// no thread, no memory and no descriptor left. See [SignalPipe].
final class SignalListener {
    private SignalListener() {}

    /// Receives signals as long as the process lives.
    ///
    /// @param stop is told of each
    /// @throws IOException when there is no thread, descriptor or memory for it
    static void start(Stop stop) throws IOException {
        SignalPipe signals = SignalPipe.open(signals());
        try {
            Thread.ofPlatform().daemon().name("signals").start(() -> listen(signals, stop));
        } catch (OutOfMemoryError noThread) {
            throw new IOException("no thread to hear signals: " + noThread.getMessage()
                    + ". Raise the limit (ulimit -u)", noThread);
        }
    }

    /// A signal that was ignored when this process was started stays ignored, except
    /// SIGTERM: see [Stop#onSignals].
    private static int[] signals() {
        try (Arena arena = Arena.ofConfined()) {
            Errno errno = Errno.allocate(arena);
            return IntStream.of(Signal.SIGTERM, Signal.SIGINT, Signal.SIGHUP)
                    .filter(signal -> signal == Signal.SIGTERM || !Signal.isIgnored(errno, signal))
                    .toArray();
        }
    }

    private static void listen(SignalPipe signals, Stop stop) {
        signals.unblock();
        try {
            while (true) {
                int _ = signals.next();
                stop.signal();
            }
        } catch (IOException e) {
            stop.request(); // a server that cannot be told to stop must not go on
        }
    }
}
