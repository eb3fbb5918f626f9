// SPDX-License-Identifier: MIT

/// What every other package of a server needs: the server's settings, its limits, its
/// stop, and the table in which workers count.
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
/// | [Interrupter] | ends the system call of a blocked thread by a signal |
/// | [Log] | one line a second on stderr when a limit is met |
/// | [Output] | standard output and error; lost output is an error |
/// | [Nullable] | marks what may be null |
package csdesign.kit;
