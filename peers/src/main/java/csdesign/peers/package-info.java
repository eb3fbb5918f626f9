// SPDX-License-Identifier: MIT

/// Other people's servers, and a reference in C, for the bench to measure beside the
/// designs.
///
/// ```text
///   csdesign/peers/epoll.c --cc, on this machine--> a server that the bench starts
/// ```
///
/// | type | what it is |
/// |---|---|
/// | [CReference] | the epoll server in C that makes the design's own system calls |
package csdesign.peers;
