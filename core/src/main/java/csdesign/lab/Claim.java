// SPDX-License-Identifier: MIT
package csdesign.lab;

/// A sentence that a lab will show to be true on the machine where it runs.
///
/// @param name what it is about, the same in the output, on the page and in the tests:
///     `reuseaddr-in-the-new-server-only`
/// @param words the whole sentence, with its full stop: the reader meets it before the
///     lab has begun
public record Claim(String name, String words) {}
