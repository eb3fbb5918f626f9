// SPDX-License-Identifier: MIT

/// The designs: one file each, read from top to bottom, run by itself.
///
/// A [Design] says what one of them is, and is the one `main` of all; [Catalog] is the
/// only list of them. No design imports another: what they share is in the rooms below,
/// and it is never the design.
package csdesign.design;
