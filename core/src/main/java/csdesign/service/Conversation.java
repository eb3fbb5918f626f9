// SPDX-License-Identifier: MIT
package csdesign.service;

import java.nio.ByteBuffer;

/// The server's side of a dialogue with one client: bytes go in, steps come out. One
/// thread at a time uses it.
///
/// The driver keeps four rules:
///
/// 1. The driver calls [#next()] first, and again after each step that is done.
/// 2. The driver calls [#receive] only when the last step was [Step.NeedMore], and with
///    at least one byte.
/// 3. When `receive` leaves bytes in the buffer, the driver brings them again after the
///    next [Step.NeedMore], before newer bytes. Until then the driver neither moves nor
///    overwrites them. So a [Step.Send] may point into the buffer of the received bytes.
/// 4. After [Step.Close] the driver calls nothing.
public interface Conversation {
    /// Takes bytes that have arrived: any part of a request, or several requests.
    ///
    /// @param in from its position to its limit; unread bytes are brought again later
    void receive(ByteBuffer in);

    /// Answers what the driver must do now. The driver calls this when the last step is
    /// done.
    ///
    /// @return the step; its buffer belongs to the driver until the next call
    Step next();

    /// The client has closed its half of the connection: no more bytes will arrive. An
    /// answer that is owed is still given.
    void endOfInput();

    /// The request was not complete in time. [#next()] then gives the last words to the
    /// client, if there are any, and after them [Step.Close].
    void late();

    /// How many requests this conversation has taken and answered, or is answering.
    ///
    /// @return a count that only grows
    long requests();
}
