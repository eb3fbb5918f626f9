// SPDX-License-Identifier: MIT
package csdesign.kit;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/// A listening socket of the JDK, whose accept blocks, with the two policies that no design is
/// about: what to do when accept fails, and how to stop.
///
/// **When accept fails**, whatever the cause, accepting pauses for [#PAUSE_MILLIS] and one line a
/// second says so. The JDK gives no errno, only a text, so causes are not told apart.
///
/// **How to stop.** Closing a channel ends an accept in another thread, but also resets every
/// connection that waits in its queue. So a stop makes one connection of its own, which wakes
/// accept; the queue is emptied, and then the channel is closed. Plain Java has no call that closes
/// the door before: a connection that completes between the last accept and the close is reset.
/// [ListeningSocket] has one.
public final class ListeningChannel implements AutoCloseable {
    /// How long accepting pauses, in milliseconds.
    public static final long PAUSE_MILLIS = ListeningSocket.PAUSE_MILLIS;

    private final ServerSocketChannel channel;
    private final InetSocketAddress address;
    private final Stop stop;
    private final Log log;
    private final Stop.Watching watching;
    private volatile @Nullable SocketAddress bell;

    private ListeningChannel(ServerSocketChannel channel, Server server) throws IOException {
        this.channel = channel;
        this.address = (InetSocketAddress) channel.getLocalAddress();
        this.stop = server.stop();
        this.log = new Log(server.slug());
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
    /// @return the connection, in blocking mode; null after a stop, once the queue is empty
    public @Nullable SocketChannel accept() {
        while (true) {
            try {
                if (stop.requested()) {
                    channel.configureBlocking(false);
                }
                SocketChannel client = channel.accept();
                if (client == null || stop.graceIsOver()) {
                    close();
                    return null;
                }
                if (isBell(client)) {
                    client.close();
                    continue;
                }
                // An answer of several writes must not wait for the peer's delayed ACK.
                client.setOption(StandardSocketOptions.TCP_NODELAY, true);
                return client;
            } catch (IOException e) {
                if (!channel.isOpen()) {
                    return null;
                }
                pause(e);
            }
        }
    }

    private void pause(IOException cause) {
        log.warn("accept: " + cause.getMessage() + ": accepting pauses " + PAUSE_MILLIS
                + " ms; connections wait in the backlog."
                + " Raise the limit (ulimit -n), or lower --max-connections below it");
        try {
            Thread.sleep(PAUSE_MILLIS);
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
        } catch (IOException full) {
            // A queue that is full wakes accept too; no descriptor left: accept is pausing anyway.
        }
    }

    private boolean isBell(SocketChannel client) throws IOException {
        return bell != null && client.getRemoteAddress().equals(bell);
    }

    @Override
    public void close() {
        watching.close();
        try {
            channel.close();
        } catch (IOException e) {
            log.warn("close: " + e.getMessage());
        }
    }
}
