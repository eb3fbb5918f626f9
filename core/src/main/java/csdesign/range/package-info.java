// SPDX-License-Identifier: MIT

/// The one place where a number from outside is read and checked.
///
/// Every number that a user can give has a [Range]. The record that keeps the number
/// checks it by the range, the command line reads it by the range, and the help prints
/// the limits of the range. This package imports no other, so that services, limits, labs
/// and the client can all use it.
package csdesign.range;
