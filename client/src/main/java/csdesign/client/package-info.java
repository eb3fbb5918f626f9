// SPDX-License-Identifier: MIT

/// The one client: asks a server of the original protocol for bytes, and counts what
/// comes.
///
/// ```text
///   Load --> Client --> ThreadsEngine or EpollEngine --> Window --> Result
///                          |  Answer: judges every byte
///                          `--Tally--> LiveLine, Patience, Progress: seen while it runs
/// ```
///
/// A [Load] tells what to ask for, and a [Result] tells
/// what came of it. [Client] runs the load by one of two engines: a
/// thread for each client, or one thread and epoll(7) for all clients. The client works
/// with any server that answers a decimal count with that many bytes.
///
/// **What latency is.** When each request has its own connection, latency counts from
/// before connect(2) to the last byte. When a connection is kept, it counts from before
/// send(2) to the last byte. The load is a closed loop: a client sends its next request
/// when the last one is answered. A server that stands still gets fewer requests, so the
/// percentiles are those of the requests that were made, not of those that would have
/// been made at a steady rate (coordinated omission). With the epoll engine one thread
/// reads all answers. The time in which an answer has arrived and waits for this thread
/// counts as latency, so a client at its limit shows as latency.
///
/// | type | what it is |
/// |---|---|
/// | [Client] | the one entry point |
/// | [Load] | what the client asks for |
/// | [ThreadsEngine], [EpollEngine] | a thread for each client, or one thread for all |
/// | [Answer], [Fault] | judges an answer; what can be wrong with one |
/// | [Tally], [Window] | what one thread counted; what an engine hands back |
/// | [Progress], [LiveLine] | a run as others see it; a line that says how far it is |
/// | [Patience] | how long a run without answers goes on |
/// | [Result] | what came of a load |
/// | [Agent] | the client as a process that a bench drives |
package csdesign.client;
