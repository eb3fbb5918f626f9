// SPDX-License-Identifier: MIT
package csdesign.wire;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/// A connection by the JDK's blocking channel: runs anywhere.
///
/// @param channel in blocking mode
public record ChannelWire(SocketChannel channel) implements Wire {
    @Override
    public int read(ByteBuffer in) throws IOException {
        return channel.read(in);
    }

    @Override
    public int readWithin(ByteBuffer in, long nanos) throws IOException {
        if (nanos <= 0) {
            return hasBytes() ? channel.read(in) : 0;
        }
        byte[] bytes = new byte[in.remaining()];
        try {
            channel.socket().setSoTimeout(millis(nanos));
            int n = channel.socket().getInputStream().read(bytes);
            in.put(bytes, 0, Math.max(n, 0));
            return n;
        } catch (SocketTimeoutException none) {
            return 0;
        }
    }

    /// Rounded up, because 0 would mean without end.
    private static int millis(long nanos) {
        return Math.clamp((nanos + 999_999) / 1_000_000, 1, Integer.MAX_VALUE);
    }

    private boolean hasBytes() throws IOException {
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
