// SPDX-License-Identifier: MIT
package csdesign.client;

import csdesign.client.Load.Engine;

/// A [Load] with one thing changed at a time, so that a test names what it is about.
record Wish(Load load) {
    static Wish to(TestServer server) {
        return to(server.port());
    }

    static Wish to(int port) {
        return new Wish(
                new Load(
                        "127.0.0.1", port, Engine.THREADS, 1, false, 1, 0, 0, 3000, false, false,
                        0, 30_000));
    }

    Wish engine(Engine engine) {
        return with(
                engine, load.clients(), load.keepAlive(), load.bytesPerRequest(), load.lineEnd(),
                load.verify(), load.sourceAddresses(), load.timeoutMillis());
    }

    Wish clients(int clients) {
        return with(
                load.engine(), clients, load.keepAlive(), load.bytesPerRequest(), load.lineEnd(),
                load.verify(), load.sourceAddresses(), load.timeoutMillis());
    }

    Wish keepAlive(boolean keepAlive) {
        return with(
                load.engine(), load.clients(), keepAlive, load.bytesPerRequest(), load.lineEnd(),
                load.verify(), load.sourceAddresses(), load.timeoutMillis());
    }

    Wish bytes(long bytes) {
        return with(
                load.engine(), load.clients(), load.keepAlive(), bytes, load.lineEnd(),
                load.verify(), load.sourceAddresses(), load.timeoutMillis());
    }

    Wish lineEnd() {
        return with(
                load.engine(), load.clients(), load.keepAlive(), load.bytesPerRequest(), true,
                load.verify(), load.sourceAddresses(), load.timeoutMillis());
    }

    Wish verify() {
        return with(
                load.engine(), load.clients(), load.keepAlive(), load.bytesPerRequest(),
                load.lineEnd(), true, load.sourceAddresses(), load.timeoutMillis());
    }

    Wish sourceAddresses(int sourceAddresses) {
        return with(
                load.engine(), load.clients(), load.keepAlive(), load.bytesPerRequest(),
                load.lineEnd(), load.verify(), sourceAddresses, load.timeoutMillis());
    }

    Wish timeout(long timeoutMillis) {
        return with(
                load.engine(), load.clients(), load.keepAlive(), load.bytesPerRequest(),
                load.lineEnd(), load.verify(), load.sourceAddresses(), timeoutMillis);
    }

    Wish maxErrors(int maxErrors) {
        return new Wish(
                new Load(
                        load.host(), load.port(), load.engine(), load.clients(), load.keepAlive(),
                        load.requestsPerClient(), load.durationMillis(), load.warmupMillis(),
                        load.bytesPerRequest(), load.lineEnd(), load.verify(),
                        load.sourceAddresses(), load.timeoutMillis(), maxErrors));
    }

    Wish requests(int requestsPerClient) {
        return bound(requestsPerClient, 0, 0);
    }

    Wish duration(long millis) {
        return bound(0, millis, load.warmupMillis());
    }

    Wish warmup(long millis) {
        return bound(0, Math.max(1, load.durationMillis()), millis);
    }

    private Wish bound(int requestsPerClient, long durationMillis, long warmupMillis) {
        return new Wish(
                new Load(
                        load.host(), load.port(), load.engine(), load.clients(), load.keepAlive(),
                        requestsPerClient, durationMillis, warmupMillis, load.bytesPerRequest(),
                        load.lineEnd(), load.verify(), load.sourceAddresses(),
                        load.timeoutMillis(), load.maxErrors()));
    }

    private Wish with(
            Engine engine, int clients, boolean keepAlive, long bytes, boolean lineEnd,
            boolean verify, int sourceAddresses, long timeoutMillis) {
        return new Wish(
                new Load(
                        load.host(), load.port(), engine, clients, keepAlive,
                        load.requestsPerClient(), load.durationMillis(), load.warmupMillis(),
                        bytes, lineEnd, verify, sourceAddresses, timeoutMillis, load.maxErrors()));
    }
}
