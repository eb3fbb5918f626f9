// SPDX-License-Identifier: MIT

/// What a client and a server say to each other, and nothing about how the bytes travel.
///
/// A [Service] opens one [Conversation] for each connection. The driver gives the
/// conversation the bytes that arrive, and the conversation answers with one [Step] at a
/// time: what the driver must do next. This package has no socket, no thread and no
/// clock. So every service runs on every design, and a test can cut a request at any
/// byte.
///
/// ```text
///             receive(bytes)                  next()
///   driver ------------------> conversation --------> Step: NeedMore | Send | SendFile
///      ^                                                |    | Wait | Close
///      +---- asks again only when the step is done <----+
/// ```
///
/// The driver pulls the steps, and this has three effects. A client that reads slowly
/// holds one step in memory and no more. An answer of 1 GiB needs no buffer of 1 GiB.
/// Pipelined requests are answered in their order.
///
/// | type | what it is |
/// |---|---|
/// | [Service] | what is said on the wire; opens a conversation for each connection |
/// | [Conversation] | the server's side of one connection |
/// | [Step] | what a conversation wants done next |
/// | [Bytes] | the original protocol: a decimal count, answered by that many bytes |
/// | [Echo] | what is sent comes back |
/// | [Services] | the services by name |
package csdesign.service;
