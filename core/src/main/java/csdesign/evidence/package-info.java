// SPDX-License-Identifier: MIT

/// The kernel's own figures, read where the kernel writes them: /proc, TCP_INFO, packets
/// on the loopback. Labs use them, and so does everything that explains a number.
///
/// ```text
///   /proc/PID/stat, status, io --> ProcFile --> Task            what a thread does now
///   getrusage(2) ------------------> ResourceUsage              what a process has cost
///   /proc/net, TCP_INFO, packets --> NetCounters, TcpTable, TcpInfo, Capture
/// ```
///
/// | type | what it is |
/// |---|---|
/// | [ProcFile] | the one reader of what /proc tells of a process or a thread |
/// | [ResourceUsage] | CPU time, context switches and memory of a process |
/// | [Task] | a thread as the scheduler sees it |
/// | [NetCounters], [TcpTable], [ProcNet] | what /proc/net counts and lists |
/// | [TcpInfo] | what the kernel knows of one connection |
/// | [FourTuple] | one connection by its addresses and ports |
/// | [Capture] | the packets of the loopback |
/// | [PrivateNetwork] | a network in which an experiment sees no packet but its own |
/// | [Machine] | when and where a figure was seen |
/// | [Look] | looks until what is seen is right |
/// | [NotHereException] | this kernel or this user cannot see it |
///
/// The classes that read figures change nothing. [PrivateNetwork] does change something:
/// it gives an experiment its own network, where the experiment sees only its own packets
/// and the counters count only its own connections.
package csdesign.evidence;
