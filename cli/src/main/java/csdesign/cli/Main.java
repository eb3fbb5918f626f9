// SPDX-License-Identifier: MIT
package csdesign.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.Objects;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/// The command `csdesign`.
@Command(name = "csdesign", description = "The laboratory of concurrent server design on the JVM.", synopsisSubcommandLabel = "COMMAND", subcommands = {
        DesignsCommand.class,
        ServeCommand.class,
        ClientCommand.class,
        BenchCommand.class,
        LabCommand.class,
        RehearseCommand.class
}, footer = {
        "",
        "Begin with:",
        "  csdesign bench --quick        measure the designs side by side",
        "  csdesign designs              what there is",
        "  csdesign serve epoll          one of them, on 127.0.0.1:2000",
        "  csdesign lab                  experiments on the traps around them%n"
})
@SuppressWarnings("UnusedVariable") // picocli reads the options
public final class Main implements Runnable {
    @Option(names = {"-h",
            "--help"}, usageHelp = true, scope = ScopeType.INHERIT, description = "Say what can be said here, and end.")
    private boolean help;

    @Option(names = "--debug", scope = ScopeType.INHERIT, description = "With an error, print where in the program it arose.")
    private boolean debug;

    @Spec
    private CommandSpec spec;

    /// Runs a command and ends with its exit code.
    ///
    /// @param arguments the command line
    public static void main(String... arguments) {
        System.exit(run(arguments));
    }

    /// Runs a command.
    ///
    /// @param arguments the command line
    /// @return its exit code
    static int run(String... arguments) {
        return command(arguments).execute(arguments);
    }

    /// The whole command line.
    ///
    /// @param arguments that it will be given: with `--debug` errors are traced
    /// @return ready to execute them
    static CommandLine command(String... arguments) {
        boolean debug = Arrays.asList(arguments).contains("--debug");
        CommandLine command = new CommandLine(new Main());
        BenchCommand.describe(
                Objects.requireNonNull(command.getSubcommands().get("bench")).getCommandSpec());
        if (Arrays.asList(arguments).contains("lab")) { // a server need not load them to start
            LabCommand.describe(Objects.requireNonNull(command.getSubcommands().get("lab")));
        }
        command.setCaseInsensitiveEnumValuesAllowed(true);
        command.setAbbreviatedOptionsAllowed(false);
        command.setUsageHelpAutoWidth(true);
        command.setParameterExceptionHandler(Main::badUsage);
        command.setExecutionExceptionHandler(
                (exception, line, _) -> {
                    if (debug || !isExpected(exception)) {
                        exception.printStackTrace(line.getErr());
                    } else {
                        line.getErr().println("csdesign: " + exception.getMessage());
                    }
                    return 1;
                });
        return command;
    }

    /// What can go wrong without a defect of ours: it needs a sentence, and no stack trace.
    private static boolean isExpected(Exception exception) {
        return exception instanceof IOException
                || exception instanceof UnsupportedOperationException;
    }

    private static int badUsage(ParameterException exception, String... arguments) {
        PrintWriter err = exception.getCommandLine().getErr();
        String command = exception.getCommandLine().getCommandSpec().qualifiedName();
        err.println("csdesign: " + exception.getMessage());
        CommandLine.UnmatchedArgumentException.printSuggestions(exception, err);
        err.println("try: " + command + " --help");
        return 2;
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which command? One of those below");
    }
}
