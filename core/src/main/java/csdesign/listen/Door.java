// SPDX-License-Identifier: MIT
package csdesign.listen;

import static csdesign.posix.SysSocket.AF_INET6;
import static csdesign.posix.SysSocket.IPPROTO_IP;
import static csdesign.posix.SysSocket.IPPROTO_IPV6;
import static csdesign.posix.SysSocket.IPV6_MINHOPCOUNT;
import static csdesign.posix.SysSocket.IP_MINTTL;
import static csdesign.posix.SysSocket.SOL_SOCKET;
import static csdesign.posix.SysSocket.SO_ATTACH_FILTER;
import static csdesign.posix.SysSocket.setsockopt;

import csdesign.kit.Limits;
import csdesign.kit.Log;
import csdesign.kit.Scoreboard;
import csdesign.posix.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/// How newcomers are kept out of a listening socket while its queue is emptied. [#shut]
/// takes the first of these means that the kernel does not refuse:
///
/// | means | who still gets in | what it needs |
/// |---|---|---|
/// | a filter of SYN | no one | CAP_NET_ADMIN, on some kernels |
/// | the least TTL | a neighbour that sends with a TTL of 255 | nothing |
/// | none | whoever comes before the queue is taken | - |
///
/// Each of the first two lets a handshake be completed that began before. Its client may
/// already see the connection as complete and have sent a request. See
/// [Limits#LAST_CALL_MILLIS].
///
/// Without a means the whole queue is taken at once, and then the socket is shut down:
/// see [AcceptQueue]. A connection that completes between these two steps is reset.
enum Door {
    /// Connections come in.
    OPEN,

    /// A packet filter drops each SYN that arrives at the listening socket, the first
    /// packet of a handshake: SO_ATTACH_FILTER. A kernel may ask for CAP_NET_ADMIN before
    /// it filters TCP.
    SHUT_BY_FILTER,

    /// Whatever arrives at the listening socket must have a TTL (IPv6: a hop limit) of
    /// 255, the largest there is: IP_MINTTL, IPV6_MINHOPCOUNT, which were made to
    /// keep all but neighbours from a BGP router (RFC 5082). Systems send with 64 or 128,
    /// and every router takes 1 off.
    SHUT_BY_TTL,

    /// Neither can be had.
    STAYS_OPEN;

    private static final List<Door> STATES = List.of(values());

    private static final int LARGEST_TTL = 255;

    /// A TCP filter sees a packet from its TCP header on, whose byte 13 has the flags.
    private static final long[] ONLY_SYN = {
            instruction(0x30, 0, 0, 13), // BPF_LD | BPF_B | BPF_ABS: the flags
            instruction(0x54, 0, 0, 0x12), // BPF_ALU | BPF_AND: SYN and ACK
            instruction(0x15, 0, 1, 0x02), // BPF_JMP | BPF_JEQ: SYN alone?
            instruction(0x06, 0, 0, 0), // BPF_RET: take 0 bytes of it
            instruction(0x06, 0, 0, -1), // BPF_RET: take all of it
    };

    /// `struct sock_filter { u16 code; u8 jt, jf; u32 k; }`, on a little-endian machine.
    private static long instruction(int code, int jt, int jf, int k) {
        return code | (long) jt << 16 | (long) jf << 24 | (long) k << 32;
    }

    /// Shuts it.
    ///
    /// @param errno where calls leave their errno
    /// @param fd a listening socket
    /// @param family of its address
    /// @param log is told what is missing, where neither means can be had
    /// @return by which means; not OPEN
    static Door shut(Errno errno, int fd, int family, Log log) {
        int filtered = attachFilter(errno, fd);
        if (filtered >= 0) {
            return SHUT_BY_FILTER;
        }
        int limited = requireTtl(errno, fd, family);
        if (limited >= 0) {
            return SHUT_BY_TTL;
        }
        log.warn("the door cannot be shut before the queue is emptied (SO_ATTACH_FILTER: "
                + Errno.name(-filtered) + ", IP_MINTTL: " + Errno.name(-limited)
                + "): all who wait are taken at once and served, but a connection that completes"
                + " in this moment may be reset. Run it with CAP_NET_ADMIN, or where setsockopt is"
                + " not refused");
        return STAYS_OPEN;
    }

    /// Says to all that accept from the socket how it was shut.
    ///
    /// @param scoreboard that they share
    void recordIn(Scoreboard scoreboard) {
        scoreboard.door(STATES.indexOf(this));
    }

    /// How the listening socket that all accept from was shut.
    ///
    /// @param scoreboard that they share
    /// @return OPEN while it is not
    static Door of(Scoreboard scoreboard) {
        return STATES.get(scoreboard.door());
    }

    private static int attachFilter(Errno errno, int fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment program = arena.allocate(ONLY_SYN.length * 8L, 8);
            for (int i = 0; i < ONLY_SYN.length; i++) {
                program.setAtIndex(ValueLayout.JAVA_LONG, i, ONLY_SYN[i]);
            }
            // struct sock_fprog { unsigned short len; struct sock_filter *filter; }
            MemorySegment filter = arena.allocate(16, 8);
            filter.set(ValueLayout.JAVA_SHORT, 0, (short) ONLY_SYN.length);
            filter.set(ValueLayout.ADDRESS, 8, program);
            return setsockopt(errno, fd, SOL_SOCKET, SO_ATTACH_FILTER, filter, 16);
        }
    }

    /// A socket of IPv6 takes connections by IPv4 too, and needs both.
    static int requireTtl(Errno errno, int fd, int family) {
        int result = setsockopt(errno, fd, IPPROTO_IP, IP_MINTTL, LARGEST_TTL);
        if (result >= 0 && family == AF_INET6) {
            result = setsockopt(errno, fd, IPPROTO_IPV6, IPV6_MINHOPCOUNT, LARGEST_TTL);
            if (result < 0) {
                setsockopt(errno, fd, IPPROTO_IP, IP_MINTTL, 0);
            }
        }
        return result;
    }

    /// Lets the packets of a connection through that was accepted behind this door. One
    /// whose handshake ended after the door was shut began with what its listener
    /// requires, and would hear nothing more.
    ///
    /// @param errno where calls leave their errno
    /// @param client the connection
    void welcome(Errno errno, int client) {
        if (this == SHUT_BY_TTL) {
            setsockopt(errno, client, IPPROTO_IP, IP_MINTTL, 0);
            setsockopt(errno, client, IPPROTO_IPV6, IPV6_MINHOPCOUNT, 0); // of IPv4: refused
        }
    }
}
