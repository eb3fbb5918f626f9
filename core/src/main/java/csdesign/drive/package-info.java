// SPDX-License-Identifier: MIT

/// One connection, from its first byte to its last: the policy, and the drivers that
/// carry it out.
///
/// ```text
///   threads, processes ----> BlockingDriver ---> csdesign.wire
///                               |      ^
///                         event |      | act
///                               v      |
///   Conversation <--steps----- Exchange
///                               ^      |
///                         event |      | act
///                               |      v
///   select, poll, epoll ---> ReadinessDriver ---> Interest, which the loop obeys
/// ```
///
/// | type | what it is |
/// |---|---|
/// | [Exchange] | the policy of one connection: deadlines, half-close, stop, counting; no I/O |
/// | [BlockingDriver] | one call serves one client |
/// | [ReadinessDriver] | the connections of one loop, by descriptor |
/// | [Interest] | what the loop must watch a descriptor for |
/// | [Deadlines] | the earliest of many deadlines |
/// | [Buffers] | read buffers, lent to connections that hold bytes |
package csdesign.drive;
