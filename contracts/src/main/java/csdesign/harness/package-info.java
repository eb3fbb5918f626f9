// SPDX-License-Identifier: MIT

/// What the contracts need: servers as a user starts them, clients that believe nothing,
/// and the honest differences between designs.
///
/// ```text
///   a contract --@EveryDesign--> Subject --starts, shares, ends--> ServerProcess
///        `--> Client: raw bytes in, every byte compared      HonestDifferences: excuses
/// ```
///
/// | type | what it is |
/// |---|---|
/// | [EveryDesign], [EveryPool] | a contract of all designs; of all pools |
/// | [EveryProcessPool], [EveryProcessForEachClient] | a contract of designs of processes |
/// | [EveryQueue], [EveryCaller] | a contract of designs with a queue; of those that make system calls |
/// | [Subject] | the design that a contract is put to, and its servers |
/// | [SharedServers] | the servers that all contracts of a run share |
/// | [ServerProcess] | a server as a user starts it |
/// | [Client] | sends raw bytes, and compares every byte of an answer |
/// | [Crowd], [LoadUntilStop] | many clients at once; clients that go on until a stop |
/// | [AcceptPause] | what a server does when it has no descriptor left |
/// | [HonestDifferences] | what a design cannot do, with the reason |
/// | [Largest] | the options that set every limit to the largest value |
/// | [Refusal] | a sandbox that refuses some system calls |
/// | [SharedMemory] | what servers could leave in `/dev/shm` |
/// | [Archive] | the archive of classes that makes JVMs start faster |
package csdesign.harness;
