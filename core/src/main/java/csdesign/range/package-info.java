// SPDX-License-Identifier: MIT

/// The one place where a number from outside is read and checked.
///
/// ```text
///   "--idle-timeout 60" --> Range.seconds("--idle-timeout", 1 ms, 1 day) --> 60_000
///                             `--> an error: value, limits, remedy
/// ```
/// Everything that takes a number from a user has a [Range] for it: the record that keeps
/// the number checks it there, the command line reads it there, and help takes its limits
/// from there. What only one design or one lab can be given is an [Option], which has a
/// range too, and its values are [Settings]. Between processes numbers travel as
/// [NamedWords]. The package imports nothing of ours, so that services, limits, designs,
/// labs and the client can all use it.
package csdesign.range;
