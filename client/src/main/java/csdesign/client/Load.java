// SPDX-License-Identifier: MIT
package csdesign.client;

import csdesign.service.Bytes;
import java.util.Locale;

/// What a client is to ask for: bounded by a number of requests, or by time.
///
/// @param host `--host`: name or address of the server
/// @param port `--port`: 1 to 65,535
/// @param engine `--engine`: what drives the connections
/// @param clients `--child-num`: how many clients ask at the same time, 1 to
///     [Engine#mostClients]
/// @param keepAlive `--keep-alive`: whether a client makes all its requests on one
///     connection; otherwise each request has its own
/// @param requestsPerClient `--con-num`: how many requests each client makes, 1 to
///     1,000,000,000; 0 when the time is the bound
/// @param durationMillis `--duration`: how long is measured, in milliseconds, 1 to a day;
///     0 when the number of requests is the bound
/// @param warmupMillis `--warmup`: how long the same load runs before, uncounted, in
///     milliseconds, 0 to a day; 0 when the number of requests is the bound
/// @param bytesPerRequest `--bytes`: the count that is asked for, 0 to
///     [csdesign.service.Bytes.Options#MOST_ANSWER_BYTES]
/// @param lineEnd `--line-end`: whether a line end follows the count. The original sends
///     none
/// @param verify `--verify`: whether each byte is compared with
///     [csdesign.service.Bytes#payload]; other servers send other bytes
/// @param sourceAddresses `--source-addresses`: over how many addresses of 127.0.0.0/8
///     the connections are spread, 1 (not at all) to 1,024; 0 leaves the choice to
///     [#spreadAddresses]
/// @param timeoutMillis `--timeout`: how long an answer may take, in milliseconds, 1 to
///     an hour
public record Load(
        String host,
        int port,
        Engine engine,
        int clients,
        boolean keepAlive,
        int requestsPerClient,
        long durationMillis,
        long warmupMillis,
        long bytesPerRequest,
        boolean lineEnd,
        boolean verify,
        int sourceAddresses,
        long timeoutMillis) {

    /// What drives the connections.
    public enum Engine {
        /// A platform thread for each client, on plain JDK channels. Runs on any system.
        THREADS(10_000),
        /// One thread for all clients, on epoll(7) by FFM. Linux only.
        EPOLL(100_000);

        private final int mostClients;

        Engine(int mostClients) {
            this.mostClients = mostClients;
        }

        /// The limit on clients.
        ///
        /// @return how many it takes at most
        public int mostClients() {
            return mostClients;
        }

        /// The engine's name on the command line.
        ///
        /// @return in lower case
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /// The original's: 5 clients make 500 requests of 3,000 bytes each, a connection for
    /// each.
    public static final Load DEFAULT = new Load(
            "127.0.0.1", 2000, Engine.THREADS, 5, false, 500, 0, 0, 3000, false, false, 0, 30_000);

    /// How many connections one source address is sure to have room for. Linux gives out
    /// 28,232 ports, and a connection that the client closes keeps its own for 60 s of
    /// TIME_WAIT: that is 470 connections a second for one address. On loopback
    /// tcp_tw_reuse=2 frees a port after 1 s already, but the search for a free one grows
    /// long.
    private static final int ROOM_OF_AN_ADDRESS = 20_000;

    private static final int SPREAD_ADDRESSES = 64;
    private static final int MOST_REQUESTS = 1_000_000_000;
    private static final int MOST_SOURCE_ADDRESSES = 1_024;
    private static final long HOUR_MILLIS = 3_600_000;
    private static final long DAY_MILLIS = 24 * HOUR_MILLIS;

    /// Rejects what cannot be done, with the value, the limit and the remedy.
    public Load {
        if (host.isBlank()) {
            throw new IllegalArgumentException("--host is empty: give a name or an address");
        }
        between(1, port, 65_535, "--port");
        between(1, clients, engine.mostClients(), "--child-num with --engine " + engine);
        between(0, requestsPerClient, MOST_REQUESTS, "--con-num");
        between(0, durationMillis, DAY_MILLIS, "--duration in milliseconds");
        between(0, warmupMillis, DAY_MILLIS, "--warmup in milliseconds");
        between(0, bytesPerRequest, Bytes.Options.MOST_ANSWER_BYTES, "--bytes");
        between(0, sourceAddresses, MOST_SOURCE_ADDRESSES, "--source-addresses");
        between(1, timeoutMillis, HOUR_MILLIS, "--timeout in milliseconds");
        if ((requestsPerClient == 0) == (durationMillis == 0)) {
            throw new IllegalArgumentException(
                    "--con-num is " + requestsPerClient + " and --duration " + durationMillis
                            + " ms: exactly one of them must be more than 0");
        }
        if (warmupMillis > 0 && durationMillis == 0) {
            throw new IllegalArgumentException(
                    "--warmup needs --duration: a load of --con-num requests counts all of them");
        }
        if (keepAlive && bytesPerRequest == 0) {
            throw new IllegalArgumentException(
                    "--bytes is 0 with --keep-alive: nothing ends an empty answer, so the next"
                            + " request would run into this one. Use 1 or more, or a connection"
                            + " for each request");
        }
        if (sourceAddresses > 1 && engine != Engine.EPOLL) {
            throw new IllegalArgumentException(
                    "--source-addresses is " + sourceAddresses + " with --engine " + engine
                            + ": only --engine epoll can choose them");
        }
    }

    /// Whether time is the bound.
    ///
    /// @return true with `--duration`
    public boolean timed() {
        return durationMillis > 0;
    }

    /// What one connection is used for.
    ///
    /// @return `keep-alive`, or `connect` for a connection for each request
    public String mode() {
        return keepAlive ? "keep-alive" : "connect";
    }

    /// The number of source addresses in use, when the server is in 127.0.0.0/8.
    ///
    /// @return what was asked for, or, when that is 0, 64 where many connections will be
    ///     made and 1 where the kernel's usual choice will do
    public int spreadAddresses() {
        if (sourceAddresses > 0) {
            return sourceAddresses;
        }
        boolean many = !keepAlive || clients > ROOM_OF_AN_ADDRESS;
        return engine == Engine.EPOLL && many ? SPREAD_ADDRESSES : 1;
    }

    /// What goes over the wire.
    ///
    /// @return the count in decimal digits, with a line end when asked for
    String request() {
        return bytesPerRequest + (lineEnd ? "\n" : "");
    }

    private static void between(long least, long value, long most, String what) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(
                    what + " is " + value + ": must be from " + least + " to " + most);
        }
    }
}
