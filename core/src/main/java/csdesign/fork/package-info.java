// SPDX-License-Identifier: MIT

/// What a JVM that may fork(2) needs, and no one else.
///
/// ```text
///   ForkingJvm: small, interpreting, quiet
///     |-- HugePages, ForkWarmUp: fork(2) copies little, and the child misses nothing
///     `-- SignalDescriptor, PolledControl: signals and commands without a thread
///   ForkedChildren: room, fork, reap, stop
///     |-- ForkedChild: serves one client, in the child
///     `-- Heartbeats: a child that hangs is seen
/// ```
///
/// | type | what it is |
/// |---|---|
/// | [ForkingJvm] | a JVM that may fork, and how an ordinary one becomes it |
/// | [HugePages] | its text and class data under huge pages |
/// | [ForkWarmUp] | runs in the parent, before the first fork, what the children will run |
/// | [ForkedChildren] | the children, as the loop of their parent sees them |
/// | [ForkedChild] | what a forked child does: one connection, by the readiness driver |
/// | [Heartbeats] | when each child must give its next sign of life |
/// | [SignalDescriptor] | signals as reads, by signalfd(2) |
/// | [PolledControl] | the control commands without a thread |
package csdesign.fork;
