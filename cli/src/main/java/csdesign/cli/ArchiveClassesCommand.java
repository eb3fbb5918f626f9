// SPDX-License-Identifier: MIT
package csdesign.cli;

import csdesign.cost.Console;
import csdesign.design.Catalog;
import csdesign.design.Design;
import csdesign.kit.Server;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import picocli.CommandLine.Command;

/// `csdesign archive-classes`: does a little of everything, so that the launcher can record which
/// classes are needed. Servers, their workers and the client start faster with an archive of these.
@Command(name = "archive-classes", hidden = true, description = "Load what servers, workers and clients need.")
final class ArchiveClassesCommand implements Runnable {
    /// One for each way of waiting; prethreaded-accept does what a worker process does, in here.
    private static final List<String> DESIGNS = List.of(
            "epoll", "thread-per-client", "prethreaded-accept", "prefork-accept");

    @Override
    public void run() {
        Main.run("--help");
        Main.run("serve", "--help");
        for (String slug : DESIGNS) {
            Design design = Catalog.find(slug).orElseThrow();
            if (design.needs().areMetHere()) {
                try {
                    serveAFew(design);
                } catch (IOException e) {
                    // It starts slower then, and says why when it is really meant to serve.
                }
            }
        }
    }

    private static void serveAFew(Design design) throws IOException {
        CompletableFuture<Integer> port = new CompletableFuture<>();
        Server server = Server.local(design.slug(), 0)
                .withWorkers(1)
                .withScoreboard(design.scoreboard(1))
                .withOut(new PrintStream(
                        OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8))
                .withListener(port::complete);
        Thread client = Thread.ofPlatform().start(() -> {
            if (port.handle((_, failed) -> failed == null).join()) {
                Main.run("client", "-p", port.join().toString(), "-c", "1", "-t", "2");
            }
            server.stop().request();
        });
        try {
            server.stop().onSignals();
            design.serve().serve(server);
            Console.report(server);
        } finally {
            port.cancel(false); // if it never listened
            client.interrupt();
        }
    }
}
