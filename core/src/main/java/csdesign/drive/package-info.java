// SPDX-License-Identifier: MIT

/// One connection: what is to be done next, and the drivers that do it.
///
/// ```text
///   select, poll, epoll --> Connections --> Connection --obeys--> Interest
///   threads, processes ---> BlockingDriver --> Wire: ChannelWire, DescriptorWire
/// ```
///
/// | type | what it is |
/// |---|---|
/// | [BlockingDriver] | one call serves one client |
/// | [Wire] | a blocking connection, as the driver needs it |
/// | [ChannelWire] | a connection of the JDK |
/// | [DescriptorWire] | a connection by its descriptor |
/// | [Connection] | serves without waiting, and says what to wait for |
/// | [Connections] | connections by descriptor and by deadline |
/// | [Interest] | what a connection waits for |
package csdesign.drive;
