// SPDX-License-Identifier: MIT
package csdesign.harness;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// Clients that are connected in this order.
public final class Crowd implements AutoCloseable {
    private final List<Client> clients = new ArrayList<>();

    public Crowd(ServerProcess server, int count) throws IOException {
        join(server, count);
    }

    /// So many more connect.
    public void join(ServerProcess server, int count) throws IOException {
        for (int i = 0; i < count; i++) {
            clients.add(Client.of(server));
        }
    }

    public List<Client> clients() {
        return clients;
    }

    public Client first() {
        return clients.getFirst();
    }

    /// Each of them sends these characters.
    public void send(String text) throws IOException {
        for (Client client : clients) {
            client.send(text);
        }
    }

    /// Each gets its answer, and then the end of the stream.
    public void expectAnswersAndEnds(int count) throws IOException {
        for (Client client : clients) {
            client.expectAnswer(count).expectEnd();
            client.leave(); // makes room where there is room for one only
        }
    }

    @Override
    public void close() throws IOException {
        for (Client client : clients) {
            client.leave();
        }
    }
}
