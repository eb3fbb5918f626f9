// SPDX-License-Identifier: MIT
package csdesign.posix;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteOrder;

/// `struct sockaddr_in` and `struct sockaddr_in6`: a JDK address as the kernel reads it.
///
/// @see <a href="https://man7.org/linux/man-pages/man3/sockaddr.3type.html">sockaddr(3type)</a>
public final class SockAddr {
    /// Size of a `struct sockaddr_in` in bytes.
    public static final int IN_BYTES = 16;

    /// Size of a `struct sockaddr_in6` in bytes.
    public static final int IN6_BYTES = 28;

    private static final ValueLayout.OfShort PORT = JAVA_SHORT.withOrder(ByteOrder.BIG_ENDIAN);
    private static final int IN_ADDR = 4;
    private static final int IN6_ADDR = 8;
    private static final int IN6_SCOPE = 24;

    private SockAddr() {}

    /// The address as a C structure.
    ///
    /// @param allocator where it lives
    /// @param address a resolved address
    /// @return a segment whose size is the `addrlen` of bind and connect
    public static MemorySegment of(SegmentAllocator allocator, InetSocketAddress address) {
        InetAddress host = address.getAddress();
        boolean six = host instanceof Inet6Address;
        MemorySegment segment = allocator.allocate(six ? IN6_BYTES : IN_BYTES, 8);
        segment.fill((byte) 0);
        segment.set(JAVA_SHORT, 0, (short) family(address));
        segment.set(PORT, 2, (short) address.getPort());
        MemorySegment.copy(
                host.getAddress(), 0, segment, JAVA_BYTE, six ? IN6_ADDR : IN_ADDR, six ? 16 : 4);
        if (host instanceof Inet6Address inet6) {
            segment.set(ValueLayout.JAVA_INT, IN6_SCOPE, inet6.getScopeId());
        }
        return segment;
    }

    /// The address family of an address.
    ///
    /// @param address a resolved address
    /// @return [SysSocket#AF_INET] or [SysSocket#AF_INET6]
    public static int family(InetSocketAddress address) {
        return address.getAddress() instanceof Inet6Address
                ? SysSocket.AF_INET6
                : SysSocket.AF_INET;
    }

    /// Whether two name the same end: the same family, host and port.
    ///
    /// @param one from [#of] or the kernel
    /// @param other from [#of] or the kernel
    /// @return false when either is neither IPv4 nor IPv6
    public static boolean isSame(MemorySegment one, MemorySegment other) {
        int family = one.get(JAVA_SHORT, 0);
        boolean six = family == SysSocket.AF_INET6;
        if (family != other.get(JAVA_SHORT, 0) || !(six || family == SysSocket.AF_INET)) {
            return false;
        }
        int host = six ? IN6_ADDR : IN_ADDR;
        int end = host + (six ? 16 : 4);
        return one.get(JAVA_SHORT, 2) == other.get(JAVA_SHORT, 2)
                && MemorySegment.mismatch(one, host, end, other, host, end) < 0;
    }

    /// What getsockname or accept4 wrote.
    ///
    /// @param segment at least [#IN6_BYTES] bytes
    /// @return the address
    /// @throws UnknownHostException when the family is neither IPv4 nor IPv6
    public static InetSocketAddress read(MemorySegment segment) throws UnknownHostException {
        int family = segment.get(JAVA_SHORT, 0);
        if (family != SysSocket.AF_INET && family != SysSocket.AF_INET6) {
            throw new UnknownHostException("address family " + family + " is not IPv4 or IPv6");
        }
        boolean six = family == SysSocket.AF_INET6;
        byte[] host = segment.asSlice(six ? IN6_ADDR : IN_ADDR, six ? 16 : 4).toArray(JAVA_BYTE);
        return new InetSocketAddress(
                InetAddress.getByAddress(host), Short.toUnsignedInt(segment.get(PORT, 2)));
    }
}
