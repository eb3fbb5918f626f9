// SPDX-License-Identifier: MIT

/// Pools of processes and threads: they are started, replaced when they die, and stopped.
///
/// ```text
///   Workers (the parent) ----spawns----> Worker 0 .. n-1: processes
///      `-SocketPair, DescriptorMessage-> a connected socket for one of them
///   SpawnedChildren: a process for each client      WorkerThreads: threads 0 .. n-1
/// ```
///
/// | type | what it is |
/// |---|---|
/// | [Workers] | the parent of a pool of processes |
/// | [Worker] | one of these processes, as it sees itself |
/// | [WorkerThreads] | a pool of threads |
/// | [SpawnedChildren] | a process for each client |
/// | [SocketPair] | two connected sockets between a parent and one of its workers |
/// | [DescriptorMessage] | passes a descriptor over a UNIX-domain socket |
package csdesign.process;
