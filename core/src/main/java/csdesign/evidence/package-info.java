// SPDX-License-Identifier: MIT

/// The kernel's own figures, read where the kernel writes them: /proc, TCP_INFO, packets
/// on the loopback. Labs use them, and so does everything that explains a number.
///
/// The classes that read figures change nothing. [PrivateNetwork] does change something:
/// it gives an experiment its own network, where the experiment sees only its own packets
/// and the counters count only its own connections.
package csdesign.evidence;
