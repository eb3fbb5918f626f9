// SPDX-License-Identifier: MIT

/// The one place where a number from outside is read and checked.
///
/// ```text
///   "--idle-timeout 60" --> Range.seconds("--idle-timeout", 1 ms, 1 day) --> 60_000
///                             `--> an error: value, limits, remedy
/// ```
/// Everything that takes a number from a user has a [Range] for it: the record that keeps
/// the number checks it there, the command line reads it there, and help takes its limits
/// from there. The package imports nothing, so that services, limits, labs and the client
/// can all use it.
package csdesign.range;
