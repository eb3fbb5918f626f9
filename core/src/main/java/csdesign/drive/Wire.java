// SPDX-License-Identifier: MIT
package csdesign.drive;

import java.io.Closeable;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/// A connection as the blocking driver uses it: a JDK channel, or a descriptor.
interface Wire extends Closeable {
    /// Waits for bytes.
    ///
    /// @return how many, 1 or more; -1 at the end
    int read(ByteBuffer in) throws IOException;

    /// Waits for bytes, but not for ever.
    ///
    /// @throws SocketTimeoutException when none came within so many milliseconds
    int readWithin(ByteBuffer in, int millis) throws IOException;

    /// Whether bytes are here, or the end is.
    boolean hasBytes() throws IOException;

    /// Writes, perhaps less than asked.
    int write(ByteBuffer bytes) throws IOException;

    /// Writes a part of a file.
    ///
    /// @return how much of it; 0 when the file is shorter than that
    long sendFile(Path file, long offset, long count) throws IOException;

    /// Says that all was said.
    void shutdownOutput() throws IOException;

    /// Ends a read that waits, as if the client had closed its half; what has come before
    /// is read all the same. From any thread.
    void shutdownInput() throws IOException;

    /// Ends whatever is under way with an error. From any thread.
    void abort() throws IOException;
}
