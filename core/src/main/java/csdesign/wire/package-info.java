// SPDX-License-Identifier: MIT

/// A connection in blocking mode, made by the JDK or by a system call.
///
/// ```text
///   SocketChannel --> ChannelWire ----+
///                                     +--> Wire: read, write, sendFile, shutdown, close
///   descriptor -----> DescriptorWire -+
/// ```
///
/// | type | what it is |
/// |---|---|
/// | [Wire] | a blocking connection, as the blocking driver needs it |
/// | [ChannelWire] | a connection of the JDK |
/// | [DescriptorWire] | a connection by its descriptor, through FFM |
package csdesign.wire;
