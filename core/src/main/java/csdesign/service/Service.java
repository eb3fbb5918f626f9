// SPDX-License-Identifier: MIT
package csdesign.service;

/// A protocol: it opens a conversation for each connection. Called from any thread.
@FunctionalInterface
public interface Service {
    /// Begins with a new client.
    ///
    /// @return the conversation of this connection, used by one thread at a time
    Conversation open();

    /// What another process needs to open the same service: see [Services#of].
    ///
    /// @return words with a space between them
    /// @throws UnsupportedOperationException when it cannot be said in words
    default String words() {
        throw new UnsupportedOperationException(
                getClass().getName() + " cannot be opened in another process");
    }
}
