// SPDX-License-Identifier: MIT
package csdesign.posix;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// `<netpacket/packet.h>`, with the protocols of `<net/ethernet.h>`: sockets that see the
/// packets of an interface.
///
/// A socket of [SysSocket#AF_PACKET] that is made with protocol 0 receives nothing until
/// it is bound to an address from [#sockaddr_ll]. Making such a socket needs CAP_NET_RAW.
///
/// @see <a href="https://man7.org/linux/man-pages/man7/packet.7.html">packet(7)</a>
public final class NetpacketPacket {
    /// IPv4. Sees only the packets that arrive, not those that this machine sends.
    public static final int ETH_P_IP = 0x0800;

    /// All protocols, in both directions. A packet on the loopback interface is seen
    /// twice: as it leaves, and as it arrives.
    public static final int ETH_P_ALL = 3;

    /// The packet leaves this machine.
    public static final int PACKET_OUTGOING = 4;

    /// The level of a packet socket's own options.
    public static final int SOL_PACKET = 263;

    /// How many packets came, and how many were lost for lack of room, since it was last
    /// asked: two `int`.
    public static final int PACKET_STATISTICS = 6;

    /// Size of a `struct sockaddr_ll` in bytes.
    public static final int SOCKADDR_LL_BYTES = 20;

    /// Offset of the type of a packet that was received, a byte: [#PACKET_OUTGOING], or 0
    /// for one to this machine.
    public static final int SLL_PKTTYPE = 10;

    private static final int SLL_FAMILY = 0;
    private static final int SLL_PROTOCOL = 2;
    private static final int SLL_IFINDEX = 4;

    private static final ValueLayout.OfShort NETWORK_ORDER = JAVA_SHORT
            .withOrder(ByteOrder.BIG_ENDIAN);

    private NetpacketPacket() {}

    /// The address that a packet socket is bound to.
    ///
    /// @param allocator where it lives
    /// @param protocol [#ETH_P_IP] or [#ETH_P_ALL]; network byte order is made here
    /// @param ifindex the number of the interface, 1 for the loopback; 0 for all of them
    /// @return a segment whose size is the `addrlen` of bind
    public static MemorySegment sockaddr_ll(
            SegmentAllocator allocator, int protocol, int ifindex) {
        MemorySegment segment = allocator.allocate(SOCKADDR_LL_BYTES, 8);
        segment.fill((byte) 0);
        segment.set(JAVA_SHORT, SLL_FAMILY, (short) SysSocket.AF_PACKET);
        segment.set(NETWORK_ORDER, SLL_PROTOCOL, (short) protocol);
        segment.set(JAVA_INT, SLL_IFINDEX, ifindex);
        return segment;
    }
}
