// SPDX-License-Identifier: MIT

/// What designs share and what is not the design.
///
/// | type | what it is |
/// |---|---|
/// | [Server] | what a design is given to serve with |
/// | [ListeningSocket], [ListeningChannel] | the listening socket, by FFM and by the JDK |
/// | [Connections], [Connection], [Interest] | the readiness driver: the loop asks, and obeys |
/// | [BlockingDriver] | the blocking driver: one call serves one client |
/// | [Stop], [StopDescriptor] | the wish to stop, and the descriptor that tells a loop of it |
/// | [Scoreboard], [Costs], [Control] | who did what, what it cost, and how to ask for it |
/// | [Limits], [Log] | a limit on everything, and one line a second when it is met |
///
/// No type in here waits for a client on behalf of a readiness design, starts a thread
/// for one, or decides who accepts. That is the design, and each design file shows it
/// whole.
package csdesign.kit;
