// SPDX-License-Identifier: MIT
package csdesign.service;

import java.util.List;

/// A protocol: it opens a conversation for each connection. Called from any thread.
@FunctionalInterface
public interface Service {
    /// Begins with a new client.
    ///
    /// @return the conversation of this connection, used by one thread at a time
    Conversation open();

    /// The service as words, from which another process opens the same service.
    ///
    /// @return words for [Services#decode]
    /// @throws UnsupportedOperationException when the service has no such words
    default List<String> encode() {
        throw new UnsupportedOperationException(
                getClass().getName() + " cannot be opened in another process");
    }
}
