// SPDX-License-Identifier: MIT
package csdesign.kit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import csdesign.lab.Sockets;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class OutputTest {
    @Test
    void shouldSayWhyWhatWasPrintedIsLost() throws IOException {
        Path full = Path.of("/dev/full");
        assumeTrue(Files.isWritable(full), "no device that is always full");
        try (Output output = new Output("standard output", 1, Files.newOutputStream(full))) {
            print(output, "lost");
            assertThat(output.lost())
                    .startsWith("standard output could not be written: No space left on device");
        }
    }

    @Test
    void shouldHaveLostNothingWhenAllWasWritten() throws IOException {
        try (Output output = new Output("standard output", 1, OutputStream.nullOutputStream())) {
            print(output, "written");
            assertThat(output.lost()).isEmpty();
        }
    }

    @Test
    void shouldTakeAReaderThatHasGoneForNoLoss() throws IOException {
        try (Sockets sockets = new Sockets()) {
            int[] pipe = sockets.pipe();
            try (OutputStream end = new FileOutputStream("/proc/self/fd/" + pipe[1]);
                    Output output = new Output("standard output", pipe[1], end)) {
                print(output, "read");
                sockets.close(pipe[0]);
                print(output, "not read");
                print(output, "nor this");
                assertThat(output.lost()).isEmpty();
            }
        }
    }

    /// The C library says what went wrong in the user's language.
    @Test
    void shouldKnowThatAReaderHasGoneInAnyLanguage() throws IOException {
        try (Sockets sockets = new Sockets()) {
            int[] pipe = sockets.pipe();
            try (Output output = new Output("standard output", pipe[1], failing("Tubería rota"))) {
                sockets.close(pipe[0]);
                print(output, "not read");
                assertThat(output.lost()).isEmpty();
            }
        }
    }

    @Test
    void shouldNotTakeAnotherErrorOnAPipeForAReaderThatHasGone() throws IOException {
        try (Sockets sockets = new Sockets()) {
            int[] pipe = sockets.pipe();
            try (Output output = new Output("standard output", pipe[1], failing("no room"))) {
                print(output, "lost");
                assertThat(output.lost()).contains("no room");
            }
        }
    }

    private static void print(Output output, String line) {
        // Not closed: the stream below is, with the output.
        new PrintStream(output, true, StandardCharsets.UTF_8).println(line);
    }

    private static OutputStream failing(String why) {
        return new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException(why);
            }
        };
    }
}
