// SPDX-License-Identifier: MIT

/// Runs designs and peers side by side, and says what each costs.
///
/// ```text
///   BenchRun: find programs, claim the folder --> Bench: rounds --> Results --> Table, files
///                                                   |
///                       ServerProcess, one per target, in turn   AgentProcess: the client
/// ```
/// A server process runs for each [Target], one client process for all of them, and both
/// are measured in alternating rounds.
///
/// | type | what it is |
/// |---|---|
/// | [BenchRun] | one bench, from what is asked for to results that are kept |
/// | [Selection], [Target], [Programs] | which servers are measured, and how each is started |
/// | [Workload], [Plan] | what is asked of a server; how much is measured |
/// | [Pinning], [Cpus], [Affinity] | which processors the server and the client have |
/// | [Bench] | the rounds |
/// | [BenchProcess], [BenchProcesses] | a process that takes and gives lines; all of them |
/// | [ServerProcess], [AgentProcess] | the server that is measured, and the client |
/// | [Schedule], [ProgressLine] | what is still to do; the line that shows it |
/// | [Interruption], [BenchException] | a signal that ends a bench; a process that failed |
/// | [Window], [Metric], [Spread] | one measurement; its figures; several of them |
/// | [LatencyHistogram] | all latencies of one measurement |
/// | [Comparison], [Notes] | a design beside a peer; what must be known to read a row |
/// | [Environment] | the machine, the JDK and the commit |
/// | [Results], [ResultsFolder] | what was found, and the folder that keeps it |
/// | [Table], [Csv], [Json] | the results for a person and for a program |
package csdesign.bench;
