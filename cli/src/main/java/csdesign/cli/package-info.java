// SPDX-License-Identifier: MIT

/// The command line: the only package that knows picocli. A command reads its options,
/// calls the library, prints, and chooses the exit code.
///
/// ```text
///   csdesign --> Main --> ServeCommand --> a design        ClientCommand --> the client
///                    |--> BenchCommand --> BenchRun        LabCommand ----> a lab
///                    `--> DesignsCommand --> the catalog   Numbers: every number by a Range
/// ```
/// Exit codes: 0 right; 1 wrong or incomplete answers, or a server that could not begin;
/// 2 bad usage.
///
/// | type | what it is |
/// |---|---|
/// | [Main] | the command `csdesign`, its errors and its exit codes |
/// | [ServeCommand], [OwnOptions] | `serve`, and the options that only some designs have |
/// | [ClientCommand], [BenchCommand], [LabCommand] | `client`, `bench`, `lab` |
/// | [DesignsCommand] | `designs`: the catalog |
/// | [Numbers] | reads each number by the range that its help names |
/// | [PagesCommand] | `pages`, hidden: fills the pages under `docs` |
/// | [ArchiveClassesCommand] | `archive-classes`, hidden: lets the launcher record classes |
package csdesign.cli;
