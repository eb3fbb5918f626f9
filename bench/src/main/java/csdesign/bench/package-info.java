// SPDX-License-Identifier: MIT

/// Runs designs and peers side by side, and says what each costs.
///
/// [csdesign.bench.BenchRun] is the way through, for any program: it chooses, claims a
/// [csdesign.bench.ResultsFolder], measures, shows and writes. [csdesign.bench.Bench] measures: it
/// starts a server process for each design ([csdesign.bench.ServerProcess]) and one client for all
/// ([csdesign.bench.AgentProcess]), and asks them in alternating rounds. What it counted is in
/// [csdesign.bench.Results], which are written as JSON and CSV and shown as a
/// [csdesign.bench.Table]; all latencies are in a [csdesign.bench.LatencyHistogram] beside them.
package csdesign.bench;
