// SPDX-License-Identifier: MIT
package csdesign.cost;

import csdesign.kit.Server;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.function.Supplier;

/// Lets the program that started a server ask it for its costs, and ends the server with
/// it.
///
/// On its standard input the server reads the line `cost`, and answers it with one line
/// of JSON. The end of the input stops the server. A pipe ends when the process at its
/// other end does, even by `kill -9`, so no server is left behind.
public final class Control {
    private Control() {}

    /// Listens from now on, on a daemon thread.
    ///
    /// @param in the commands
    /// @param out the answers
    /// @param server asked and stopped
    public static void start(InputStream in, PrintStream out, Server server) {
        Thread.ofPlatform().daemon().name("control").start(() -> {
            try (BufferedReader lines = new BufferedReader(
                    new InputStreamReader(in, StandardCharsets.UTF_8))) {
                for (String line; (line = lines.readLine()) != null;) {
                    out.println(answer(line, () -> Costs.soFar(server.scoreboard())));
                }
            } catch (IOException e) {
                // as at the end
            }
            server.stop().request();
        });
    }

    /// The answer to a command.
    ///
    /// @param command a line, without its end
    /// @param costs asked for them
    /// @return a line of JSON, without its end
    public static String answer(String command, Supplier<Costs> costs) {
        return command.equals("cost")
                ? costs.get().json()
                : "{\"error\":\"unknown command, expected: cost\"}";
    }
}
