// SPDX-License-Identifier: MIT
package csdesign.cli;

/// What `java -jar csdesign.jar` runs: [Main], where the JVM can. It is compiled for Java 11, so that an older JVM says
/// what it needs, and not which version of a class file it does not know.
public final class Start {
    private static final int LEAST = 25;

    private Start() {}

    /// Runs the command.
    ///
    /// @param arguments the command line
    public static void main(String[] arguments) {
        int version = Runtime.version().feature();
        if (version < LEAST) {
            System.err.println(
                    "csdesign: needs Java " + LEAST + " or newer, and this is Java " + version + " in "
                            + System.getProperty("java.home")
                            + "; ./csdesign finds a newer one, if it is installed.");
            System.exit(1);
        }
        Main.main(arguments);
    }
}
