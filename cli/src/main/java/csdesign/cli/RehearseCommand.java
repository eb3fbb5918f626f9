// SPDX-License-Identifier: MIT
package csdesign.cli;

import csdesign.cost.Console;
import csdesign.design.Catalog;
import csdesign.kit.Server;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;

/// `csdesign rehearse`: does a little of everything, so that the launcher can record which classes
/// are needed. Servers, their workers and the client start faster with an archive of these.
@Command(name = "rehearse", hidden = true, description = "Load what servers, workers and clients need.")
final class RehearseCommand implements Runnable {
    /// One for each way of waiting; prethreaded-accept does what a worker process does, in here.
    private static final List<String> DESIGNS = List.of(
            "epoll", "thread-per-client", "prethreaded-accept", "prefork-accept");

    private static final Pattern LISTENING = Pattern.compile("listening on .*:(\\d+) \\(");

    @Override
    public void run() {
        Main.run("--help");
        Main.run("serve", "--help");
        for (String slug : DESIGNS) {
            Catalog.find(slug).filter(entry -> entry.needs().areMetHere()).ifPresent(entry -> {
                try {
                    rehearse(entry);
                } catch (IOException e) {
                    // It starts slower then, and says why when it is really meant to serve.
                }
            });
        }
    }

    private static void rehearse(Catalog.Entry entry) throws IOException {
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        CompletableFuture<Integer> port = new CompletableFuture<>();
        Server like = Server.local(entry.slug(), 0, entry.scoreboard(1));
        Server server = new Server(
                like.slug(),
                like.address(),
                1,
                false,
                false,
                like.limits(),
                like.service(),
                like.scoreboard(),
                like.stop(),
                new PrintStream(said, true, StandardCharsets.UTF_8) {
                    @Override
                    public void flush() {
                        super.flush();
                        Matcher line = LISTENING.matcher(said.toString(StandardCharsets.UTF_8));
                        if (line.find()) {
                            port.complete(Integer.valueOf(line.group(1)));
                        }
                    }
                });
        Thread client = Thread.ofPlatform().start(() -> {
            if (port.handle((_, failed) -> failed == null).join()) {
                Main.run("client", "-p", port.join().toString(), "-c", "1", "-t", "2");
            }
            server.stop().request();
        });
        try {
            server.stop().onSignals();
            entry.design().serve(server);
            Console.report(server);
        } finally {
            port.cancel(false); // if it never listened
            client.interrupt();
        }
    }
}
