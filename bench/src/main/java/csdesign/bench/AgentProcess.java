// SPDX-License-Identifier: MIT
package csdesign.bench;

import csdesign.client.Load;
import csdesign.client.Result;
import java.io.IOException;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/// The client in its own process, one for the whole bench: its code is compiled once, and is the
/// same for every server. See [csdesign.client.Agent] for what is said.
final class AgentProcess {
    /// How much longer than asked it may take: it waits a second for late answers, and is slow
    /// before it is compiled.
    private static final long MARGIN_MILLIS = 15_000;

    private final BenchProcess process;

    /// A client that was started.
    AgentProcess(BenchProcess process) {
        this.process = process;
    }

    /// The client itself failed: nothing more can be measured.
    static final class LostException extends IOException {
        private static final long serialVersionUID = 1L;

        private LostException(String message) {
            super(message);
        }
    }

    /// Begins a load, and returns when it is warm: no request is on its way then.
    ///
    /// @throws BenchException when the load cannot be carried out
    void warm(Load load) throws InterruptedException, BenchException, LostException {
        say(Json.LINE.writeValueAsString(load));
        event("warm", load.warmupMillis());
    }

    /// Measures what was begun.
    ///
    /// @return what came of it
    /// @throws BenchException when the load cannot be carried out
    Result go(Load load) throws InterruptedException, BenchException, LostException {
        say("go");
        JsonNode said = event("result", load.durationMillis());
        try {
            return Json.MAPPER.treeToValue(said.path("result"), Result.class);
        } catch (JacksonException e) {
            throw new LostException("the client's result cannot be read: " + e.getMessage());
        }
    }

    /// Ends what was begun. Anything but `go` does, and the agent complains.
    void abandon(Load load) throws InterruptedException, LostException {
        say("abandon");
        try {
            event("error", load.warmupMillis());
        } catch (BenchException complaint) {
            // as expected
        }
    }

    private void say(String line) throws InterruptedException, LostException {
        try {
            process.say(line);
        } catch (BenchException e) {
            throw new LostException(String.valueOf(e.getMessage()));
        }
    }

    private JsonNode event(String expected, long nominalMillis)
            throws InterruptedException, BenchException, LostException {
        String line;
        JsonNode said;
        try {
            line = process.line(nominalMillis + MARGIN_MILLIS, "the event " + expected);
            said = Json.MAPPER.readTree(line);
        } catch (BenchException e) {
            throw new LostException(String.valueOf(e.getMessage()));
        } catch (JacksonException e) {
            throw new LostException("the client said what is no JSON: " + e.getMessage());
        }
        String event = said.path("event").asString("");
        if (event.equals("error")) {
            throw new BenchException("the client: " + said.path("message").asString(line));
        }
        if (!event.equals(expected)) {
            throw new LostException("the client should have said " + expected + ": " + line);
        }
        return said;
    }
}
