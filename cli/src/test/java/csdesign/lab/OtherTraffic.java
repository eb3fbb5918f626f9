// SPDX-License-Identifier: MIT
package csdesign.lab;

import csdesign.posix.SysSocket;
import java.io.IOException;
import java.util.concurrent.locks.LockSupport;

/// What else goes on at 127.0.0.1 while a lab runs that has no network of its own: connections that leave a
/// TIME_WAIT at either end, RSTs, delayed ACKs, and a listener whose queue is full. All that the kernel counts for a
/// whole network grows meanwhile.
final class OtherTraffic implements AutoCloseable {
    private static final long PAUSE_NANOS = 5_000_000; // it is to be there, and not to fill the machine

    private final Thread thread = Thread.ofPlatform().daemon().name("other traffic")
            .start(this::run);
    private volatile boolean ends;

    private void run() {
        try (Sockets full = new Sockets()) {
            int narrow = full.port(full.listen(0, 0));
            full.connect(narrow);
            while (!ends) {
                try (Sockets sockets = new Sockets()) {
                    int listener = sockets.listen(0, 3);
                    int port = sockets.port(listener);
                    sockets.beginConnect(narrow); // its SYN is dropped
                    end(sockets, listener, port, true);
                    end(sockets, listener, port, false);
                    int reset = sockets.connect(port);
                    sockets.linger(reset, 0);
                    sockets.close(reset);
                }
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        } catch (IOException e) {
            throw new IllegalStateException("the other traffic", e); // the labs go on without it
        }
    }

    private static void end(Sockets sockets, int listener, int port, boolean clientFirst)
            throws IOException {
        int client = sockets.connect(port);
        int server = sockets.accept(listener);
        sockets.send(client, "hello", SysSocket.MSG_NOSIGNAL);
        sockets.close(clientFirst ? client : server);
        sockets.close(clientFirst ? server : client);
    }

    @Override
    public void close() {
        ends = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // it ends without a witness
        }
    }
}
