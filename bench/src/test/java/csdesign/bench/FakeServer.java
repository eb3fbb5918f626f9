// SPDX-License-Identifier: MIT
package csdesign.bench;

import csdesign.client.Agent;
import csdesign.service.Bytes;
import java.io.BufferedReader;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;

/// A server process that is controlled as `csdesign serve --control` is, and that can be wrong in
/// the ways that a bench must notice; and the client's process, and one that does not end.
public final class FakeServer {
    /// How a process behaves.
    enum Way {
        RIGHT,
        WRONG_BYTE,
        COUNTS_DOUBLE,
        DIES_AT_START,
        DIES_UNDER_LOAD,
        AGENT,
        AGENT_THAT_DIES,
        AGENT_THAT_DIES_LATER,
        STAYS
    }

    private static final AtomicLong REQUESTS = new AtomicLong();

    private FakeServer() {}

    /// How to start it.
    static List<String> command(Way way) {
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                FakeServer.class.getName(),
                way.name());
    }

    /// As a target to measure.
    static Target target(Way way) {
        String name = way.name().toLowerCase(Locale.ROOT);
        return new Target(
                name, Target.Kind.DESIGN, 1, Target.ANY, 1, name,
                Target.program(name, Target.Kind.DESIGN, 0, command(way)));
    }

    /// Behaves.
    ///
    /// @param arguments the way
    /// @throws IOException when it cannot listen
    /// @throws InterruptedException never
    public static void main(String... arguments) throws IOException, InterruptedException {
        Way way = Way.valueOf(arguments[0]);
        switch (way) {
            case AGENT -> Agent.serve(System.in, System.out);
            case AGENT_THAT_DIES -> System.exit(7);
            case AGENT_THAT_DIES_LATER -> Agent.serve(new FailingAtLoad(6), System.out);
            case STAYS -> Thread.sleep(Long.MAX_VALUE);
            case DIES_AT_START -> {
                System.err.println("no door to open");
                System.exit(3);
            }
            case RIGHT, WRONG_BYTE, COUNTS_DOUBLE, DIES_UNDER_LOAD -> serve(way);
        }
    }

    /// Standard input, which ends the program when a load comes that is one too many. A load is
    /// a line that is no `go`.
    private static final class FailingAtLoad extends FilterInputStream {
        private int left;
        private boolean begins = true;

        FailingAtLoad(int load) {
            super(System.in);
            left = load;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            int n = super.read(bytes, offset, length);
            for (int i = offset; i < offset + n; i++) {
                if (begins && bytes[i] == '{' && --left == 0) {
                    System.exit(7);
                }
                begins = bytes[i] == '\n';
            }
            return n;
        }
    }

    private static void serve(Way way) throws IOException {
        ServerSocket listener = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
        System.out.printf(
                "listening on 127.0.0.1:%d (fake, pid %d)%n",
                listener.getLocalPort(),
                ProcessHandle.current().pid());
        Thread.ofPlatform().daemon().start(() -> {
            try (listener) {
                while (true) {
                    Socket client = listener.accept();
                    Thread.ofPlatform().daemon().start(() -> answer(client, way));
                }
            } catch (IOException e) {
                System.err.println("cannot accept: " + e);
            }
        });
        try (BufferedReader control = new BufferedReader(
                new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            while (control.readLine() != null) {
                System.out.printf(
                        "{\"connections\":1,\"requests\":%d,\"bytes\":0,\"userMicros\":%d,"
                                + "\"systemMicros\":%d,\"voluntarySwitches\":1,"
                                + "\"involuntarySwitches\":0,\"peakRssKib\":1,\"allocatedBytes\":-1}%n",
                        REQUESTS.get() * (way == Way.COUNTS_DOUBLE ? 2 : 1),
                        REQUESTS.get() * 10,
                        REQUESTS.get() * 20);
            }
        }
    }

    private static void answer(Socket client, Way way) {
        byte[] request = new byte[32];
        try (client) {
            for (int n; (n = client.getInputStream().read(request)) > 0;) {
                byte[] answer = new byte[Integer
                        .parseInt(new String(request, 0, n, StandardCharsets.US_ASCII))];
                Bytes.payload().get(answer);
                if (way == Way.WRONG_BYTE) {
                    answer[answer.length / 2] ^= 1;
                }
                if (REQUESTS.incrementAndGet() > 20 && way == Way.DIES_UNDER_LOAD) {
                    System.err.println("too much for me");
                    Runtime.getRuntime().halt(4);
                }
                client.getOutputStream().write(answer);
            }
        } catch (IOException gone) {
            // the client has closed
        }
    }
}
