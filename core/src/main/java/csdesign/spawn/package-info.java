// SPDX-License-Identifier: MIT

/// Starts another JVM with the descriptors, arguments and signals that it needs, and no
/// others.
///
/// ```text
///   JavaProgram (+ JvmOptions) --what--> Spawner --posix_spawn(3)--> child
///   Lifeline: ends with the parent ------------------------------------^
///   ChildEnds: readable when a child has ended <-----------------------'
/// ```
///
/// | type | what it is |
/// |---|---|
/// | [JavaProgram] | the command that runs a main class again |
/// | [JvmOptions] | what the environment of this JVM asks of all JVMs |
/// | [Spawner] | starts it |
/// | [Lifeline] | a pipe that ends when the parent stops or dies |
/// | [ChildEnds] | the children that live, and a descriptor for their ends |
package csdesign.spawn;
