// SPDX-License-Identifier: MIT

/// What is said on the wire, and nothing about how it gets there.
///
/// A [Service] opens one [Conversation] for each connection. The conversation is given
/// the bytes that arrive and says, one [Step] at a time, what is to be done. There is no
/// socket in here, no thread and no clock, so every service runs on every design, and a
/// test can put a request through it cut at any byte.
///
/// ```text
///             receive(bytes)                  next()
///   driver ------------------> conversation --------> Step: NeedMore | Send | SendFile
///      ^                                                |    | Wait | Close
///      +---- asks again only when the step is done <----+
/// ```
///
/// The pulling is the point. A slow reader holds one step and no more, an answer of 1 GiB
/// needs no buffer of 1 GiB, and pipelined requests are answered in their order.
package csdesign.service;
