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
/// | [Subject] | the design that a contract is put to, and its servers |
/// | [ServerProcess] | a server as a user starts it |
/// | [Client] | sends raw bytes, and compares every byte of an answer |
/// | [HonestDifferences] | what a design cannot do, with the reason |
/// | [Largest] | the options that set every limit to the largest value |
/// | [Refusal] | a sandbox that refuses some system calls |
/// | [SharedMemory] | what servers could leave in `/dev/shm` |
/// | [Archive] | the archive of classes that makes JVMs start faster |
package csdesign.harness;
