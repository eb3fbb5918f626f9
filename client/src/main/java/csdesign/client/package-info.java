// SPDX-License-Identifier: MIT

/// The one client: asks a server of the original protocol for bytes, and counts what
/// comes.
///
/// The wish is a [csdesign.client.Load], what came of it a [csdesign.client.Result];
/// [csdesign.client.Client] leads from one to the other by one of two engines: threads,
/// one for each client, or one thread and epoll(7) for all of them. It works against any
/// server that answers a decimal count with that many bytes.
///
/// **What latency is.** From before connect(2) to the last byte where each request has
/// its own connection; from before send(2) to the last byte where a connection is kept.
/// The load is a closed loop: a client asks again when it was answered. A server that
/// stands still is asked less, so the percentiles are those of the requests that were
/// made, not of those that would have been (coordinated omission). With the epoll engine
/// one thread reads all answers: one that has arrived and waits for its turn is counted
/// as waiting, so a client at its limit shows as latency.
package csdesign.client;
