// SPDX-License-Identifier: MIT

/// What a JVM that may fork(2) needs, and no one else.
///
/// ```text
///   ForkingJvm: small, interpreting, quiet --fork--> SoleConnection: one client
///     |-- HugePages, Rehearsal: fork(2) copies little, the child misses nothing
///     |-- Children: who lives, in which row, until when
///     `-- SignalDescriptor, PolledControl: signals and commands without a thread
/// ```
///
/// | type | what it is |
/// |---|---|
/// | [ForkingJvm] | a JVM that may fork |
/// | [HugePages] | its text and class data under huge pages |
/// | [Rehearsal] | the first connections, served before a client comes |
/// | [Children] | the processes that were forked and live |
/// | [SoleConnection] | the one connection of a forked child |
/// | [SignalDescriptor] | signals as reads, by signalfd(2) |
/// | [PolledControl] | the control commands without a thread |
package csdesign.fork;
