// SPDX-License-Identifier: MIT
package csdesign.client;

import java.util.Locale;

/// What can be wrong with an answer. Each is counted apart.
public enum Fault {
    /// The server closed before all bytes were there.
    SHORT,
    /// More bytes came than were asked for.
    EXCESS,
    /// A byte is not what the service `bytes` sends at its place.
    WRONG_BYTE,
    /// No server listens: ECONNREFUSED.
    REFUSED,
    /// The server broke the connection: ECONNRESET, EPIPE.
    RESET,
    /// No complete answer in time.
    TIMEOUT,
    /// No local port is free, or the source address is not ours: EADDRNOTAVAIL.
    NO_ADDRESS,
    /// Anything else, which the sample tells.
    OTHER;

    /// The name in reports.
    ///
    /// @return in lower case with hyphens: `wrong-byte`
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /// What to do when ports run out.
    static final String NO_ADDRESS_REMEDY = "no local port is free: connections that the client"
            + " closed keep theirs for 60 s. Spread them with --engine epoll --source-addresses"
            + " 64, use --keep-alive, or make fewer";
}
