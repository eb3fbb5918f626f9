// SPDX-License-Identifier: MIT

/// The designs: one file each, read from top to bottom, run by itself.
///
/// ```text
///   one process, one thread      Iterative    Select    Poll    Epoll
///   a process for each client    ForkPerClient    SpawnPerClient
///   a pool of processes          Prefork...    DescriptorPassing
///   threads                      ThreadPerClient    Prethreaded...
/// ```
/// A [Design] says what one of them is, and is the one `main` of all; [Catalog] is the
/// only list of them. No design imports another: what they share is in the rooms below,
/// and it is never the design.
///
/// | design | who serves a client |
/// |---|---|
/// | [Iterative] | the one thread, one client after the other |
/// | [ForkPerClient] | a copy of the process, made for this client |
/// | [SpawnPerClient] | a fresh program, started for this client |
/// | [PreforkAccept] | a process of a pool: all of them wait in accept(2) |
/// | [PreforkFileLock] | a process of a pool: a file lock decides which one accepts |
/// | [PreforkMutex] | a process of a pool: a mutex in shared memory decides |
/// | [PreforkEpoll] | a process of a pool: all of them wait in epoll |
/// | [PreforkReuseport] | a process of a pool: each has its own listening socket |
/// | [DescriptorPassing] | a process of a pool: the parent passes it the connection |
/// | [ThreadPerClient] | a thread, started for this client |
/// | [PrethreadedAccept] | a thread of a pool: all of them wait in accept(2) |
/// | [PrethreadedLock] | a thread of a pool: a lock decides which one accepts |
/// | [PrethreadedHandoff] | a thread of a pool: the main thread hands the client over |
/// | [Select], [Poll], [Epoll] | one thread serves all clients that are ready |
package csdesign.design;
