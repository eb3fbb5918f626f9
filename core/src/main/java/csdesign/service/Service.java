// SPDX-License-Identifier: MIT
package csdesign.service;

/// A protocol: it opens a conversation for each connection. Called from any thread.
@FunctionalInterface
public interface Service {
    /// Begins with a new client.
    ///
    /// @return the conversation of this connection, used by one thread at a time
    Conversation open();
}
