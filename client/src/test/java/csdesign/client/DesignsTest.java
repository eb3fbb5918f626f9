// SPDX-License-Identifier: MIT
package csdesign.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import csdesign.client.Load.Engine;
import csdesign.design.Catalog;
import csdesign.design.Design;
import csdesign.kit.Server;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// The client against the designs, in this process: both must have counted the same. Those that
/// are processes are put to the contracts instead: one of them would turn this JVM into its own.
@Timeout(60)
class DesignsTest {
    static Stream<Arguments> enginesAndDesigns() {
        return Catalog.ENTRIES.stream()
                .filter(entry -> !entry.servedBy().areProcesses())
                .flatMap(
                        entry -> Stream.of(Engine.values())
                                .map(engine -> Arguments.of(engine, entry.slug())));
    }

    @ParameterizedTest
    @MethodSource("enginesAndDesigns")
    void shouldMakeExactlyTheConnectionsThatWereAskedFor(Engine engine, String slug)
            throws Exception {
        try (Serving serving = new Serving(slug)) {
            Result result = Client.run(
                    Wish.to(serving.port).engine(engine).clients(15).requests(100).bytes(4096)
                            .verify(true),
                    new Progress());
            assertThat(result.allRight()).as(result.text()).isTrue();
            assertThat(result.connections()).isEqualTo(1500);
            assertThat(result.requests()).isEqualTo(1500);
            assertThat(result.bytes()).isEqualTo(1500 * 4096);
            serving.stop();
            assertThat(serving.server.scoreboard().accepted()).isEqualTo(1500);
            assertThat(serving.server.scoreboard().requests()).isEqualTo(1500);
            assertThat(serving.server.scoreboard().bytes()).isEqualTo(1500 * 4096);
        }
    }

    @ParameterizedTest
    @MethodSource("enginesAndDesigns")
    void shouldKeepItsConnections(Engine engine, String slug) throws Exception {
        try (Serving serving = new Serving(slug)) {
            Result result = Client.run(
                    Wish.to(serving.port).engine(engine).keepAlive(true).clients(15).requests(100)
                            .bytes(64).verify(true),
                    new Progress());
            assertThat(result.allRight()).as(result.text()).isTrue();
            assertThat(result.reconnects()).isZero();
            serving.stop();
            assertThat(serving.server.scoreboard().accepted()).isEqualTo(15);
            assertThat(serving.server.scoreboard().requests()).isEqualTo(1500);
        }
    }

    /// A load generator that collects garbage measures its own pauses.
    @Test
    void shouldNotAllocateForARequestThatIsAnswered() throws Exception {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (Serving serving = new Serving("epoll")) {
            Load wish = Wish.to(serving.port).engine(Engine.EPOLL).keepAlive(true).clients(16)
                    .bytes(64).verify(true);
            Client.run(wish.requests(2_000), new Progress()); // compiles the path
            long before = threads.getCurrentThreadAllocatedBytes();
            Client.run(wish.requests(1), new Progress());
            long begin = threads.getCurrentThreadAllocatedBytes();
            Client.run(wish.requests(1_001), new Progress());
            long end = threads.getCurrentThreadAllocatedBytes();
            double bytesPerRequest = ((end - begin) - (begin - before)) / 16_000.0;
            assertThat(bytesPerRequest).isLessThan(8);
        }
    }

    /// A design on a thread of its own.
    private static final class Serving implements AutoCloseable {
        final Server server;
        final int port;
        private final CompletableFuture<Void> ended;

        Serving(String slug) throws Exception {
            CompletableFuture<Integer> listening = new CompletableFuture<>();
            Design entry = Catalog.find(slug).orElseThrow();
            server = Server.local(slug, 0)
                    .withScoreboard(entry.scoreboard(Server.DEFAULT_WORKERS))
                    .withOut(new PrintStream(
                            OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8))
                    .withListener(listening::complete);
            ended = CompletableFuture.runAsync(() -> {
                try {
                    entry.serve().serve(server);
                } catch (IOException e) {
                    listening.completeExceptionally(e);
                }
            }, task -> Thread.ofPlatform().daemon().name("design").start(task));
            port = listening.get(10, TimeUnit.SECONDS);
        }

        /// Ends it, so that all it counted is there.
        void stop() {
            server.stop().request();
            ended.orTimeout(10, TimeUnit.SECONDS).join();
        }

        @Override
        public void close() {
            stop();
        }
    }
}
