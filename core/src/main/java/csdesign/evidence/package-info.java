// SPDX-License-Identifier: MIT

/// The kernel's own figures, read where it writes them: /proc, TCP_INFO, packets on the
/// loopback. For labs, and for whoever must say why a number is what it is.
///
/// Nothing here changes what it looks at, but [PrivateNetwork]: in a network of its own
/// an experiment sees no packet but its own, and its counters count nobody else.
package csdesign.evidence;
