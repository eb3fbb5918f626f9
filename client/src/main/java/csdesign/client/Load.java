// SPDX-License-Identifier: MIT
package csdesign.client;

import csdesign.range.Range;
import csdesign.service.Bytes;
import java.util.Locale;

/// What a client is to ask for: bounded by a number of requests, or by time.
///
/// @param host `--host`: name or address of the server
/// @param port [#PORT]
/// @param engine `--engine`: what drives the connections
/// @param clients [#CLIENTS]: how many clients ask at the same time, no more than
///     [Engine#clients]
/// @param keepAlive `--keep-alive`: whether a client makes all its requests on one
///     connection; otherwise each request has its own
/// @param requestsPerClient [#REQUESTS]: how many requests each client makes; 0 when the
///     time is the bound
/// @param durationMillis [#DURATION]: how long is measured, in milliseconds; 0 when the
///     number of requests is the bound
/// @param warmupMillis [#WARMUP]: how long the same load runs before, uncounted, in
///     milliseconds; 0 when the number of requests is the bound
/// @param bytesPerRequest [#BYTES]: the count that is asked for
/// @param lineEnd `--line-end`: whether a line end follows the count. The original sends
///     none
/// @param verify `--verify`: whether each byte is compared with
///     [csdesign.service.Bytes#payload]; other servers send other bytes
/// @param sourceAddresses [#SOURCE_ADDRESSES]: over how many addresses of 127.0.0.0/8 the
///     connections are spread, 1 for not at all; 0 leaves the choice to
///     [#spreadAddresses]
/// @param timeoutMillis [#TIMEOUT]: how long an answer may take, in milliseconds
/// @param maxErrors [#MAX_ERRORS]: after how many errors the client gives up; 0 leaves it to
///     [#mostErrors] and to its own patience
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
        long timeoutMillis,
        int maxErrors) {

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

        /// How many clients it takes.
        ///
        /// @return a range with the engine's name
        public Range clients() {
            return Range.of("--child-num with --engine " + this, 1, mostClients);
        }

        /// The engine's name on the command line.
        ///
        /// @return in lower case
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /// `--port`.
    public static final Range PORT = Range.of("--port", 1, 65_535);

    /// `--child-num`, for the engine that takes the most.
    public static final Range CLIENTS = Range.of("--child-num", 1, Engine.EPOLL.mostClients);

    /// `--con-num`. Of the most clients all together that are 10^14.
    public static final Range REQUESTS = Range.of("--con-num", 1, 1_000_000_000);

    /// `--duration`.
    public static final Range DURATION = Range.seconds("--duration", 1, Range.DAY_MILLIS);

    /// `--warmup`.
    public static final Range WARMUP = Range.seconds("--warmup", 0, Range.DAY_MILLIS);

    /// `--bytes`.
    public static final Range BYTES = Range.of(
            "--bytes", 0, Bytes.Options.MAX_ANSWER.most());

    /// `--source-addresses`.
    public static final Range SOURCE_ADDRESSES = Range.of("--source-addresses", 1, 1_024);

    /// `--timeout`.
    public static final Range TIMEOUT = Range.seconds("--timeout", 1, 3_600_000);

    /// `--max-errors`.
    public static final Range MAX_ERRORS = Range.of("--max-errors", 1, 1_000_000_000);

    /// The limit on errors where none is given: what is wrong is known by then.
    public static final int USUAL_ERRORS = 100;

    /// The original's: 5 clients make 500 requests of 3,000 bytes each, a connection for
    /// each.
    public static final Load DEFAULT = new Load(
            "127.0.0.1", 2000, Engine.THREADS, 5, false, 500, 0, 0, 3000, false, false, 0, 30_000,
            0);

    /// How many connections one source address is sure to have room for. Linux gives out
    /// 28,232 ports, and a connection that the client closes keeps its own for 60 s of
    /// TIME_WAIT: that is 470 connections a second for one address. On loopback
    /// tcp_tw_reuse=2 frees a port after 1 s already, but the search for a free one grows
    /// long.
    private static final int ROOM_OF_AN_ADDRESS = 20_000;

    private static final int SPREAD_ADDRESSES = 64;

    /// Rejects what cannot be done, with the value, the limit and the remedy.
    public Load {
        if (host.isBlank()) {
            throw new IllegalArgumentException("--host is empty: give a name or an address");
        }
        PORT.check(port);
        engine.clients().check(clients);
        checkGiven(REQUESTS, requestsPerClient);
        checkGiven(DURATION, durationMillis);
        checkGiven(WARMUP, warmupMillis);
        BYTES.check(bytesPerRequest);
        checkGiven(SOURCE_ADDRESSES, sourceAddresses);
        TIMEOUT.check(timeoutMillis);
        checkGiven(MAX_ERRORS, maxErrors);
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

    /// The default, asked of another server.
    ///
    /// @param host `--host`
    /// @param port `--port`
    /// @return the load, to be changed by the methods below
    public static Load to(String host, int port) {
        return DEFAULT.at(host, port);
    }

    private Load at(String host, int port) {
        return new Load(host, port, engine, clients, keepAlive, requestsPerClient, durationMillis,
                warmupMillis, bytesPerRequest, lineEnd, verify, sourceAddresses, timeoutMillis,
                maxErrors);
    }

    /// The same, bounded by a number of requests.
    ///
    /// @param perClient how many requests each client makes
    /// @return the changed load
    public Load requests(int perClient) {
        return new Load(host, port, engine, clients, keepAlive, perClient, 0, 0, bytesPerRequest,
                lineEnd, verify, sourceAddresses, timeoutMillis, maxErrors);
    }

    /// The same, bounded by time.
    ///
    /// @param millis how long is measured
    /// @return the changed load
    public Load duration(long millis) {
        return new Load(host, port, engine, clients, keepAlive, 0, millis, warmupMillis,
                bytesPerRequest, lineEnd, verify, sourceAddresses, timeoutMillis, maxErrors);
    }

    /// The same with a warm-up; it needs a bound by time.
    ///
    /// @param millis how long the same load runs before, uncounted
    /// @return the changed load
    public Load warmup(long millis) {
        return new Load(host, port, engine, clients, keepAlive, requestsPerClient, durationMillis,
                millis, bytesPerRequest, lineEnd, verify, sourceAddresses, timeoutMillis,
                maxErrors);
    }

    /// The same with another choice.
    ///
    /// @param engine what drives the connections
    /// @return the changed load
    public Load engine(Engine engine) {
        return new Load(host, port, engine, clients, keepAlive, requestsPerClient, durationMillis,
                warmupMillis, bytesPerRequest, lineEnd, verify, sourceAddresses, timeoutMillis,
                maxErrors);
    }

    /// The same with another choice.
    ///
    /// @param clients how many clients ask at the same time
    /// @return the changed load
    public Load clients(int clients) {
        return new Load(host, port, engine, clients, keepAlive, requestsPerClient, durationMillis,
                warmupMillis, bytesPerRequest, lineEnd, verify, sourceAddresses, timeoutMillis,
                maxErrors);
    }

    /// The same with another choice.
    ///
    /// @param keepAlive whether a client makes all its requests on one connection
    /// @return the changed load
    public Load keepAlive(boolean keepAlive) {
        return new Load(host, port, engine, clients, keepAlive, requestsPerClient, durationMillis,
                warmupMillis, bytesPerRequest, lineEnd, verify, sourceAddresses, timeoutMillis,
                maxErrors);
    }

    /// The same with another choice.
    ///
    /// @param count the count that is asked for
    /// @return the changed load
    public Load bytes(long count) {
        return new Load(host, port, engine, clients, keepAlive, requestsPerClient, durationMillis,
                warmupMillis, count, lineEnd, verify, sourceAddresses, timeoutMillis, maxErrors);
    }

    /// The same with another choice.
    ///
    /// @param lineEnd whether a line end follows the count
    /// @return the changed load
    public Load lineEnd(boolean lineEnd) {
        return new Load(host, port, engine, clients, keepAlive, requestsPerClient, durationMillis,
                warmupMillis, bytesPerRequest, lineEnd, verify, sourceAddresses, timeoutMillis,
                maxErrors);
    }

    /// The same with another choice.
    ///
    /// @param verify whether each byte is compared
    /// @return the changed load
    public Load verify(boolean verify) {
        return new Load(host, port, engine, clients, keepAlive, requestsPerClient, durationMillis,
                warmupMillis, bytesPerRequest, lineEnd, verify, sourceAddresses, timeoutMillis,
                maxErrors);
    }

    /// The same with another choice.
    ///
    /// @param sourceAddresses over how many addresses connections are spread, or 0 for the usual
    /// @return the changed load
    public Load sourceAddresses(int sourceAddresses) {
        return new Load(host, port, engine, clients, keepAlive, requestsPerClient, durationMillis,
                warmupMillis, bytesPerRequest, lineEnd, verify, sourceAddresses, timeoutMillis,
                maxErrors);
    }

    /// The same with another choice.
    ///
    /// @param millis how long an answer may take, in milliseconds
    /// @return the changed load
    public Load timeout(long millis) {
        return new Load(host, port, engine, clients, keepAlive, requestsPerClient, durationMillis,
                warmupMillis, bytesPerRequest, lineEnd, verify, sourceAddresses, millis, maxErrors);
    }

    /// The same with another choice.
    ///
    /// @param maxErrors after how many errors the client gives up, or 0 for the usual
    /// @return the changed load
    public Load maxErrors(int maxErrors) {
        return new Load(host, port, engine, clients, keepAlive, requestsPerClient, durationMillis,
                warmupMillis, bytesPerRequest, lineEnd, verify, sourceAddresses, timeoutMillis,
                maxErrors);
    }

    /// After how many errors the client gives up.
    ///
    /// @return what was asked for; otherwise [#USUAL_ERRORS], or one for each client where
    ///     that is more
    public int mostErrors() {
        return maxErrors > 0 ? maxErrors : Math.max(USUAL_ERRORS, clients);
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

    private static void checkGiven(Range range, long value) {
        if (value != 0) { // it is not, then
            range.check(value);
        }
    }
}
