// SPDX-License-Identifier: MIT
package csdesign.service;

import java.nio.ByteBuffer;

/// One side of a dialogue with one client: bytes go in, steps come out. One thread at a
/// time.
///
/// The driver's part of the contract:
///
/// 1. It asks [#next()] first, and after every step that is done.
/// 2. It calls [#receive] only after the last step was [Step.NeedMore], with at least one
///    byte.
/// 3. Bytes that `receive` leaves in the buffer it brings again, before newer ones, after
///    the next [Step.NeedMore]; until then it neither moves nor overwrites them. So a
///    [Step.Send] may send straight from the buffer that was received into.
/// 4. After [Step.Close] it calls nothing.
public interface Conversation {
    /// Takes bytes that have arrived: any part of a request, or several requests.
    ///
    /// @param in from its position to its limit; what stays unread is brought again later
    void receive(ByteBuffer in);

    /// Says what is to be done now. Pulled: the last step is done when this is called
    /// again.
    ///
    /// @return the step; its buffer belongs to the driver until the next call
    Step next();

    /// The client has closed its half: nothing more will arrive. An answer owed is still
    /// given.
    void endOfInput();

    /// The request was not complete in time. What remains to be said to the client comes
    /// from [#next()], then [Step.Close].
    void late();

    /// How many requests this conversation has taken and answered, or is answering.
    ///
    /// @return a count that only grows
    long requests();
}
