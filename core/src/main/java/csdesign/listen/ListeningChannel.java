// SPDX-License-Identifier: MIT
package csdesign.listen;

import csdesign.kit.Log;
import csdesign.kit.Nullable;
import csdesign.kit.Scoreboard;
import csdesign.kit.Server;
import csdesign.kit.Stop;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.Queue;

/// A listening socket of the JDK, whose accept blocks, with the two policies that no
/// design is about: what to do when accept fails, and how to stop.
///
/// **When accept fails** `AcceptFailures` decides. The JDK gives no errno, only a text in
/// the user's language: a lack of descriptors is known by a second socket that cannot be
/// opened either.
///
/// **How to stop.** Closing a channel ends an accept in another thread, but it also
/// resets every connection that waits in the queue. So at a stop the channel makes one
/// connection to itself, which wakes accept. The whole queue is taken at once, the
/// channel is closed, and the connections are handed out one by one. Plain Java has no
/// call that keeps newcomers out before: a connection that completes between the last
/// accept and the close is reset. [ListeningSocket] has such a call.
public final class ListeningChannel implements AutoCloseable {
    private final ServerSocketChannel channel;
    private final InetSocketAddress address;
    private final Stop stop;
    private final Log log;
    private final AcceptFailures failures;
    private final Scoreboard.Row row;
    private final Stop.Watching watching;
    private final Queue<SocketChannel> queue = new ArrayDeque<>();
    private volatile @Nullable SocketAddress bell;

    private ListeningChannel(ServerSocketChannel channel, Server server) throws IOException {
        this.channel = channel;
        this.address = (InetSocketAddress) channel.getLocalAddress();
        this.stop = server.stop();
        this.row = server.scoreboard().row(0);
        this.log = new Log(server);
        this.failures = new AcceptFailures(server, log);
        this.watching = stop.watch(this::ring);
    }

    /// Binds and listens.
    ///
    /// @param server where, and with which backlog
    /// @return the socket
    /// @throws IOException when the address is taken, or not ours
    public static ListeningChannel open(Server server) throws IOException {
        ServerSocketChannel channel = ServerSocketChannel.open();
        try {
            // After a stop, connections in TIME_WAIT must not keep the next server from the port.
            channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
            channel.bind(server.address(), server.limits().backlog());
            return new ListeningChannel(channel, server);
        } catch (IOException e) {
            channel.close();
            throw new IOException("bind(" + server.address() + "): " + e.getMessage(), e);
        }
    }

    /// The port, also when port 0 was asked for.
    ///
    /// @return 1 to 65,535
    public int port() {
        return address.getPort();
    }

    /// Waits for the next connection.
    ///
    /// @return the connection, in blocking mode; null after a stop, once the queue is
    ///     empty
    public @Nullable SocketChannel accept() {
        while (!stop.requested()) {
            try {
                SocketChannel client = channel.accept();
                failures.success();
                if (isBell(client)) {
                    client.close();
                } else {
                    return prepared(client);
                }
            } catch (IOException e) {
                if (!channel.isOpen()) {
                    return null;
                }
                onFailure(e);
            }
        }
        while (queue.isEmpty() && channel.isOpen() && !stop.graceIsOver()) {
            takeQueue();
        }
        return stop.graceIsOver() ? null : queue.poll();
    }

    /// An answer of several writes must not wait for the peer's delayed ACK.
    private static SocketChannel prepared(SocketChannel client) throws IOException {
        try {
            return client.setOption(StandardSocketOptions.TCP_NODELAY, true);
        } catch (IOException e) {
            client.close();
            throw e;
        }
    }

    /// Takes all who wait and closes the door. When descriptors run out, those who were
    /// taken are served first, and may leave some.
    private void takeQueue() {
        try {
            channel.configureBlocking(false);
            for (SocketChannel client; (client = channel.accept()) != null;) {
                if (isBell(client)) {
                    client.close();
                } else {
                    queue.add(prepared(client));
                }
            }
            closeChannel();
        } catch (IOException e) {
            if (queue.isEmpty()) {
                onFailure(e);
            }
        }
    }

    private void onFailure(IOException cause) {
        AcceptFailures.Kind kind = anotherCanBeOpened()
                ? AcceptFailures.Kind.UNKNOWN
                : AcceptFailures.Kind.SHORTAGE;
        switch (failures.judge(kind, "accept: " + cause.getMessage())) {
            case GIVE_UP -> closeChannel();
            case PAUSE -> pause();
            case AGAIN, EMPTY -> {}
        }
    }

    private static boolean anotherCanBeOpened() {
        try (SocketChannel _ = SocketChannel.open()) {
            return true;
        } catch (IOException none) {
            return false;
        }
    }

    private void pause() {
        try {
            Thread.sleep(AcceptFailures.PAUSE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            close();
        }
    }

    /// On the thread of the signal: makes the connection that ends a waiting accept.
    private void ring() {
        if (!channel.isOpen() || bell != null) {
            return;
        }
        InetAddress host = address.getAddress();
        InetAddress reachable = host.isAnyLocalAddress() ? InetAddress.getLoopbackAddress() : host;
        try (SocketChannel self = SocketChannel.open()) {
            self.bind(new InetSocketAddress(reachable, 0));
            bell = self.getLocalAddress();
            self.connect(new InetSocketAddress(reachable, address.getPort()));
            SelfConnection.refuse(self); // the listener may have closed before
        } catch (IOException full) {
            // A queue that is full wakes accept too; no descriptor left: accept is pausing anyway.
        }
    }

    private boolean isBell(SocketChannel client) throws IOException {
        return bell != null && client.getRemoteAddress().equals(bell);
    }

    private void closeChannel() {
        watching.close();
        try {
            channel.close();
        } catch (IOException e) {
            log.warn("close: " + e.getMessage());
        }
    }

    /// Closes it, and all who waited and were not handed out: the grace was over before
    /// their turn came, and they are counted.
    @Override
    public void close() {
        if (stop.requested() && channel.isOpen()) {
            takeQueue();
        }
        closeChannel();
        for (SocketChannel client; (client = queue.poll()) != null;) {
            row.cut(1);
            try {
                client.close();
            } catch (IOException e) {
                log.warn("close: " + e.getMessage());
            }
        }
    }
}
