// SPDX-License-Identifier: MIT

/// The command line: the only place that knows picocli.
///
/// Exit codes: 0 right; 1 wrong or incomplete answers, or a server that could not begin; 2 bad
/// usage.
package csdesign.cli;
