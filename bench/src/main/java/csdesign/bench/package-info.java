// SPDX-License-Identifier: MIT

/// Runs designs and peers side by side, and says what each costs.
///
/// [csdesign.bench.Bench] is the way through: it starts a server process for each design
/// ([csdesign.bench.ServerProcess]) and one client for all ([csdesign.bench.AgentProcess]), and
/// measures in alternating rounds. What it counted is in [csdesign.bench.Results], which are
/// written as JSON and CSV and shown as a [csdesign.bench.Table].
package csdesign.bench;
