// SPDX-License-Identifier: MIT
package csdesign.drive;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/// A connection by the JDK's blocking channel: runs anywhere.
record ChannelWire(SocketChannel channel) implements Wire {
    /// How much of a request's rest is read at once.
    private static final int REST_BYTES = 1024;

    @Override
    public int read(ByteBuffer in) throws IOException {
        return channel.read(in);
    }

    @Override
    public int readWithin(ByteBuffer in, int millis) throws IOException {
        channel.socket().setSoTimeout(millis);
        byte[] rest = new byte[REST_BYTES];
        int n = channel.socket().getInputStream().read(rest);
        in.put(rest, 0, Math.max(n, 0));
        return n;
    }

    @Override
    public boolean hasBytes() throws IOException {
        return channel.socket().getInputStream().available() > 0;
    }

    @Override
    public int write(ByteBuffer bytes) throws IOException {
        return channel.write(bytes);
    }

    @Override
    public long sendFile(Path file, long offset, long count) throws IOException {
        try (FileChannel from = FileChannel.open(file)) {
            return from.transferTo(offset, count, channel);
        }
    }

    @Override
    public void shutdownOutput() throws IOException {
        channel.shutdownOutput();
    }

    @Override
    public void shutdownInput() throws IOException {
        if (!hasBytes()) { // the JDK would not read them any more, where shutdown(2) leaves them
            channel.shutdownInput();
        }
    }

    @Override
    public void abort() throws IOException {
        channel.close();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
