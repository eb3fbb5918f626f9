// SPDX-License-Identifier: MIT
package csdesign.lab;

/// A sentence that a lab will show to be true where it runs.
///
/// @param name short, the same in the output, the page and the tests: `lost-wake-up`
/// @param words what will be seen, one line
public record Claim(String name, String words) {}
