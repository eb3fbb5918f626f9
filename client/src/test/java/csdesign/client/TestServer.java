// SPDX-License-Identifier: MIT
package csdesign.client;

import csdesign.service.Bytes;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/// A server whose every connection follows a script: right, or wrong in one way.
final class TestServer implements AutoCloseable {
    /// What is done with a connection until it is closed.
    @FunctionalInterface
    interface Script {
        void serve(TestServer server, Socket client) throws IOException;
    }

    final AtomicInteger connections = new AtomicInteger();
    final AtomicInteger answers = new AtomicInteger();
    final List<String> requests = new CopyOnWriteArrayList<>();
    final List<InetAddress> peers = new CopyOnWriteArrayList<>();
    final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final ServerSocket listener;
    private final boolean iterative;

    /// A thread for each connection.
    TestServer(Script script) throws IOException {
        this(script, false);
    }

    /// With `iterative`, one connection after the other.
    TestServer(Script script, boolean iterative) throws IOException {
        this.iterative = iterative;
        listener = new ServerSocket();
        listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1_000);
        Thread.ofPlatform().daemon().name("test-server").start(() -> accept(script));
    }

    int port() {
        return listener.getLocalPort();
    }

    private void accept(Script script) {
        try {
            while (true) {
                Socket client = listener.accept();
                client.setTcpNoDelay(true);
                connections.incrementAndGet();
                peers.add(client.getInetAddress());
                if (iterative) {
                    serve(script, client);
                } else {
                    Thread.ofVirtual().start(() -> serve(script, client));
                }
            }
        } catch (IOException closed) {
            // the end of the test
        }
    }

    private void serve(Script script, Socket client) {
        open.add(client);
        try (client) {
            script.serve(this, client);
        } catch (IOException gone) {
            // the client's affair
        } finally {
            open.remove(client);
        }
    }

    /// Reads a request as the original server does: whatever one read brings.
    ///
    /// @return the count, or -1 at the end
    int request(Socket client) throws IOException {
        byte[] bytes = new byte[64];
        InputStream in = client.getInputStream();
        int n = in.read(bytes);
        if (n < 0) {
            return -1;
        }
        String request = new String(bytes, 0, n, StandardCharsets.US_ASCII);
        requests.add(request);
        return Integer.parseInt(request.strip());
    }

    /// Sends bytes of the payload, right or not.
    void answer(Socket client, byte[] bytes) throws IOException {
        OutputStream out = client.getOutputStream();
        answers.incrementAndGet(); // before: the client may be done before we are
        out.write(bytes);
    }

    /// The right answer.
    static byte[] payload(int count) {
        ByteBuffer payload = Bytes.payload();
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++) {
            bytes[i] = payload.get(i % Bytes.PATTERN_BYTES);
        }
        return bytes;
    }

    /// Answers rightly until the client ends.
    static void right(TestServer server, Socket client) throws IOException {
        for (int count = server.request(client); count >= 0; count = server.request(client)) {
            server.answer(client, payload(count));
        }
    }

    /// Never answers.
    static void silent(TestServer server, Socket client) throws IOException {
        int count = 0;
        while (count >= 0) {
            count = server.request(client);
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (Socket client : open) {
            client.close();
        }
    }
}
