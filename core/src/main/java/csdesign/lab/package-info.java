// SPDX-License-Identifier: MIT

/// Experiments on the traps around servers: one file each, the broken half beside the
/// fixed one.
///
/// A [Lab] says what will be seen, does it, writes each step into a [Journal] with the
/// kernel's own figures, and judges each [Claim]. [Labs] is the only list of them. What a
/// lab needs in another JVM it runs in a [Subject], which ends with it.
package csdesign.lab;
