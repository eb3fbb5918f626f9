// SPDX-License-Identifier: MIT
package csdesign.client;

/// The least that can be asked for, so that a test names what it is about and nothing else.
final class Wish {
    private Wish() {}

    static Load to(TestServer server) {
        return to(server.port());
    }

    /// One request.
    static Load to(int port) {
        return Load.to("127.0.0.1", port).clients(1).requests(1);
    }
}
