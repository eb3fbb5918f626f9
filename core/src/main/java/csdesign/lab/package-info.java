// SPDX-License-Identifier: MIT

/// Experiments on the traps around servers. Each is one file, with the broken half beside
/// the fixed one. [Labs] is the only list of them.
///
/// ```text
///   Lab.main --Settings--> a lab --claims, steps, verdicts--> Journal --> text, JSON
///                            |
///                            |-- in this JVM ------> Sockets, Waiters, SendMeter ...
///                            '-- in another JVM ---> Subject <--lines--> SubjectMain
///                                                                 in the lab's own main
/// ```
///
/// | what every lab has | |
/// |---|---|
/// | [Lab] | says what will be seen, does it, and judges it |
/// | [Claim] | a sentence that the lab shows to be true, or not |
/// | [Journal] | the claims, each step with the kernel's own figures, and the verdicts |
/// | [csdesign.range.Option], [csdesign.range.Settings] | what a lab can be given, and what it was given |
///
/// | what labs share | |
/// |---|---|
/// | [Sockets] | TCP sockets in one line each, closed at the end |
/// | [Crowd], [OtherEnd], [ClosedConnection], [ResettingServer] | servers and clients that play a part |
/// | [TimeWaitWatch] | what becomes of connections that are closed |
/// | [Wire] | how a connection ends, as it is seen on the wire |
/// | [Pieces] | ways to write a message that lies in pieces |
/// | [Way] | one of the ways that a lab compares |
/// | [Waiters], [Waiter] | threads that wait for connections, in a known order |
/// | [SendMeter] | what it costs a thread to send |
/// | [Subject] | another JVM, as the lab sees it: it may hang, or die of a signal |
/// | [SubjectMain] | what a lab's `main` does in that other JVM |
/// | [LineSocket] | carries the lines between the two |
/// | [SignalGate] | lets a signal in, at the calls at which a JVM bears that |
/// | [SignalStorm] | many signals, in bursts |
/// | [WakeUpDescriptors], [LoopCounts] | what wakes a loop, and what the loop has counted |
///
/// | lab | the trap |
/// |---|---|
/// | [Rst], [CloseUnread] | a RST ends a connection at once, and can take an answer back |
/// | [Sigpipe] | a write to a connection that is gone |
/// | [SignalRace], [SelfPipe] | a signal that select misses, and the pipe against it |
/// | [Sendfile] | copies between a file and a socket |
/// | [Cork], [Nagle] | an answer in pieces: segments, and a wait of 40 ms |
/// | [ThunderingHerd], [AcceptOrder] | how many workers one connection wakes, and which |
/// | [JvmFork] | the child of a fork waits for threads that it has not |
/// | [TimeWait], [Reuseaddr] | a closed connection keeps its port |
/// | [Backlog], [BacklogLastStep], [BacklogCap] | a queue that is full |
package csdesign.lab;
