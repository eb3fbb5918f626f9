// SPDX-License-Identifier: MIT
package csdesign.service;

/// A protocol: it opens a conversation for each connection. Called from any thread.
@FunctionalInterface
public interface Service {
    /// Begins the conversation with a new client.
    ///
    /// @return the conversation of this connection, used by one thread at a time
    Conversation open();

    /// The service as a text, from which another process opens the same service: see
    /// [Services#of].
    ///
    /// @return words with a space between them
    /// @throws UnsupportedOperationException when the service has no such text
    default String words() {
        throw new UnsupportedOperationException(
                getClass().getName() + " cannot be opened in another process");
    }
}
