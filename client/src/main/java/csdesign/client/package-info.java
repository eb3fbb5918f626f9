// SPDX-License-Identifier: MIT

/// The one client: asks a server of the original protocol for bytes, and counts what
/// comes.
///
/// A [csdesign.client.Load] tells what to ask for, and a [csdesign.client.Result] tells
/// what came of it. [csdesign.client.Client] runs the load by one of two engines: a
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
package csdesign.client;
