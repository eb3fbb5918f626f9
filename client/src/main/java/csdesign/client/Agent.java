// SPDX-License-Identifier: MIT
package csdesign.client;

import csdesign.kit.Nullable;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// The client as a process that a bench keeps and drives by lines of JSON, so that every
/// measurement finds its code compiled.
///
/// ```text
///   bench                                            agent
///   {"port":4711,"engine":"epoll",...}  ---------->  warms up; connections that are kept stay open
///                                       <----------  {"event":"warm"}
///   go                                  ---------->  measures
///                                       <----------  {"event":"result","result":{...}}
///   what it cannot do                   ---------->
///                                       <----------  {"event":"error","message":"..."}
///   end of input                        ---------->  ends at once, also in the middle
/// ```
///
/// Between `warm` and `go` the client makes no request and awaits no answer, except
/// answers that a server has owed for a second. So the bench can read the server's cost
/// there. The JSON of a load has the members of [Load]; a member that is not given has
/// the value of [Load#DEFAULT].
public final class Agent {
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
            // Nor would 1.9 connections, or "5" of them: a number is a whole JSON number.
            .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
            // With a misspelt member the client would run another load than the one asked for.
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    /// The lines that came; empty at the end of the input.
    private final BlockingQueue<Optional<String>> lines = new LinkedBlockingQueue<>();
    private final PrintStream out;
    private volatile boolean ended;
    private volatile @Nullable Progress running;

    private Agent(PrintStream out) {
        this.out = out;
    }

    /// Runs one load after the other until the end of the input.
    ///
    /// @param in the loads
    /// @param out the answers, each flushed
    public static void serve(InputStream in, PrintStream out) {
        Agent agent = new Agent(out);
        // A thread of its own, which notices the end of the input while a load runs.
        Thread.ofPlatform().daemon().name("agent-input").start(() -> agent.read(in));
        try {
            agent.loop();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void read(InputStream in) {
        try (BufferedReader reader = new BufferedReader(
                new InputStreamReader(in, StandardCharsets.UTF_8))) {
            for (String line; (line = reader.readLine()) != null;) {
                lines.add(Optional.of(line.strip()));
            }
        } catch (IOException e) {
            // as at the end
        }
        ended = true;
        Progress progress = running;
        if (progress != null) {
            progress.stop();
        }
        lines.add(Optional.empty());
    }

    private void loop() throws InterruptedException {
        Optional<String> line = lines.take();
        while (line.isPresent()) {
            if (!line.get().isEmpty()) {
                run(line.get());
            }
            line = lines.take();
        }
    }

    private void run(String line) {
        try {
            Load load = parse(line);
            Progress progress = new Progress(this::pass);
            running = progress;
            if (ended) {
                progress.stop(); // the end may have come before it could be told
            }
            Result result = Client.run(load, progress);
            if (!progress.isStopped()) {
                say("result", "result", result);
            }
        } catch (IOException | IllegalArgumentException e) {
            say("error", "message", String.valueOf(e.getMessage()));
        } finally {
            running = null;
        }
    }

    /// Says that it is warm, and waits for `go`.
    private void pass() throws InterruptedException {
        say("warm", null, "");
        Optional<String> line = lines.take();
        if (line.isEmpty()) {
            lines.add(line); // for the loop, which ends with it
            throw new InterruptedException("the input ended");
        }
        if (!line.get().equals("go")) {
            say("error", "message", "expected the line go, got: " + line.get());
            throw new InterruptedException("no go");
        }
    }

    private void say(String event, @Nullable String name, Object value) {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("event", event);
        if (name != null) {
            members.put(name, value);
        }
        out.println(JSON.writeValueAsString(members));
        out.flush();
    }

    /// Reads a load.
    ///
    /// @param line a JSON object
    /// @return the load
    /// @throws IllegalArgumentException when it is none, or cannot be done
    static Load parse(String line) {
        try {
            ObjectNode all = JSON.valueToTree(Load.DEFAULT);
            if (!(JSON.readTree(line) instanceof ObjectNode given)) {
                throw new IllegalArgumentException("a load is a JSON object, not: " + line);
            }
            if (given.path("durationMillis").asLong(0) > 0 && !given.has("requestsPerClient")) {
                all.put("requestsPerClient", 0); // the time is the bound
            }
            all.setAll(given);
            return JSON.treeToValue(all, Load.class);
        } catch (JacksonException e) {
            // What the load itself refuses comes wrapped.
            throw new IllegalArgumentException(
                    e.getCause() instanceof IllegalArgumentException refused
                            ? refused.getMessage()
                            : "not a load: " + e.getOriginalMessage(),
                    e);
        }
    }
}
