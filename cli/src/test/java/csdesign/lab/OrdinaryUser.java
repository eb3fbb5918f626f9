// SPDX-License-Identifier: MIT
package csdesign.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;

/// A user who may do nothing that others may not, with no capability left. It takes root and setpriv(1) to be one.
final class OrdinaryUser {
    private static final List<String> SETPRIV = List.of(
            "setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", "--bounding-set=-all",
            "--inh-caps=-all");

    private static final boolean IS_THERE = isRunning("java", "-version");
    private static final String JAR = IS_THERE ? readable(System.getProperty("csdesign.jar")) : "";

    private OrdinaryUser() {}

    /// Whether the tests can be one.
    static boolean isThere() {
        return IS_THERE;
    }

    /// Words that stand before a command.
    static List<String> command() {
        return SETPRIV;
    }

    /// The jar where that user can read it: the checkout may be root's alone.
    static String jar() {
        return JAR;
    }

    /// Whether that user can run this JDK.
    private static boolean isRunning(String program, String argument) {
        List<String> words = new ArrayList<>(SETPRIV);
        words.add(Path.of(System.getProperty("java.home"), "bin", program).toString());
        words.add(argument);
        try {
            return new ProcessBuilder(words)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start()
                    .waitFor() == 0;
        } catch (IOException absent) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private static String readable(String jar) {
        try {
            Path folder = Files.createTempDirectory("csdesign-ordinary-user");
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
            Path copy = Files.copy(Path.of(jar), folder.resolve("csdesign.jar"));
            Files.setPosixFilePermissions(copy, PosixFilePermissions.fromString("rw-r--r--"));
            folder.toFile().deleteOnExit();
            copy.toFile().deleteOnExit(); // it is deleted before the folder
            return copy.toString();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
