// SPDX-License-Identifier: MIT
package csdesign.wire;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/// A connection in blocking mode, as the blocking driver uses it. Whatever fails is an
/// IOException, and the connection is then of no use but to be closed.
public interface Wire extends Closeable {
    /// Waits for bytes.
    ///
    /// @param in a direct buffer, with room for at least one
    /// @return how many, 1 or more; -1 at the end
    /// @throws IOException when the connection has failed
    int read(ByteBuffer in) throws IOException;

    /// Waits for bytes, but not for ever.
    ///
    /// @param in a direct buffer, with room for at least one
    /// @param nanos how long at most; 0 or less takes only what is here
    /// @return how many, 1 or more; -1 at the end; 0 when none came in time
    /// @throws IOException when the connection has failed
    int readWithin(ByteBuffer in, long nanos) throws IOException;

    /// Writes, perhaps less than asked.
    ///
    /// @param bytes a direct buffer, whose position moves
    /// @return how many were written
    /// @throws IOException when the connection has failed
    int write(ByteBuffer bytes) throws IOException;

    /// Writes a part of a file.
    ///
    /// @param file a regular file
    /// @param offset where to begin
    /// @param count how much at most
    /// @return how much of it; 0 when the file is shorter than that
    /// @throws IOException when the connection has failed, or the file is not there
    long sendFile(Path file, long offset, long count) throws IOException;

    /// Says that all was said.
    ///
    /// @throws IOException when the connection has failed
    void shutdownOutput() throws IOException;

    /// Ends a read that waits, as if the client had closed its half; what has come before
    /// can still be read. From any thread.
    ///
    /// @throws IOException when the connection has failed
    void shutdownInput() throws IOException;

    /// Ends whatever is under way with an error. From any thread.
    ///
    /// @throws IOException when the connection has failed
    void abort() throws IOException;
}
