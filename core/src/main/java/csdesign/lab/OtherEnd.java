// SPDX-License-Identifier: MIT
package csdesign.lab;

import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/// The other end of a connection, played by a thread of its own: it waits for this end,
/// and this end for it. The thread uses the network of the one that starts it.
///
/// @param <T> what the other end saw
final class OtherEnd<T> {
    private final FutureTask<T> play;

    private OtherEnd(FutureTask<T> play) {
        this.play = play;
    }

    /// Begins to play it.
    ///
    /// @param play what it does, with sockets of its own
    static <T> OtherEnd<T> begin(Callable<T> play) {
        FutureTask<T> task = new FutureTask<>(play);
        Thread.ofPlatform().name("other end").start(task);
        return new OtherEnd<>(task);
    }

    /// Waits until it has played.
    ///
    /// @return what it saw
    /// @throws IOException its own failure
    T await() throws IOException, InterruptedException {
        try {
            return play.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException failed ? failed : new IOException(e);
        }
    }
}
