// SPDX-License-Identifier: MIT

/// The listening socket, accept and what happens when it fails, and a stop that a loop
/// can wait for.
///
/// ```text
///   ListeningSocket (FFM) --- Acceptor: blocks in accept(2)
///        |     `------------- AcceptQueue: what is left when the Door is shut
///   ListeningChannel (JDK) -- SelfConnection ends its wait
///        `--> AcceptFailures: go on, pause, or give up
///   StopDescriptor: a stop that poll(2) sees
/// ```
///
/// | type | what it is |
/// |---|---|
/// | [ListeningSocket] | a listening socket by FFM, for loops |
/// | [ListeningChannel] | a listening socket of the JDK |
/// | [Acceptor] | accepts by a call that blocks |
/// | [AcceptFailures] | what a failed accept means |
/// | [AcceptQueue] | empties the queue after a stop |
/// | [Door] | keeps newcomers out while the queue is emptied |
/// | [StopDescriptor] | a descriptor that is readable after a stop |
/// | [SelfConnection] | a connection to a socket of our own, to wake its accept |
package csdesign.listen;
