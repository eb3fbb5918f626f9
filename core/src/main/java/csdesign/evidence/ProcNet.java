// SPDX-License-Identifier: MIT
package csdesign.evidence;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Function;
import java.util.stream.Stream;

/// The files in which the kernel describes a network. Some containers have none of them.
public final class ProcNet {
    private ProcNet() {}

    /// Reads a setting that is a number.
    ///
    /// @param file below /proc/sys
    /// @return the number
    /// @throws NotHereException when the file is not there, or not for this user
    public static long number(Path file) throws NotHereException {
        return lines(file, lines -> Long.parseLong(lines.findFirst().orElseThrow().strip()));
    }

    /// Reads one, line by line: a file may have 20 MB, of which one line is wanted.
    ///
    /// @param file below /proc
    /// @param reader of the lines
    /// @return what the reader found
    /// @throws NotHereException when the file is not there, or not for this user
    static <T> T lines(Path file, Function<Stream<String>, T> reader) throws NotHereException {
        try (Stream<String> lines = Files.lines(file, StandardCharsets.ISO_8859_1)) {
            return reader.apply(lines);
        } catch (IOException | UncheckedIOException e) {
            throw new NotHereException(file + " cannot be read here (" + e.getClass()
                    .getSimpleName() + "), and it alone tells of this");
        }
    }
}
