// SPDX-License-Identifier: MIT

/// The one place where a number from outside is read and checked.
///
/// Whoever takes a number from a user has a [Range] for it: the records that keep it
/// check it there, the command line reads it there, and help takes its limits from there.
/// It imports nothing, so that services, limits, labs and the client can all use it.
package csdesign.range;
