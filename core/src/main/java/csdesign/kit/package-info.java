// SPDX-License-Identifier: MIT

/// What every room of a server is given: the server itself, its limits, its stop, and the
/// table where all is counted.
///
/// ```text
///   Server --has--> Limits, Scoreboard (a row for each worker), Stop <-- SignalListener
///      all rooms above --warn--> Log      main --prints by--> Output
/// ```
///
/// | type | what it is |
/// |---|---|
/// | [Server] | what a design is given to serve with |
/// | [Limits] | a limit on everything, each with its option |
/// | [Scoreboard] | a shared table of what each worker did |
/// | [Stop] | the request to stop, and the grace that it begins |
/// | [SignalListener] | turns signals into the stop |
/// | [Interrupter] | gets threads out of system calls by a signal |
/// | [Log] | one line a second on stderr when a limit is met |
/// | [Output] | standard output and error whose failure is an error |
/// | [Nullable] | marks what may be null |
package csdesign.kit;
