// SPDX-License-Identifier: MIT

/// What a server used: CPU time, context switches, memory. A program can ask for it while
/// the server runs, and the server prints it at the end.
///
/// ```text
///   LiveChildren: what was used ---> Costs --> Console: what a server prints
///   Scoreboard: what was done -------^   `---> Control: answers a line "cost"
/// ```
///
/// | type | what it is |
/// |---|---|
/// | [LiveChildren] | what the children of this process used, while they live too |
/// | [Costs] | what was done, and what it used |
/// | [Console] | what a server prints |
/// | [Control] | answers a program that asks for the costs, and ends the server with it |
package csdesign.cost;
