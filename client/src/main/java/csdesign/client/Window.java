// SPDX-License-Identifier: MIT
package csdesign.client;

import csdesign.evidence.ResourceUsage;

/// What an engine hands back: what was counted, in which time, at what cost, and what is
/// missing.
///
/// @param tally what was counted
/// @param nanos from the first request that counts to the last, in nanoseconds
/// @param cpu of this process in that time
/// @param unfinished requests that were made or asked for, and neither answered nor
///     failed
record Window(Tally tally, long nanos, ResourceUsage cpu, long unfinished) {}
