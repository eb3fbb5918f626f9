// SPDX-License-Identifier: MIT
package csdesign.harness;

import csdesign.service.Bytes;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// A client that sends raw bytes and believes nothing: every byte of an answer is
/// compared.
///
/// It fails with an [AssertionError] that says what came instead. No read waits longer
/// than [ServerProcess#PATIENCE].
public final class Client implements AutoCloseable {
    /// The payload, repeated; an answer's byte `i` is `PAYLOAD[i % PAYLOAD.length]`.
    private static final byte[] PAYLOAD = payload();

    private final Socket socket;
    private final InputStream in;
    private final byte[] buffer = new byte[PAYLOAD.length];
    private long received;

    private Client(Socket socket) throws IOException {
        this.socket = socket;
        socket.setTcpNoDelay(true); // each send is a segment of its own
        socket.setSoTimeout((int) ServerProcess.PATIENCE.toMillis());
        in = socket.getInputStream();
    }

    /// Connects.
    public static Client of(ServerProcess server) throws IOException {
        return connect(server, new Socket());
    }

    /// Connects with a small receive buffer: what this client does not read stays the
    /// server's.
    public static Client withSmallWindow(ServerProcess server) throws IOException {
        Socket socket = new Socket();
        socket.setReceiveBufferSize(128 * 1024); // before connect, or the window is agreed already
        return connect(server, socket);
    }

    private static Client connect(ServerProcess server, Socket socket) throws IOException {
        try {
            InetAddress loopback = InetAddress.ofLiteral("127.0.0.1");
            socket.connect(
                    new InetSocketAddress(loopback, server.port()),
                    (int) ServerProcess.PATIENCE.toMillis());
            if (socket.getLocalSocketAddress().equals(socket.getRemoteSocketAddress())) {
                throw new ConnectException("no server there: the socket is connected to itself");
            }
            return new Client(socket);
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    /// This end's port.
    public int localPort() {
        return socket.getLocalPort();
    }

    /// How many bytes came so far.
    public long received() {
        return received;
    }

    /// Sends these characters in one write.
    public Client send(String text) throws IOException {
        return send(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /// Sends these bytes in one write.
    public Client send(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
        return this;
    }

    /// Reads one answer of the service `bytes`, however many reads it takes, and compares
    /// all of it.
    public Client expectAnswer(long count) throws IOException {
        return expectPart(0, count);
    }

    /// Reads the bytes of an answer from one place to another and compares them.
    public Client expectPart(long from, long to) throws IOException {
        for (long at = from; at < to;) {
            int offset = (int) (at % PAYLOAD.length);
            int n = read((int) Math.min(to - at, PAYLOAD.length - offset));
            if (n < 0) {
                throw new AssertionError("the answer ends after " + at + " of " + to + " bytes");
            }
            int wrong = Arrays.mismatch(buffer, 0, n, PAYLOAD, offset, offset + n);
            if (wrong >= 0) {
                throw new AssertionError("byte " + (at + wrong) + " of " + to + " is "
                        + buffer[wrong] + ", expected " + PAYLOAD[offset + wrong] + "; it reads: "
                        + new String(buffer, wrong, Math.min(n - wrong, 80),
                                StandardCharsets.ISO_8859_1));
            }
            at += n;
        }
        return this;
    }

    /// Reads just these bytes.
    public Client expectBytes(byte[] expected) throws IOException {
        byte[] got = in.readNBytes(expected.length);
        int wrong = Arrays.mismatch(got, expected);
        if (wrong >= 0) {
            throw new AssertionError("differs at byte " + wrong + " of " + expected.length
                    + " (" + got.length + " came)");
        }
        return this;
    }

    /// Reads to a line end.
    ///
    /// @return the line without it
    public String readLine() throws IOException {
        StringBuilder line = new StringBuilder();
        while (read(1) == 1) {
            if (buffer[0] == '\n') {
                return line.toString();
            }
            line.append((char) buffer[0]);
        }
        throw new AssertionError("the stream ends within a line: " + line);
    }

    /// The server must close now, in order: the end of the stream, not a reset, and no
    /// byte more.
    public void expectEnd() throws IOException {
        int n = read(1);
        if (n >= 0) {
            throw new AssertionError("expected the end, got a byte " + buffer[0]);
        }
    }

    /// Reads and throws away until the stream ends in whichever way.
    ///
    /// @return how many bytes came
    public long drain() {
        long total = 0;
        try {
            for (int n; (n = in.read(buffer)) >= 0;) {
                total += n;
            }
        } catch (SocketException reset) {
            // an end too, where the caller cares only that there is one
        } catch (IOException e) {
            throw new AssertionError("no end after " + total + " bytes: " + e.getMessage(), e);
        }
        return total;
    }

    /// Whether bytes, not the end, are here to be read.
    public boolean hasBytes() throws IOException {
        return in.available() > 0;
    }

    /// Says that it sends no more.
    public Client halfClose() throws IOException {
        socket.shutdownOutput();
        return this;
    }

    /// Leaves in order, before the block that [#close] ends.
    public void leave() throws IOException {
        socket.close();
    }

    /// Leaves by a RST.
    public void reset() throws IOException {
        if (!socket.isClosed()) {
            socket.setSoLinger(true, 0);
            socket.close();
        }
    }

    private int read(int most) throws IOException {
        try {
            int n = in.read(buffer, 0, most);
            received += Math.max(n, 0);
            return n;
        } catch (SocketException e) {
            throw new AssertionError("the connection was reset: " + e.getMessage(), e);
        }
    }

    private static byte[] payload() {
        ByteBuffer payload = Bytes.payload();
        byte[] bytes = new byte[payload.remaining()];
        payload.get(bytes);
        return bytes;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
